"""Sources as files: the form in which people write them, in TOML or CSV, and both written back."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from pipeline.errors import RecipeError
from pipeline.form import Name
from pipeline.toml import Strict, parse, parse_plain

Words = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=255)]
Long = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=2000)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Use = Literal["training", "other"]
PaperKind = Literal[
    "licence", "collection_record", "robots", "terms", "contract", "commitments", "user_agreement", "authorisation",
    "registration", "generator_record", "generator_licence", "safety_assessment", "impact_assessment",
    "separate_consent", "ip_review", "other",
]  # fmt: skip


class PaperEntry(Strict):
    """`[[sources.papers]]`: a document that says a source may be used."""

    kind: PaperKind
    file: Long | None = None
    """To be copied into the workspace, relative to this file; or else sha256 of one that is there."""
    sha256: Digest | None = None
    name: Words | None = None
    """Of the file, without folders."""
    valid_from: date | None = None
    valid_until: date | None = None
    revoked: date | None = None
    """First day on which it does not hold any more."""


class BatchEntry(Strict):
    """`[[sources.authorisations]]`: a batch of users who have allowed their input to be used."""

    batch: Words
    """As the documents name it, in their field authorisation_batch."""
    granted: date
    valid_until: date | None = None
    use: Use = "training"
    revoked: date | None = None


class SourceEntry(Strict):
    """`[[sources]]`: a source of texts."""

    name: Name
    """As recipes call it."""
    kind: Annotated[
        Literal["open", "self_crawled", "self_made", "commercial", "user_input", "public_data", "synthetic"],
        Field(alias="class"),
    ]
    """open, self_crawled, self_made, commercial, user_input, public_data or synthetic."""
    language: Words = "zh"
    domain: Literal[
        "government", "medicine", "science", "finance", "autonomous_driving", "urban_governance", "law", "education",
        "technology", "news", "literature", "sport", "cooking", "travel", "entertainment", "mixed", "other",
    ] = "mixed"  # fmt: skip
    """One of the six scenes (government, medicine, science, finance, autonomous_driving, urban_governance), a general
    domain, mixed or other."""
    jurisdiction: Literal["domestic", "foreign"] = "domestic"
    """Where it is from: inside the country (境内) or outside (境外)."""
    origin: Long | None = None
    """Address, data set or organisation."""
    collector: Words | None = None
    method: Long | None = None
    """How it was collected, with the tool and its version."""
    collected_from: date | None = None
    collected_to: date | None = None
    robots: Literal["allowed", "disallowed", "absent"] | None = None
    """What robots.txt said when it was collected; its bytes are a paper of kind robots."""
    licence: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+:() -]*$", max_length=255)] | None = None
    """SPDX name or expression."""
    contract: Words | None = None
    contract_party: Words | None = None
    contract_use: Use | None = None
    """Whether the contract lets us train on it: training or other."""
    contract_until: date | None = None
    operation: Literal["open", "authorised"] | None = None
    """Of public data: open to everyone, or in authorised operation."""
    registration_code: Words | None = None
    authorised_use: Use | None = None
    authorised_from: date | None = None
    authorised_until: date | None = None
    generator: Words | None = None
    """Of synthetic data: the model and its version."""
    personal: Literal["none", "present", "sensitive"] = "none"
    """Whether it holds personal information as it comes."""
    personal_ground: (
        Literal["consent", "contract", "legal_duty", "emergency", "news", "made_public", "other_law"] | None
    ) = None
    """On which ground of article 13 of the law on personal information."""
    ip_owner: Words | None = None
    """Who answers for intellectual property here."""
    ip_review: Literal["pending", "cleared", "infringing"] = "pending"
    ip_reviewed: date | None = None
    expires: date | None = None
    """Last day on which the source may be used at all."""
    barred: Long | None = None
    """Why it is barred; reading a file can bar a source and never lift it."""
    papers: tuple[PaperEntry, ...] = Field(default=(), strict=False)
    authorisations: tuple[BatchEntry, ...] = Field(default=(), strict=False)


class SourcesFile(Strict):
    """The whole file."""

    sources: tuple[SourceEntry, ...] = Field(default=(), strict=False)


LISTS = {"papers": "paper", "authorisations": "authorisation"}
"""By key of a source: what a row of it is called in CSV."""


def read_sources(path: Path) -> tuple[SourceEntry, ...]:
    """Read sources from a file, .toml or .csv.

    Raises:
        RecipeError: it cannot be read, a key or column is unknown, or what it says does not fit together.
    """
    where = f"sources {path}"
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error
    if path.suffix not in {".toml", ".csv"}:
        raise RecipeError(f"{where}: sources are read from .toml or .csv")
    read = parse(SourcesFile, text, where) if path.suffix == ".toml" else _from_csv(text, where)
    names = [source.name for source in read.sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecipeError(f'{where}: "{twice[0]}" is there twice')
    return read.sources


def source_from(said: Mapping[str, Any], where: str) -> SourceEntry:
    """Make a source of plain values, in which dates are text; errors as `read_sources`."""
    return parse_plain(SourceEntry, orjson.dumps(dict(said)), where)


def plain(entry: Strict) -> dict[str, Any]:
    """Return what an entry says, as plain values, without what it leaves unsaid."""
    return entry.model_dump(mode="json", by_alias=True, exclude_none=True)


def to_toml(sources: Iterable[SourceEntry]) -> str:
    """Write sources as TOML; read again they are the same."""
    blocks = []
    for source in sources:
        said = source.model_dump(by_alias=True, exclude_none=True)
        blocks.append(_block("sources", said))
        blocks += [_block(f"sources.{key}", row) for key in LISTS for row in said[key]]
    return "\n".join(blocks)


def _block(name: str, said: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}\n" for key, value in said.items() if key not in LISTS]
    return f"[[{name}]]\n" + "".join(lines)


def _value(value: str | date) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def to_csv(sources: Iterable[SourceEntry]) -> str:
    """Write sources as CSV: a row a source, paper or authorisation (column `row`); read again they are the same."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _columns(), lineterminator="\n")
    writer.writeheader()
    for source in sources:
        said = plain(source)
        lists = {key: said.pop(key, []) for key in LISTS}
        writer.writerow({"row": "source", **said})
        for key, kind in LISTS.items():
            for one in lists[key]:
                renamed = {"paper" if name == "kind" else name: value for name, value in one.items() if name != "name"}
                writer.writerow({"row": kind, "name": source.name, **renamed, "file_name": one.get("name")})
    return out.getvalue()


