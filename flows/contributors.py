"""Contributor metrics in the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

FULL = 10_000
"""Basis points of 1."""


def contributor_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a table of people, and what they should be looked at for."""
    from flows.console import table  # noqa: PLC0415 - not for --help

    if not rows:
        return ["nobody has worked in this period"]
    shown = [
        [
            row["contributor"], row["kind"], "-" if row["tier"] is None else f"T{row['tier']}", _j(row),
            _golds(row), row["answers"], row["skips"], row["refused"] + row["forged"] + row["late"],
            f"{row['active_seconds'] / 3600:.1f}", _number(row["pace"]), _number(row["agreement"]),
            _number(row["difficulty"]), _number(row["drift"], sign=True), f"{row['appeals_granted']}/{row['appeals']}",
            row["qualification"],
        ]
        for row in rows
    ]  # fmt: skip
    columns = ["person", "kind", "tier", "J (90 %)", "golds", "valid", "skips", "refused", "hours", "pace", "agreement",
               "difficulty", "drift", "appeals", "exam"]  # fmt: skip
    flagged = [(row["contributor"], row["kind"], ", ".join(row["flags"])) for row in rows if row["flags"]]
    look = [f"  LOOK AT {person} ({kind}): {flags}" for person, kind, flags in flagged]
    return [table(shown, columns, frozenset(range(3, 14))), *look]


def _j(row: Mapping[str, Any]) -> str:
    if row["j_bp"] is None:
        return "-"
    j, low, high = (row[name] / FULL for name in ("j_bp", "j_low_bp", "j_high_bp"))
    return f"{j:.2f} ({low:.2f} - {high:.2f})"


def _golds(row: Mapping[str, Any]) -> str:
    seen, right = (sum(one[name] for one in row["gold_classes"]) for name in ("seen", "right"))
    return f"{right}/{seen}"


def _number(value: float | None, *, sign: bool = False) -> str:
    return "-" if value is None else f"{value:+.2f}" if sign else f"{value:.2f}"
