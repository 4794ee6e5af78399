"""Policies as files: shipped ones by name, an operator's by path, and the check that every rule can be applied."""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

import pyarrow as pa

from filters import CATALOGUE
from filters.contract import SPANS, Filter
from filters.policy import HELD, Policy, Rule, Value
from filters.risks import RISKS
from pipeline.errors import RecipeError
from pipeline.passages import MEASURED as PASSAGES
from pipeline.policy_form import PolicyFile, RuleEntry
from pipeline.schema import DEDUP, READING
from pipeline.templates import MEASURED
from pipeline.toml import nearest, parse, read_named, shipped

KEPT = "kept"
"""Stands for the verdict of a kept document where reasons are listed."""

RESERVED = {
    KEPT: "what documents without a reason are called",
    HELD: 'the reason of documents that break a rule of the action "hold"',
}

_FOLDER = files("filters.policies")


def shipped_policies() -> list[str]:
    """Return the names of the policies that come with Qingyuan."""
    return shipped(_FOLDER)


def load_policy(name: str, beside: Path) -> Policy:
    """Load a shipped policy by name, or a TOML file by its path relative to `beside`.

    Raises:
        RecipeError: there is none of that name, the file cannot be read, or two rules have one reason.
    """
    form, where = read_policy(name, beside)
    return Policy(override((), form.rules, where))


def read_policy(name: str, beside: Path) -> tuple[PolicyFile, str]:
    """Read the file of a policy; return it, and what to call it in an error. Arguments and errors as `load_policy`."""
    text, where = read_named("policy", name, beside, _FOLDER)
    return parse(PolicyFile, text, where), where


def override(rules: Sequence[Rule], entries: Sequence[RuleEntry], where: str) -> tuple[Rule, ...]:
    """Return `rules` with each entry in the place of the rule of the same reason, or behind the others.

    Raises:
        RecipeError: two entries have one reason, or an entry states no bound.
    """
    seen: set[str] = set()
    merged = {rule.reason: rule for rule in rules}
    for number, entry in enumerate(entries, start=1):
        if entry.reason in seen:
            raise RecipeError(f'{where}, rules[{number}]: a second rule with the reason "{entry.reason}"')
        seen.add(entry.reason)
        if entry.reason in RESERVED:
            raise RecipeError(f'{where}, rules[{number}]: "{entry.reason}" is {RESERVED[entry.reason]}')
        for risk in entry.risks:
            if risk not in RISKS:
                raise RecipeError(f'{where}, rules[{number}]: there is no risk "{risk}"{nearest(risk, RISKS)}')
        rule = entry.rule()
        if all(bound is None for bound in (rule.at_least, rule.at_most, rule.one_of, rule.none_of)):
            raise RecipeError(
                f'{where}, rules[{number}] "{entry.reason}": no bound; say at_least, at_most, one_of or none_of'
            )
        merged[entry.reason] = rule
    return tuple(merged.values())


def asked(*, templates: bool, passages: bool) -> tuple[pa.Field, ...]:
    """Return the attributes that a run measures because its recipe asks for a survey's templates or for passages."""
    return (*(MEASURED if templates else ()), *(PASSAGES if passages else ()))


EVERYTHING = asked(templates=True, passages=True)


def measured(chosen: Iterable[Filter], surveyed: Sequence[pa.Field] = EVERYTHING) -> dict[str, pa.Field]:
    """Return every attribute that a run with these filters, and with what it was asked for, measures, by name."""
    fields = [field for measure in chosen for field in measure.schema]
    return {field.name: field for field in (*READING, *surveyed, *fields, *DEDUP)}


def check_policy(policy: Policy, chosen: Iterable[Filter], where: str, surveyed: Sequence[pa.Field] = ()) -> None:
    """Check that every rule can be applied to what the run measures.

    Args:
        policy: the rules.
        chosen: the run's filters.
        where: what to call the recipe in an error.
        surveyed: what is measured because it was asked for.

    Raises:
        RecipeError: a rule reads an attribute that nobody measures, or bounds it by values of another kind.
    """
    known = measured(chosen, surveyed)
    everywhere = measured(make() for make in CATALOGUE.values())
    for rule in policy.rules:
        for name in rule.attributes:
            if name not in known:
                if name in {field.name for field in PASSAGES}:
                    hint = "; it is there where passages are looked for: say [passages] measure = true"
                elif name in {field.name for field in MEASURED}:
                    hint = "; it is there after a survey: say [survey] templates = true"
                elif name in everywhere:
                    hint = f'; the filter "{name.partition(".")[0]}" measures it, but this recipe leaves it out'
                else:
                    hint = nearest(name, known)
                raise RecipeError(f'{where}, rule "{rule.reason}": no filter measures "{name}"{hint}')
            if known[name].type == SPANS:
                raise RecipeError(
                    f'{where}, rule "{rule.reason}": {name} holds places in the text; no rule bounds them'
                )
        numeric = _is_number(known[rule.attribute].type)
        if not numeric and not (rule.at_least is rule.at_most is None):
            raise RecipeError(
                f'{where}, rule "{rule.reason}": {rule.attribute} is a name; bound it by one_of or none_of'
            )
        _check_values(rule.one_of, known[rule.attribute], where, rule)
        _check_values(rule.none_of, known[rule.attribute], where, rule)
        if rule.when is not None:
            _check_values(rule.when[1], known[rule.when[0]], where, rule)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _check_values(values: Sequence[Value] | None, field: pa.Field, where: str, rule: Rule) -> None:
    for value in values or ():
        wrong = isinstance(value, bool) or isinstance(value, str) == _is_number(field.type)
        if wrong or (pa.types.is_integer(field.type) and value != int(value)):
            raise RecipeError(
                f'{where}, rule "{rule.reason}": {value!r} cannot be a value of {field.name} ({field.type})'
            )
