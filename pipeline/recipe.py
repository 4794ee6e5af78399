"""The recipe of a run, checked as a whole before a byte of data is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filters import CATALOGUE
from filters.contract import Filter, Modelled
from filters.policy import Policy
from pipeline.errors import RecipeError
from pipeline.form import Deduplication, RecipeFile, Shards, Source, nearest, parse
from pipeline.policy_file import check_policy, load_policy, override
from pipeline.signing import Signing


@dataclass(frozen=True)
class FilterChoice:
    """One filter of a run: a name in the catalogue and the arguments it is made with."""

    filter: str
    arguments: Mapping[str, Any]

    def make(self) -> Filter:
        """Make the filter."""
        return CATALOGUE[self.filter](**self.arguments)

    @property
    def identity(self) -> dict[str, Any]:
        """The arguments without paths: a model is the same wherever it lies, its digest is an argument too."""
        paths = path_arguments(self.filter)
        return {name: value for name, value in self.arguments.items() if name not in paths}


def path_arguments(name: str) -> frozenset[str]:
    """Return which arguments of a filter are paths: the fields that its class marks so."""
    kind = CATALOGUE[name]
    if not is_dataclass(kind):
        return frozenset()
    return frozenset(argument.name for argument in fields(kind) if argument.metadata.get("path"))


@dataclass(frozen=True)
class Recipe:
    """A checked recipe: everything that it names exists."""

    path: Path
    text: str
    name: str
    policy_name: str
    sources: tuple[Source, ...]
    filters: tuple[FilterChoice, ...]
    dedup: Deduplication
    shards: Shards
    policy: Policy

    @cached_property
    def signing(self) -> Signing:
        """How documents are signed."""
        settings = self.dedup.model_dump(exclude={"near", "threshold"})
        return Signing(**settings)


def load_recipe(path: Path, *, stored: bool = False) -> Recipe:
    """Read and check a recipe.

    Args:
        path: its file.
        stored: it is a run's copy, whose paths may have moved: models that it names are not looked for.

    Raises:
        RecipeError: the file is missing or no TOML; a key, filter, attribute or policy is unknown (the nearest right
            name is said); a model is missing or another one; two filters write one column; two rules have one
            reason; two sources one name.
    """
    where = f"recipe {path}"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error
    form = parse(RecipeFile, text, where)
    names = Counter(source.name for source in form.sources)
    for name, number in names.items():
        if number > 1:
            raise RecipeError(f'{where}: {number} sources are called "{name}"')
    chosen = _choose_filters(form, where, path.parent)
    if not stored:
        _open_models(chosen, where)
    rules = override(load_policy(form.recipe.policy, path.parent).rules, form.rules, where)
    recipe = Recipe(
        path, text, form.recipe.name, form.recipe.policy, form.sources, chosen, form.dedup, form.shards, Policy(rules)
    )
    check_policy(recipe.policy, [choice.make() for choice in chosen], where)
    try:
        recipe.signing  # noqa: B018 - a signing checks itself when it is made
    except ValueError as error:
        raise RecipeError(f"{where}, [dedup]: {error}") from error
    return recipe


def _choose_filters(form: RecipeFile, where: str, beside: Path) -> tuple[FilterChoice, ...]:
    """Make the run's filters: the chosen ones of the catalogue, and further ones under names of the recipe's own."""
    chosen = tuple(CATALOGUE) if form.recipe.filters is None else form.recipe.filters
    for name in chosen:
        if name not in CATALOGUE:
            raise RecipeError(f'{where}, recipe.filters: there is no filter "{name}"{nearest(name, CATALOGUE)}')
    choices = {name: FilterChoice(name, {}) for name in chosen}
    for name, settings in form.filters.items():
        arguments = dict(settings)
        kind = arguments.pop("filter", name)
        if kind not in CATALOGUE:
            raise RecipeError(f'{where}, [filters.{name}]: there is no filter "{kind}"{nearest(str(kind), CATALOGUE)}')
        choices[name] = FilterChoice(kind, arguments)
        _check_arguments(choices[name], f"{where}, [filters.{name}]")
        for key in path_arguments(kind) & arguments.keys():
            arguments[key] = str((beside / arguments[key]).absolute())
    _check_columns(choices, where)
    return tuple(choices.values())


def _check_arguments(choice: FilterChoice, where: str) -> None:
    kind = CATALOGUE[choice.filter]
    known: list[str] = [field.name for field in fields(kind) if field.init] if is_dataclass(kind) else []
    for argument in choice.arguments:
        if argument not in known:
            hint = nearest(argument, known) if known else "; this filter has no settings"
            raise RecipeError(f"{where}: unknown key {argument}{hint}")
    try:
        choice.make()
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{where}: {error}") from error


def _open_models(chosen: Sequence[FilterChoice], where: str) -> None:
    for choice in chosen:
        made = choice.make()
        if isinstance(made, Modelled):
            try:
                made.open()
            except ValueError as error:
                raise RecipeError(f"{where}, [filters.{choice.filter}]: {error}") from error


def _check_columns(choices: Mapping[str, FilterChoice], where: str) -> None:
    writers: dict[str, str] = {}
    for name, choice in choices.items():
        columns: Sequence[str] = choice.make().schema.names
        for column in columns:
            if column in writers:
                raise RecipeError(f'{where}: the filters "{writers[column]}" and "{name}" both write {column}')
            writers[column] = name