def _columns() -> list[str]:
    own = [field.alias or name for name, field in SourceEntry.model_fields.items() if name not in LISTS]
    more = ["paper", "file", "file_name", "sha256", "valid_from", "valid_until", "batch", "granted", "use", "revoked"]
    return ["row", *own, *more]


def _from_csv(text: str, where: str) -> SourcesFile:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    known = set(_columns())
    found: dict[str, dict[str, Any]] = {}
    try:
        for number, row in enumerate(rows, 2):
            place = f"{where}, line {number}"
            unknown = [str(name) for name in row if name not in known]
            if unknown:
                raise RecipeError(f"{where}: unknown column {unknown[0]}; known: {', '.join(_columns())}")
            said = {name: value for name, value in row.items() if value}
            kind, name = said.pop("row", "source"), said.get("name", "")
            if kind == "source":
                if name in found:
                    raise RecipeError(f'{place}: "{name}" is there twice')
                found[name] = {**said, **{key: [] for key in LISTS}}
                continue
            key = next((key for key, word in LISTS.items() if word == kind), None)
            if key is None or name not in found:
                raise RecipeError(f'{place}: row is source, paper or authorisation, of a source above, not "{kind}"')
            one = {"kind" if column == "paper" else column: v for column, v in said.items() if column != "name"}
            if "file_name" in one:
                one["name"] = one.pop("file_name")
            found[name][key].append(one)
    except csv.Error as error:
        raise RecipeError(f"{where}: not CSV: {error}") from error
    return parse_plain(SourcesFile, orjson.dumps({"sources": list(found.values())}), where)
