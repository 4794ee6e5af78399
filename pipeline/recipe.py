"""The recipe of a run, checked as a whole before a byte of data is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from filters.catalogue import CATALOGUE, ON_DEMAND
from filters.contract import Filter, Modelled
from filters.policy import Policy, Rule
from pipeline.benign import pass_gate
from pipeline.dictionary import Dictionary, load_dictionaries
from pipeline.disposition import Disposition, load_disposition
from pipeline.errors import RecipeError
from pipeline.form import Answers, Deduplication, Normalization, Passages, RecipeFile, Shards, Source, Survey
from pipeline.packs import DEFAULT_PACKS, Packed, add_packs
from pipeline.policy_file import asked, check_policy, load_policy, measured, override
from pipeline.preference import Preference, choose_preference
from pipeline.signing import Signing, best_bands
from pipeline.store import digest_file
from pipeline.toml import nearest, parse


@dataclass(frozen=True)
class FilterChoice:
    """One filter of a run: a name in the catalogue and the arguments it is made with.

    A filter that reads files names those of its fields that hold paths in a class attribute `files`. In a recipe such
    a field is a path or a list of paths, relative to the recipe; a run is known by what they contain, not by where.
    """

    filter: str
    arguments: Mapping[str, Any]
    """Paths among them are absolute."""
    digests: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """For each field of paths: the name without folders, and the digest, of every file."""

    def make(self) -> Filter:
        """Make the filter."""
        return CATALOGUE[self.filter](**self.arguments)

    def identity(self) -> tuple[str, dict[str, Any]]:
        """Return what the filter's measurements depend on besides its version: files by their content."""
        paths = path_arguments(self.filter)
        settings = {name: value for name, value in self.arguments.items() if name not in paths}
        return self.filter, {**settings, **self.digests}


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
    packs: tuple[str, ...]
    """Names of the packs."""
    sources: tuple[Source, ...]
    filters: tuple[FilterChoice, ...]
    dedup: Deduplication
    shards: Shards
    policy: Policy
    """The policy's rules, the packs' behind them, the recipe's own in their places or behind all."""
    packed: Packed
    """What the packs brought."""
    normalize: Normalization
    survey: Survey
    dictionaries: tuple[Dictionary, ...]
    preference: Preference
    passages: Passages
    answers: Answers
    disposition: Disposition
    """What becomes of personal data when the corpus is written."""

    @property
    def surveyed(self) -> tuple[pa.Field, ...]:
        """Attributes that are there because the recipe asks for a survey or for passages."""
        return asked(
            templates=self.survey.templates, passages=self.passages.measure, answers=bool(self.answers.rounds)
        )  # fmt: skip

    @cached_property
    def signing(self) -> Signing:
        """How documents are signed."""
        return signing_of(self.dedup, self.dictionaries)


def signing_of(dedup: Deduplication, dictionaries: Sequence[Dictionary]) -> Signing:
    """Return how documents are signed by some settings; dictionaries count where signatures are made of words."""
    bands, rows = dedup.bands, dedup.rows
    if "threshold" in dedup.model_fields_set and not {"bands", "rows"} & dedup.model_fields_set:
        bands, rows = best_bands(dedup.threshold, dedup.permutations)
    shingle = dedup.shingle or (3 if dedup.unit == "words" else 5)
    words = tuple(dictionary.digest for dictionary in dictionaries) if dedup.unit == "words" else ()
    return Signing(dedup.permutations, dedup.seed, shingle, bands, rows, dedup.unit, words)


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeError: the file is missing or no TOML; a key, filter, attribute or policy is unknown (the nearest right
            name is said); two filters write one column; two rules have one reason; two sources one name; a dictionary
            cannot be read.
        GateError: a word list flags texts that are known to be good.
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
    head = form.recipe
    policy = load_policy(head.policy, path.parent)
    named = add_packs(policy, head.packs or (), path.parent, ())  # the default ones read nothing that is on demand
    chosen = _choose_filters(form, override(named.policy.rules, form.rules, where), path.parent, where)
    _open_models(chosen, where)
    surveyed = asked(
        templates=form.survey.templates, passages=form.passages.measure, answers=bool(form.answers.rounds)
    )  # fmt: skip
    known = measured((choice.make() for choice in chosen), surveyed)
    packed = add_packs(policy, head.packs, path.parent, known, head.review)
    rules = override(packed.policy.rules, form.rules, where)
    dictionaries = load_dictionaries(form.segment.dictionaries, path.parent, where)
    attributes = [name for choice in chosen for name in choice.make().schema.names]
    preference = choose_preference(form.dedup.prefer, form.sources, attributes, where)
    recipe = Recipe(
        path, text, head.name, head.policy, DEFAULT_PACKS if head.packs is None else head.packs, form.sources, chosen,
        form.dedup, form.shards, Policy(rules), packed, form.normalize, form.survey, dictionaries, preference,
        form.passages, form.answers, load_disposition(form, path.parent, where),
    )  # fmt: skip
    if form.normalize.cut_templates and not form.survey.templates:
        raise RecipeError(f"{where}, [normalize]: cut_templates needs a survey: say [survey] templates = true")
    check_policy(recipe.policy, [choice.make() for choice in chosen], where, recipe.surveyed)
    if form.dedup.near and not form.dedup.exact:
        raise RecipeError(f"{where}, [dedup]: near takes exact: the same text resembles itself; say near = false too")
    if recipe.disposition.disposes and "personal" not in {choice.filter for choice in chosen}:
        raise RecipeError(
            f"{where}, recipe.filters: the policy {form.recipe.policy} masks personal data, but the filter that finds "
            'them is left out; add "personal", or say personal_data = "off" in [recipe] to leave them in the corpus'
        )
    try:
        recipe.signing  # noqa: B018 - a signing checks itself when it is made
    except ValueError as error:
        raise RecipeError(f"{where}, [dedup]: {error}") from error
    return recipe


