"""The form of a recipe: which keys there are, their types and defaults."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from pipeline.policy_form import PersonalData, RuleEntry
from pipeline.toml import Strict

Share = Annotated[float, Field(ge=0, le=1)]
PreferenceKey: TypeAlias = Literal["priority", "licence", "quality", "length", "earliest", "latest", "id"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]

_SYNONYMS = {
    "utf8": "utf-8", "utf-8-sig": "utf-8", "utf16": "utf-16", "gbk": "gb18030", "gb2312": "gb18030",
    "cp936": "gb18030", "big5": "big5-hkscs", "big5hkscs": "big5-hkscs", "cp950": "big5-hkscs",
}  # fmt: skip
"""What people call an encoding, and the one of ours that reads every file in it."""


Names = Annotated[tuple[str, ...], Field(strict=False)]
Count = Annotated[int, Field(gt=0)]
Whole = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Points = Annotated[int, Field(ge=0, le=10_000)]
"""Basis points of a part of 1."""
Factor = Annotated[int, Field(ge=10_000, le=30_000)]
"""Basis points by which something is worth more: 1 to 3."""
Multiple = Annotated[int, Field(ge=0, le=30_000)]
"""Basis points: 0 to 3."""


def _our_name(encoding: object) -> object:
    """Return our name of an encoding; anything unknown as it is, to be refused as such."""
    lower = encoding.lower().replace("_", "-") if isinstance(encoding, str) else encoding
    return _SYNONYMS.get(lower, lower) if isinstance(lower, str) else lower


class Head(Strict):
    """`[recipe]`: what the run is called and by which policy it judges."""

    name: Name
    """The run is `WORKSPACE/runs/NAME`."""
    policy: str = "web"
    """A shipped policy by name, or the path of a TOML file (relative to the recipe)."""
    filters: tuple[str, ...] | None = Field(default=None, strict=False)
    """Which filters of the catalogue to measure with; by default all of them, but those on demand (`filters.ON_DEMAND`)
    only if a rule reads what they measure."""
    packs: tuple[str, ...] | None = Field(default=None, strict=False)
    """Packs whose rules come behind the policy's; `safety_default` by default, none for []."""
    review: Literal["keep", "hold"] | None = None
    """What becomes of documents that only want a person's eyes; when not said, what each pack says (keep)."""
    personal_data: Literal["on", "off"] = "on"
    """ "off": the corpus holds personal data as they stand in the documents, whatever the policy says."""


class Source(Strict):
    """`[[sources]]`: where documents come from and how they are read."""

    name: Name
    """Of the source, in every verdict and in the report."""
    path: Annotated[str, Field(min_length=1)]
    """A file, a folder, a glob or an fsspec URL; relative to the recipe."""
    format: Literal["jsonl", "parquet", "csv", "tsv", "text", "paragraphs", "html", "warc"] | None = None
    """jsonl, parquet, csv, tsv, text, paragraphs, html or warc; guessed from each file's name when not said."""
    text: str | None = None
    """Field that holds the text; guessed from the usual names when not said."""
    id: str | None = None
    """Field that holds the id; guessed likewise."""
    url: str | None = None
    """Field that holds the address; guessed likewise."""
    encoding: Annotated[Literal["utf-8", "utf-16", "gb18030", "big5-hkscs"] | None, BeforeValidator(_our_name)] = None
    """Decided for each file or record when not said; gbk and gb2312 are read as gb18030, big5 as big5-hkscs."""
    priority: int = 0
    """Among duplicates the document from the source with the smallest number stays."""
    licence: str | None = None
    """SPDX name of the licence of those of its documents that name none; the more open duplicate stays."""
    date: str | None = None
    """Field that holds a document's date, for `prefer`."""
    max_quarantined_share: Share = 0.05
    """Share of a source's records that may be unreadable before the run ends with 3."""
    max_record_mb: Annotated[float, Field(gt=0, le=64)] = 8
    """Longer records are quarantined unread; megabytes of 10^6 bytes. Measuring takes up to 60 times as much memory."""


