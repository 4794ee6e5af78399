"""The form of a release's plan: what of its runs it takes, in which shares, and in files of what kind."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.form import Names, PreferenceKey
from pipeline.toml import Strict

Weight = Annotated[float, Field(gt=0, le=1)]
"""Share of the documents that are taken. Nothing is taken twice: who wants more of a domain trains on it twice."""


class Selection(Strict):
    """`[selection]`: which documents; a list that is empty takes all."""

    sources: Names = ()
    """Names of sources."""
    domains: Names = ()
    """Values of `domain.top`; "other" is one."""
    scripts: Names = ()
    """Hans, Hant or Hani."""
    quality_from: Annotated[float, Field(ge=0, le=1)] | None = None
    """Least `quality.score`; a document without a score is out."""
    quality_below: Annotated[float, Field(gt=0)] | None = None
    """What `quality.score` is below: bands that meet share no document."""


class Mixture(Strict):
    """`[mixture]`: shares of what was selected; of a document whose domain and source both have one, the product."""

    domains: dict[str, Weight] = Field(default_factory=dict)
    sources: dict[str, Weight] = Field(default_factory=dict)
    salt: str = "qingyuan mixture 1"
    """Another one draws other documents. The same one draws more of the same when a weight grows."""


class Merging(Strict):
    """`[merge]`: documents that several runs have."""

    duplicates: Literal["near", "exact", "keep"] = "near"
    """What leaves: near-duplicates by the runs' own threshold, only the same folded texts, or nothing."""
    prefer: Annotated[tuple[PreferenceKey, ...], Field(strict=False)] | None = None
    """Which of several stays, as in a recipe's `[dedup]`; the first run's own when not said."""


class Shaping(Strict):
    """`[shards]`: the files."""

    format: Literal["parquet", "jsonl"] = "parquet"
    """jsonl: the same rows also as `jsonl/*.jsonl.zst`, beside the Parquet that everything else reads."""
    target_mb: Annotated[float, Field(gt=0)] = 256
    """Size of a file, megabytes of 10^6 bytes, usually 256 to 1,000; cuts lie where the rows say, so sizes vary."""
    row_group_mb: Annotated[float, Field(gt=0)] = 8
    """Text in a row group of Parquet, likewise."""
    page_kb: Annotated[int, Field(ge=1, le=1024)] = 24
    """Least size of a page of Parquet (or a frame of JSONL), KiB; most is four times that. Removing a row changes its
    pages: small ones keep more of a release when it is issued again, large ones pack better; tests/benchmarks says by
    how much."""


class ReleaseFile(Strict):
    """The whole plan."""

    selection: Selection = Selection()
    mixture: Mixture = Mixture()
    merge: Merging = Merging()
    shards: Shaping = Shaping()
