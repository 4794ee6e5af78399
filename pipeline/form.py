"""The form of a recipe and of a policy file: which keys there are, their types and defaults. Door to pydantic."""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from filters.policy import Rule
from pipeline.errors import RecipeError

Share = Annotated[float, Field(ge=0, le=1)]
PreferenceKey: TypeAlias = Literal["priority", "licence", "quality", "length", "earliest", "latest", "id"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Head(_Strict):
    """`[recipe]`: what the run is called and by which policy it judges."""

    name: Name
    policy: str = "web"
    """A shipped policy by name, or the path of a TOML file (relative to the recipe)."""
    filters: tuple[str, ...] | None = Field(default=None, strict=False)
    """Which filters of the catalogue to measure with; all of them by default."""


class Source(_Strict):
    """`[[sources]]`: where documents come from and how they are read."""

    name: Name
    path: str
    """A file, a folder, a glob or an fsspec URL; relative to the recipe."""
    format: Literal["jsonl", "parquet", "csv", "tsv", "text", "paragraphs", "html", "warc"] | None = None
    """Guessed from each file's name when not said."""
    text: str | None = None
    """Field that holds the text; guessed from the usual names when not said."""
    id: str | None = None
    url: str | None = None
    encoding: Literal["utf-8", "utf-16", "gb18030", "big5-hkscs"] | None = None
    """Decided for each file or record when not said."""
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
    bands: Annotated[int, Field(gt=0)] = 14
    rows: Annotated[int, Field(gt=0)] = 8
    unit: Literal["characters", "words"] = "characters"
    """What shingles are counted in."""
    shingle: Annotated[int, Field(gt=0)] | None = None
    """Width of a shingle: 5 characters or 3 words when not said."""
    seed: Annotated[int, Field(ge=0)] = 1
    prefer: tuple[PreferenceKey, ...] | None = Field(default=None, strict=False)
    """Which of several duplicates stays, the weightiest key first: that from the source with the smallest priority,
    under the most open licence, of the best quality (in tenths), the longest, of the earliest or latest date, with the
    smallest id. When not said: priority, licence, length, earliest, id, as far as filters and sources tell them."""
    index: Name | None = None
    """Index of documents across runs, in the workspace: also find what earlier runs had, and put this run's in."""


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
    least_documents: Annotated[int, Field(ge=2)] = 10
    """Documents of the source that a template stands in, at least."""
    least_share: Share = 0.001
    """Share of the source's documents that it stands in, at least: both bounds hold."""
    least_chars: Annotated[int, Field(gt=0)] = 4
    """Characters of a template, white space apart: 是的。 is no site's."""


class Passages(_Strict):
    """`[passages]`: long passages that many documents hold, however they differ otherwise; measured, never cut."""

    measure: bool = False
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
    attribute: str
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str | bool | int | float, ...] | None = Field(default=None, strict=False)
    none_of: tuple[str | bool | int | float, ...] | None = Field(default=None, strict=False)
    when: When | None = None
    missing: Literal["fail", "pass"] = "fail"

    def rule(self) -> Rule:
        """Return the rule that this entry states."""
        when = None if self.when is None else (self.when.attribute, self.when.one_of)
        return Rule(
            self.reason, self.attribute, self.at_least, self.at_most, self.one_of, self.none_of, when, self.missing
        )


class PolicyFile(_Strict):
    """A policy: rules and nothing else."""

    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)


class RecipeFile(_Strict):
    """The whole recipe."""

    recipe: Head
    sources: tuple[Source, ...] = Field(strict=False, min_length=1)
    filters: dict[str, dict[str, Any]] = {}
    dedup: Deduplication = Deduplication()
    shards: Shards = Shards()
    normalize: Normalization = Normalization()
    survey: Survey = Survey()
    passages: Passages = Passages()
    segment: Segmentation = Segmentation()
    rules: tuple[RuleEntry, ...] = Field(default=(), strict=False)


Form = TypeVar("Form", RecipeFile, PolicyFile)


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
        faults = [_fault(form, fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
        raise RecipeError("\n".join(f"{where}, {fault}" for fault in faults)) from error


def _fault(form: type[BaseModel], place: tuple[int | str, ...], kind: str, message: str) -> str:
    """Say one fault: where it is, what is wrong, and for an unknown key the nearest right one."""
    spot = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if kind != "extra_forbidden":
        return f"{spot}: {message}"
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