class Deduplication(Strict):
    """`[dedup]`: what counts as the same document."""

    exact: bool = True
    """Find documents with the same folded text."""
    near: bool = True
    """Also find documents that only resemble each other; it takes `exact`, since the same text resembles itself."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Least Jaccard similarity of shingles. Said without bands and rows, it lets datasketch's optimiser choose them."""
    permutations: Annotated[int, Field(gt=0)] = 112
    """Places of a signature."""
    bands: Annotated[int, Field(gt=0)] = 14
    """Documents are compared whose signatures agree in one of so many bands,"""
    rows: Annotated[int, Field(gt=0)] = 8
    """each of so many places."""
    unit: Literal["characters", "words"] = "characters"
    """What shingles are counted in."""
    shingle: Annotated[int, Field(gt=0)] | None = None
    """Width of a shingle: 5 characters or 3 words when not said."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Of the permutations."""
    prefer: tuple[PreferenceKey, ...] | None = Field(default=None, strict=False)
    """Which of several duplicates stays, the weightiest key first: that from the source with the smallest priority,
    under the most open licence, of the best quality (in tenths), the longest, of the earliest or latest date, with the
    smallest id. When not said: priority, licence, length, earliest, id, as far as filters and sources tell them."""
    index: Name | None = None
    """Index of documents across runs, in the workspace: also find what earlier runs had, and put this run's in."""


class Shards(Strict):
    """`[shards]`: how the input is cut into units of work."""

    target_mb: Annotated[float, Field(gt=0)] = 64
    """Decoded text in a shard, megabytes of 10^6 bytes."""


class Normalization(Strict):
    """`[normalize]`: what is cut out of every text before it is measured; each cut line is recorded as an edit."""

    cut_boilerplate: bool = False
    """Lines of menus, share bars, registration numbers and so on: what the filter `boilerplate` finds."""
    cut_templates: bool = False
    """Lines that the survey found in many documents of the source."""


class Survey(Strict):
    """`[survey]`: a first reading that finds the lines which many documents of a source share."""

    templates: bool = False
    """Survey; measures `template.line_ratio` and `template.char_ratio`."""
    least_documents: Annotated[int, Field(ge=2)] = 10
    """Documents of the source that a template stands in, at least."""
    least_share: Share = 0.001
    """Share of the source's documents that it stands in, at least: both bounds hold."""
    least_chars: Annotated[int, Field(gt=0)] = 4
    """Characters of a template, white space apart: 是的。 is no site's."""


class Passages(Strict):
    """`[passages]`: long passages that many documents hold, however they differ otherwise; measured, never cut."""

    measure: bool = False
    """Measure `passages.…`."""
    least_chars: Annotated[int, Field(ge=20, le=1000)] = 50
    """Folded characters of a passage, at least."""
    least_documents: Annotated[int, Field(ge=2)] = 10
    """Documents that hold it, at least; duplicates of each other count as one."""


class Answers(Strict):
    """`[answers]`: what people said of documents, for rules to read."""

    rounds: tuple[Name, ...] = Field(default=(), strict=False)
    """Rounds of labelling in the workspace; `human.…` is what they found, of several of a kind what the last did."""


class Segmentation(Strict):
    """`[segment]`: how texts are cut into words."""

    dictionaries: tuple[str, ...] = Field(default=(), strict=False)
    """Files of own words in jieba's format, relative to the recipe; a later file replaces what an earlier one says."""


class RecipeFile(Strict):
    """The whole recipe."""

    recipe: Head
    sources: tuple[Source, ...] = Field(strict=False, min_length=1)
    filters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Settings of a filter, or of a second one of its kind: `filter = "KIND"`."""
    dedup: Deduplication = Deduplication()
    shards: Shards = Shards()
    normalize: Normalization = Normalization()
    survey: Survey = Survey()
    passages: Passages = Passages()
    answers: Answers = Answers()
    segment: Segmentation = Segmentation()
    personal_data: PersonalData = PersonalData()
    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)
