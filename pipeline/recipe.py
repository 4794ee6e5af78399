"""The recipe of a run, checked as a whole before a byte of data is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filters import CATALOGUE
from filters.contract import Filter
from filters.policy import Policy
from pipeline.dictionary import Dictionary, load_dictionaries
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
    dictionaries: tuple[Dictionary, ...]

    @cached_property
    def signing(self) -> Signing:
        """How documents are signed."""
        settings = self.dedup.model_dump(exclude={"near", "threshold"})
        return Signing(**settings)


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeError: the file is missing or no TOML; a key, filter, attribute or policy is unknown (the nearest right
            name is said); two filters write one column; two rules have one reason; two sources one name; a dictionary
            cannot be read.
    """
    where = f"recipe {path}"
    text = _read(path, where)
    form = parse(RecipeFile, text, where)
    names = Counter(source.name for source in form.sources)
    for name, number in names.items():
        if number > 1:
            raise RecipeError(f'{where}: {number} sources are called "{name}"')
    chosen = _choose_filters(form, where)
    rules = override(load_policy(form.recipe.policy, path.parent).rules, form.rules, where)
    dictionaries = load_dictionaries(form.segment.dictionaries, path.parent, where)
    recipe = Recipe(
        path, text, form.recipe.name, form.recipe.policy, form.sources, chosen, form.dedup, form.shards, Policy(rules),
        dictionaries,
    )  # fmt: skip
    check_policy(recipe.policy, [choice.make() for choice in chosen], where)
    try:
        recipe.signing  # noqa: B018 - a signing checks itself when it is made
    except ValueError as error:
        raise RecipeError(f"{where}, [dedup]: {error}") from error
    return recipe


def load_filters(path: Path) -> tuple[FilterChoice, ...]:
    """Read only which filters a recipe measures with: a copy of it, away from the files that it names, will do.

    Raises:
        RecipeError: as `load_recipe`, as far as filters go.
    """
    where = f"recipe {path}"
    return _choose_filters(parse(RecipeFile, _read(path, where), where), where)


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error


def _choose_filters(form: RecipeFile, where: str) -> tuple[FilterChoice, ...]:
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


def _check_columns(choices: Mapping[str, FilterChoice], where: str) -> None:
    writers: dict[str, str] = {}
    for name, choice in choices.items():
        columns: Sequence[str] = choice.make().schema.names
        for column in columns:
            if column in writers:
                raise RecipeError(f'{where}: the filters "{writers[column]}" and "{name}" both write {column}')
            writers[column] = name
