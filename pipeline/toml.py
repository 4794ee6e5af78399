"""Files that people write, in TOML: read strictly, and faults said in their author's words. Door to pydantic."""

import re
import tomllib
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import RecipeError


class Strict(BaseModel):
    """A table of such a file: unknown keys are refused, values are of the type that is said."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


Form = TypeVar("Form", bound=Strict)


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
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where}: not TOML: {error}") from error
    return _checked(form, lambda: form.model_validate(data), where)


def parse_values(form: type[Form], values: dict[str, Any], where: str) -> Form:
    """Read what the command line says into a form; errors as `parse`."""
    return _checked(form, lambda: form.model_validate(values), where)


def parse_plain(form: type[Form], data: bytes, where: str) -> Form:
    """Read JSON, where dates are text, into a form; errors as `parse`."""
    return _checked(form, lambda: form.model_validate_json(data), where)


def _checked(form: type[Form], read: Callable[[], Form], where: str) -> Form:
    try:
        return read()
    except ValidationError as error:
        errors = error.errors()
        # A list whose only entry is faulty counts as empty besides: one fault is enough to say.
        inside = {fault["loc"][0] for fault in errors if len(fault["loc"]) > 1}
        faults = [
            _fault(form, fault) for fault in errors if fault["type"] != "too_short" or fault["loc"][0] not in inside
        ]
        raise RecipeError("\n".join(f"{where}, {fault}" for fault in faults)) from error


def shipped(folder: Traversable) -> list[str]:
    """Return the names of the files of one kind that come with Qingyuan."""
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def read_named(kind: str, name: str, beside: Path, folder: Traversable) -> tuple[str, str]:
    """Read a shipped file by its name, or one of the operator's by its path.

    Args:
        kind: what such a file is called in an error.
        name: the name, or a path that ends in .toml, relative to `beside`.
        beside: folder of whoever names it.
        folder: of the shipped ones.

    Returns:
        its text, and what to call it in an error.

    Raises:
        RecipeError: there is none of that name, or it cannot be read.
    """
    if name.endswith(".toml"):
        path = beside / name
        try:
            return path.read_text("utf-8"), f"{kind} {path}"
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"{kind} {path}: cannot be read: {error}") from error
    if name not in shipped(folder):
        raise RecipeError(f'there is no {kind} "{name}"{nearest(name, shipped(folder))} (or say a .toml file)')
    return (folder / f"{name}.toml").read_text("utf-8"), f"{kind} {name}"


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
        if fault["type"] == "literal_error":
            words += _nearest_value(fault)
        return f"{spot}: {words.format(**fault.get('ctx', {}), input=fault['input'], key=place[-1])}"
    model: Any = form
    for part in place[:-1]:
        if isinstance(part, str):
            model = inner_form(model.model_fields[part].annotation)
    return f"{spot}: unknown key{nearest(str(place[-1]), model.model_fields)}"


def _nearest_value(fault: ErrorDetails) -> str:
    """Say which of the values that there are was probably meant; nothing if none is near."""
    known = re.findall("'([^']*)'", fault["ctx"]["expected"])
    close = get_close_matches(str(fault["input"]), known, n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else ""


def inner_form(annotation: Any) -> Any:  # noqa: ANN401 - an annotation can be anything
    """Return the form inside tuple[X, ...] or X | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [inner_form(part) for part in get_args(annotation)]
    return next((part for part in inner if part is not None), None)
