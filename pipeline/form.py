"""The form of a recipe and of a policy file: which keys there are, their types and defaults. Door to pydantic."""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from filters.policy import Action, Rule
from pipeline.errors import RecipeError

Share = Annotated[float, Field(ge=0, le=1)]
PreferenceKey: TypeAlias = Literal["priority", "licence", "quality", "length", "earliest", "latest", "id"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]

_SYNONYMS = {
    "utf8": "utf-8", "utf-8-sig": "utf-8", "utf16": "utf-16", "gbk": "gb18030", "gb2312": "gb18030",
    "cp936": "gb18030", "big5": "big5-hkscs", "big5hkscs": "big5-hkscs", "cp950": "big5-hkscs",
}  # fmt: skip
"""What people call an encoding, and the one of ours that reads every file in it."""


def _our_name(encoding: object) -> object:
    """Return our name of an encoding; anything unknown as it is, to be refused as such."""
    lower = encoding.lower().replace("_", "-") if isinstance(encoding, str) else encoding
    return _SYNONYMS.get(lower, lower) if isinstance(lower, str) else lower


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


Disposal: TypeAlias = Literal["mask", "pseudonymise", "keep"]
"""What becomes of an identifier in a kept text."""


class PersonalData(_Strict):
    """`[personal_data]` of a policy or recipe: what becomes of the identifiers in kept documents."""

    default: Disposal | None = None
    """For every category that is not public by itself; a recipe that does not say leaves the policy's, and that is
    "mask" unless the policy says otherwise."""
    actions: dict[str, Disposal] = {}
    """By category, as the attributes `personal.…` are called."""


class Head(_Strict):
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


class Source(_Strict):
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


class Deduplication(_Strict):
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


class Shards(_Strict):
    """`[shards]`: how the input is cut into units of work."""

    target_mb: Annotated[float, Field(gt=0)] = 64
    """Decoded text in a shard, megabytes of 10^6 bytes."""


class Normalization(_Strict):
    """`[normalize]`: what is cut out of every text before it is measured; each cut line is recorded as an edit."""

    cut_boilerplate: bool = False
    """Lines of menus, share bars, registration numbers and so on: what the filter `boilerplate` finds."""
    cut_templates: bool = False
    """Lines that the survey found in many documents of the source."""


class Survey(_Strict):
    """`[survey]`: a first reading that finds the lines which many documents of a source share."""

    templates: bool = False
    """Survey; measures `template.line_ratio` and `template.char_ratio`."""
    least_documents: Annotated[int, Field(ge=2)] = 10
    """Documents of the source that a template stands in, at least."""
    least_share: Share = 0.001
    """Share of the source's documents that it stands in, at least: both bounds hold."""
    least_chars: Annotated[int, Field(gt=0)] = 4
    """Characters of a template, white space apart: 是的。 is no site's."""


class Passages(_Strict):
    """`[passages]`: long passages that many documents hold, however they differ otherwise; measured, never cut."""

    measure: bool = False
    """Measure `passages.…`."""
    least_chars: Annotated[int, Field(ge=20, le=1000)] = 50
    """Folded characters of a passage, at least."""
    least_documents: Annotated[int, Field(ge=2)] = 10
    """Documents that hold it, at least; duplicates of each other count as one."""


class Segmentation(_Strict):
    """`[segment]`: how texts are cut into words."""

    dictionaries: tuple[str, ...] = Field(default=(), strict=False)
    """Files of own words in jieba's format, relative to the recipe; a later file replaces what an earlier one says."""


class When(_Strict):
    """Condition of a rule."""

    attribute: str
    one_of: tuple[str | bool | int | float, ...] = Field(strict=False)


class RuleEntry(_Strict):
    """`[[rules]]`: one bound on one attribute."""

    reason: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """What the verdict calls it; the policy's rule of the same reason is replaced."""
    attribute: str
    """Which measurement: see the table of attributes."""
    at_least: float | None = None
    """Kept if the value is this or more,"""
    at_most: float | None = None
    """this or less,"""
    one_of: tuple[str | bool | int | float, ...] | None = Field(default=None, strict=False)
    """one of these labels,"""
    none_of: tuple[str | bool | int | float, ...] | None = Field(default=None, strict=False)
    """none of these; every bound that is said must hold."""
    when: When | None = None
    """`{ attribute = …, one_of = […] }`: the rule holds for documents with such a value only."""
    missing: Literal["fail", "pass"] = "fail"
    """What a document without a value does."""
    action: Action = "drop"
    """What breaking it does: "review" keeps the document and lists it, "hold" keeps it out until a person saw it."""
    risks: tuple[str, ...] = Field(default=(), strict=False)
    """Which of the 31 risks of GB/T 45654-2025, appendix A, the rule is about: A1-f, A2-e …"""

    def rule(self) -> Rule:
        """Return the rule that this entry states."""
        when = None if self.when is None else (self.when.attribute, self.when.one_of)
        return Rule(
            self.reason, self.attribute, self.at_least, self.at_most, self.one_of, self.none_of, when, self.missing,
            self.action, self.risks,
        )  # fmt: skip


