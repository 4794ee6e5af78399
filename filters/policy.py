"""Rules over attributes, and the verdict on every document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Value: TypeAlias = str | bool | int | float

VERDICT_SCHEMA = pa.schema(
    [
        pa.field("verdict.keep", pa.bool_(), nullable=False),
        pa.field("verdict.reason", pa.string()),
        pa.field("verdict.failed", pa.list_(pa.string()), nullable=False),
        pa.field("verdict.review", pa.list_(pa.string()), nullable=False),
    ]
)

Action: TypeAlias = Literal["drop", "review", "hold"]

HELD = "held_for_review"
"""Reason of a document that only a person may let in: it breaks a rule whose action is "hold"."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Drop, for `reason`, a document whose `attribute` lies outside the bounds; or ask for a person's eyes.

    What is broken by a document: "drop" keeps it out; "review" keeps it in and says in `verdict.review` that a person
    should look at it; "hold" says the same and keeps it out until then, for the reason `HELD`.

    Bounds are inclusive and a rule is written so that NaN breaks it. `when` limits the rule to documents whose
    attribute of that name has one of those values. A null attribute breaks the rule if `missing` is "fail".
    """

    reason: str
    attribute: str
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[Value, ...] | None = None
    none_of: tuple[Value, ...] | None = None
    when: tuple[str, tuple[Value, ...]] | None = None
    missing: Literal["fail", "pass"] = "fail"
    action: Action = "drop"
    risks: tuple[str, ...] = ()
    """Which of the 31 risks (`filters.risks`) the rule is about; for the record, no verdict depends on it."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of all attributes that this rule reads."""
        return (self.attribute,) if self.when is None else (self.attribute, self.when[0])

    def bounds(self) -> str:
        """Say what is kept: `>= 200`, `one of zh, yue`."""
        parts = []
        if self.at_least is not None:
            parts.append(f">= {self.at_least:g}")
        if self.at_most is not None:
            parts.append(f"<= {self.at_most:g}")
        if self.one_of is not None:
            parts.append("one of " + ", ".join(map(str, self.one_of)))
        if self.none_of is not None:
            parts.append("none of " + ", ".join(map(str, self.none_of)))
        if self.when is not None:
            parts.append(f"when {self.when[0]} is " + " or ".join(map(str, self.when[1])))
        return " and ".join(parts)

    def broken_by(self, attributes: Mapping[str, pa.Array]) -> NDArray[np.bool_]:
        """Return bool[rows]: True where a document breaks this rule."""
        values = attributes[self.attribute]
        known = values.is_valid().to_numpy(zero_copy_only=False)
        inside = np.ones(len(values), np.bool_)
        if self.at_least is not None or self.at_most is not None:
            numbers = values.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
            low = -np.inf if self.at_least is None else self.at_least
            high = np.inf if self.at_most is None else self.at_most
            inside &= (numbers >= low) & (numbers <= high)
        if self.one_of is not None:
            inside &= _is_in(values, self.one_of)
        if self.none_of is not None:
            inside &= ~_is_in(values, self.none_of)
        broken = np.where(known, ~inside, self.missing == "fail")
        if self.when is not None:
            broken &= _is_in(attributes[self.when[0]], self.when[1])
        return broken


def _is_in(values: pa.Array, wanted: Sequence[Value]) -> NDArray[np.bool_]:
    found = pc.is_in(values, value_set=pa.array(wanted).cast(values.type))
    return found.fill_null(False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered list of rules; the first broken one that drops is the reason."""

    rules: tuple[Rule, ...]

    @property
    def attributes(self) -> frozenset[str]:
        """The names of all attributes that the rules read."""
        return frozenset(name for rule in self.rules for name in rule.attributes)


def broken(rules: Sequence[Rule], attributes: Mapping[str, pa.Array], rows: int) -> NDArray[np.bool_]:
    """Return bool[rows, rules]: which document breaks which rule."""
    table = np.zeros((rows, len(rules)), np.bool_)
    for number, rule in enumerate(rules):
        table[:, number] = rule.broken_by(attributes)
    return table


def decide(rules: Sequence[Rule], attributes: Mapping[str, pa.Array], rows: int) -> pa.RecordBatch:
    """Judge every row by every rule.

    Args:
        rules: in the order in which a reason is looked for.
        attributes: the measured columns by name, each of `rows` values.
        rows: number of documents; stated, since there may be no rule and no column.

    Returns:
        `VERDICT_SCHEMA`: verdict.keep; verdict.reason, the first broken rule's reason or null; verdict.failed,
        the reasons of all broken rules that keep a document out, in order, `HELD` last; verdict.review, those of all
        broken rules that ask for a person, in order.
    """
    table = broken(rules, attributes, rows)
    drops = np.array([rule.action == "drop" for rule in rules], np.bool_)
    holds = np.array([rule.action == "hold" for rule in rules], np.bool_)
    held = np.count_nonzero(table & holds, axis=1) > 0
    out = np.concatenate([table & drops, held[:, None]], axis=1)
    reasons = [rule.reason for rule in rules]
    failed, review = _reasons(out, [*reasons, HELD]), _reasons(table & ~drops, reasons)
    keep = ~out.any(axis=1)
    first = [[*reasons, HELD][row.argmax()] if row.any() else None for row in out]
    return pa.record_batch([pa.array(keep), pa.array(first, pa.string()), failed, review], schema=VERDICT_SCHEMA)


def _reasons(table: NDArray[np.bool_], reasons: Sequence[str]) -> pa.ListArray:
    """Return for each row the reasons of its columns that are True, in order."""
    numbers = np.nonzero(table)[1]  # row by row
    offsets = np.concatenate([[0], np.cumsum(table.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array([reasons[number] for number in numbers.tolist()], pa.string()))