def stored_recipe(path: Path) -> RecipeFile:
    """Return the form of the copy of a recipe that a run keeps."""
    return parse(RecipeFile, path.read_text("utf-8"), f"recipe {path}")


def stored_filters(path: Path, rules: Sequence[Rule]) -> tuple[FilterChoice, ...]:
    """Return the filters of the copy of a recipe that a run keeps, without their files, which may have moved.

    `rules` are those that the run judged by. What the filters are good for is the schema: names, units and meanings of
    what the run measured.
    """
    where = f"recipe {path}"
    return _choose_filters(stored_recipe(path), rules, None, where)


def _default_filters(form: RecipeFile, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return the catalogue without what is measured on demand, unless a rule reads it and nothing else measures it."""
    read = {name.partition(".")[0] for rule in rules for name in rule.attributes}
    own = {settings.get("filter", name) for name, settings in form.filters.items()}
    return tuple(name for name in CATALOGUE if name not in ON_DEMAND or name in read - own)


def _choose_filters(
    form: RecipeFile, rules: Sequence[Rule], beside: Path | None, where: str
) -> tuple[FilterChoice, ...]:
    """Make the run's filters: the chosen ones of the catalogue, and further ones under names of the recipe's own."""
    chosen = _default_filters(form, rules) if form.recipe.filters is None else form.recipe.filters
    for name in chosen:
        if name not in CATALOGUE:
            raise RecipeError(f'{where}, recipe.filters: there is no filter "{name}"{nearest(name, CATALOGUE)}')
    choices = {name: FilterChoice(name, {}) for name in chosen}
    for name, settings in form.filters.items():
        arguments = dict(settings)
        kind = arguments.pop("filter", name)
        if kind not in CATALOGUE:
            raise RecipeError(f'{where}, [filters.{name}]: there is no filter "{kind}"{nearest(str(kind), CATALOGUE)}')
        choices[name] = _with_files(FilterChoice(kind, arguments), beside, f"{where}, [filters.{name}]")
        _check_arguments(choices[name], f"{where}, [filters.{name}]")
    _check_columns(choices, where)
    return tuple(choices.values())


def _with_files(choice: FilterChoice, beside: Path | None, where: str) -> FilterChoice:
    """Find the files that the arguments name, relative to `beside`, and digest them; without it leave them out."""
    arguments, digests = dict(choice.arguments), {}
    for key in getattr(CATALOGUE[choice.filter], "files", ()):
        if key not in arguments:
            continue
        given = arguments.pop(key)
        if beside is None:
            continue
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise RecipeError(f"{where}: {key} is a path or a list of paths, not {given!r}")
        paths = [(beside / name).resolve() for name in names]
        try:
            digests[key] = tuple((path.name, digest_file(path)) for path in paths)
        except OSError as error:
            raise RecipeError(f"{where}, {key}: cannot be read: {error}") from error
        arguments[key] = str(paths[0]) if isinstance(given, str) else tuple(map(str, paths))
    for key in path_arguments(choice.filter) & arguments.keys():
        given = arguments[key]
        if beside is not None and isinstance(given, str):
            arguments[key] = str((beside / given).absolute())
        elif beside is not None and isinstance(given, dict):
            arguments[key] = {name: str((beside / str(path)).absolute()) for name, path in given.items()}
    return FilterChoice(choice.filter, arguments, digests)


def _check_arguments(choice: FilterChoice, where: str) -> None:
    kind = CATALOGUE[choice.filter]
    known: list[str] = [field.name for field in fields(kind) if field.init] if is_dataclass(kind) else []
    for argument in choice.arguments:
        if argument not in known:
            hint = nearest(argument, known) if known else "; this filter has no settings"
            raise RecipeError(f"{where}: unknown key {argument}{hint}")
    try:
        choice.make()
    except (OSError, TypeError, ValueError) as error:
        raise RecipeError(f"{where}: {error}") from error


def _open_models(chosen: Sequence[FilterChoice], where: str) -> None:
    for choice in chosen:
        made = choice.make()
        if isinstance(made, Modelled):
            try:
                made.open()
            except (OSError, ValueError) as error:
                raise RecipeError(f"{where}, [filters.{choice.filter}]: {error}") from error
            pass_gate(made, f"{where}, [filters.{choice.filter}]")


def _check_columns(choices: Mapping[str, FilterChoice], where: str) -> None:
    writers: dict[str, str] = {}
    for name, choice in choices.items():
        columns: Sequence[str] = choice.make().schema.names
        for column in columns:
            if column in writers:
                raise RecipeError(f'{where}: the filters "{writers[column]}" and "{name}" both write {column}')
            writers[column] = name
