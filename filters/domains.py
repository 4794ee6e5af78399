"""The domains that a text may be of: of the filter, and of what people are asked."""

DOMAINS = (
    "government", "medicine", "science", "finance", "autonomous_driving", "urban_governance",
    "law", "education", "technology", "news", "literature", "sport", "cooking", "travel", "entertainment",
)  # fmt: skip
