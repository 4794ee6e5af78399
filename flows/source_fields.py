"""What `qingyuan source add` can be told of a source, and what each means; plain words, since the help needs them."""

DOMAINS = (
    "one of the six scenes (government, medicine, science, finance, autonomous_driving, urban_governance), law, "
    "education, technology, news, literature, sport, cooking, travel, entertainment, mixed or other"
)
CLASSES = "open, self_crawled, self_made, commercial, user_input, public_data or synthetic"

FIELDS = (
    ("class", f"what kind of source it is: {CLASSES}"),
    ("language", "zh, yue, en …"),
    ("domain", DOMAINS),
    ("jurisdiction", "domestic 境内 or foreign 境外"),
    ("origin", "address, data set or organisation"),
    ("collector", "who collected it"),
    ("method", "how, with the tool and its version"),
    ("collected-from", "first day, as 2026-11-01"),
    ("collected-to", "last day"),
    ("robots", "what robots.txt said then: allowed, disallowed or absent; with --paper robots=FILE its bytes"),
    ("licence", "SPDX name, as CC-BY-4.0"),
    ("contract", "its number"),
    ("contract-party", "with whom"),
    ("contract-use", "training or other: whether it lets us train"),
    ("contract-until", "its last day"),
    ("operation", "of public data: open to everyone, or authorised operation"),
    ("registration-code", "of public data in authorised operation"),
    ("authorised-use", "training or other"),
    ("authorised-from", "first day of the authorisation"),
    ("authorised-until", "its last day"),
    ("generator", "of synthetic data: model and version"),
    ("personal", "personal information in it as it comes: none, present or sensitive"),
    ("personal-ground", "consent, contract, legal_duty, emergency, news, made_public or other_law"),
    ("ip-owner", "who answers for intellectual property"),
    ("ip-review", "pending, cleared or infringing"),
    ("ip-reviewed", "day of that review"),
    ("expires", "last day on which the source may be used at all"),
)  # fmt: skip
"""Options of `source add` that are fields of a source; a test holds them against `pipeline.sources.source_file`."""