class PolicyFile(_Strict):
    """A policy: rules, and what becomes of personal data."""

    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)
    personal_data: PersonalData = PersonalData()


class RiskEntry(_Strict):
    """`[[risks]]`: what remains of a risk when the rules have done their work."""

    risk: str
    """Its id: A1-a."""
    left_to: Literal["people", "records", "nobody"]
    """`people`: whoever reviews samples can see it in the text. `records`: it is a fact outside the text, so papers of
    the source and complaints decide. `nobody`: nothing here covers it."""
    note: str


class PackFile(_Strict):
    """A pack: rules that go with any policy, and what they leave undecided."""

    about: str
    extends: str | None = None
    """Another shipped pack, whose rules come first."""
    review: Literal["keep", "hold"] = "keep"
    """`hold` turns every rule of the pack that asks for review into one that keeps documents out until then."""
    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)
    risks: tuple[RiskEntry, ...] = Field(default=(), strict=False)


class RecipeFile(_Strict):
    """The whole recipe."""

    recipe: Head
    sources: tuple[Source, ...] = Field(strict=False, min_length=1)
    filters: dict[str, dict[str, Any]] = {}
    """Settings of a filter, or of a second one of its kind: `filter = "KIND"`."""
    dedup: Deduplication = Deduplication()
    shards: Shards = Shards()
    normalize: Normalization = Normalization()
    survey: Survey = Survey()
    passages: Passages = Passages()
    segment: Segmentation = Segmentation()
    personal_data: PersonalData = PersonalData()
    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)


Form = TypeVar("Form", RecipeFile, PolicyFile, PackFile)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the nearest known name, or the list of all if none is near."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else f"; known: {', '.join(names)}"


def parse(form: type[Form], text: str, where: str) -> Form:
    """Read TOML into a form.

    Raises:
        RecipeError: it is no TOML, a key is unknown or missing, or a value is of the wrong kind; all such faults.
    """
    try:
        return form.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where}: not TOML: {error}") from error
    except ValidationError as error:
        errors = error.errors()
        # A list whose only entry is faulty counts as empty besides: one fault is enough to say.
        inside = {fault["loc"][0] for fault in errors if len(fault["loc"]) > 1}
        faults = [
            _fault(form, fault) for fault in errors if fault["type"] != "too_short" or fault["loc"][0] not in inside
        ]
        raise RecipeError("\n".join(f"{where}, {fault}" for fault in faults)) from error


_WORDING = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list; tables of a list have two brackets: [[{key}]]",
    "model_type": "must be a table: [{key}]",
    "model_attributes_type": "must be a table: [{key}]",
    "dict_type": "must be a table: [{key}]",
    "string_too_short": "is empty",
    "too_short": "at least one is needed",
    "string_pattern_mismatch": "{input!r} does not match {pattern}",
    "literal_error": "{input!r} is none of {expected}",
    "greater_than": "must be above {gt:g}, not {input}",
    "greater_than_equal": "must be at least {ge:g}, not {input}",
    "less_than_equal": "must be at most {le:g}, not {input}",
}
"""Faults in the words of a recipe's author; what is not here is said in pydantic's."""


def _fault(form: type[BaseModel], fault: ErrorDetails) -> str:
    """Say one fault: where it is, what is wrong, and for an unknown key the nearest right one."""
    place = fault["loc"]
    spot = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if fault["type"] != "extra_forbidden":
        words = _WORDING.get(fault["type"], fault["msg"])
        return f"{spot}: {words.format(**fault.get('ctx', {}), input=fault['input'], key=place[-1])}"
    model: Any = form
    for part in place[:-1]:
        if isinstance(part, str):
            model = _inner(model.model_fields[part].annotation)
    return f"{spot}: unknown key{nearest(str(place[-1]), model.model_fields)}"


def _inner(annotation: Any) -> Any:  # noqa: ANN401 - an annotation can be anything
    """Return the form inside tuple[X, ...] or X | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_inner(part) for part in get_args(annotation)]
    return next((part for part in inner if part is not None), None)
