"""Which papers a source lacks on a day, and until when it has those that it has."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from importlib.resources import files
from typing import Any, Literal

from pipeline.clauses import Clause, clauses
from pipeline.registry import Authorisation, Paper, Source

State = Literal["missing", "expired", "revoked", "not yet valid", "lost", "refused"]
"""lost: the registry knows the paper, the workspace does not hold its bytes any more. refused: it says no."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that sources of some classes must show."""

    id: str
    classes: frozenset[str]
    """Empty: all."""
    clauses: tuple[Clause, ...]
    what: str
    remedy: str
    """Options of `qingyuan source add`."""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    papers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    until: tuple[str, ...] = ()
    batches: bool = False

    def concerns(self, source: Source) -> bool:
        """Return whether a source must show it."""
        if self.classes and source.kind not in self.classes:
            return False
        return all(getattr(source, name) in allowed for name, allowed in self.when.items())


@dataclass(frozen=True, slots=True)
class Lack:
    """What a source does not show."""

    demand: Demand
    state: State
    about: str
    """The paper or the field."""
    since: date | None = None

    @property
    def line(self) -> str:
        """Say it in a line."""
        since = "" if self.since is None else f" since {self.since}"
        return f"{self.about}: {self.state}{since}"


@dataclass(frozen=True)
class Checked:
    """What a source shows on a day."""

    source: str
    day: date
    demands: tuple[Demand, ...]
    lacks: tuple[Lack, ...]
    ends: Mapping[str, date]
    """Of what it shows: by paper or field the last day on which it holds, where there is one."""

    @cached_property
    def until(self) -> date | None:
        """The last day on which it still shows everything; None if nothing ends, or if something is lacking."""
        return None if self.lacks else min(self.ends.values(), default=None)

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "source": self.source, "day": self.day.isoformat(), "complete": not self.lacks,
            "until": None if self.until is None else self.until.isoformat(),
            "lacks": [
                {
                    "demand": one.demand.id, "about": one.about, "state": one.state,
                    "since": None if one.since is None else one.since.isoformat(), "what": one.demand.what,
                    "remedy": f"qingyuan source add {self.source} {one.demand.remedy}",
                    "clauses": [clause.as_json() for clause in one.demand.clauses],
                }
                for one in self.lacks
            ],
            "ends": {name: day.isoformat() for name, day in sorted(self.ends.items())},
        }  # fmt: skip


def _load() -> tuple[Demand, ...]:
    table = tomllib.loads((files("pipeline.sources") / "papers.toml").read_text("utf-8"))
    choices = ("when", "values", "never")
    return tuple(
        Demand(
            id=name, classes=frozenset(entry["classes"]) - {"all"}, clauses=clauses(*entry["clauses"]),
            what=entry["what"], remedy=entry["remedy"], papers=tuple(entry.get("papers", ())),
            fields=tuple(entry.get("fields", ())), until=tuple(entry.get("until", ())),
            batches=entry.get("batches", False),
            **{key: {one: tuple(words) for one, words in entry.get(key, {}).items()} for key in choices},
        )
        for name, entry in table.items()
    )  # fmt: skip


DEMANDS = _load()


def check_source(
    source: Source, papers: Sequence[Paper], batches: Sequence[Authorisation], day: date, kept: Callable[[str], bool]
) -> Checked:
    """Hold a source against all that its class must show.

    Args:
        source: its record.
        papers: its papers, those included that do not hold any more.
        batches: its users' authorisations, likewise.
        day: on which it is to hold.
        kept: whether the bytes of a digest are where they should be, and are those bytes.
    """
    concerned = tuple(demand for demand in DEMANDS if demand.concerns(source))
    lacks: list[Lack] = []
    ends: dict[str, date] = {}
    for demand in concerned:
        found = {f"paper {kind}": _paper(kind, papers, day, kept) for kind in demand.papers}
        found |= _said(demand, source, day)
        if demand.batches:
            found["authorisation of users"] = _batches(batches, day)
        for about, (state, when) in found.items():
            if state is not None:
                lacks.append(Lack(demand, state, about, when))
            elif when is not None:
                ends[about] = min(when, ends.get(about, when))
    return Checked(source.name, day, concerned, tuple(lacks), ends)


def batch_holds(batch: Authorisation, day: date) -> bool:
    """Return whether a batch of authorisations lets us train on its users' input on a day."""
    revoked = batch.revoked is not None and batch.revoked <= day
    ended = batch.valid_until is not None and batch.valid_until < day
    return batch.use == "training" and not revoked and not ended and batch.granted <= day


Holding = tuple[State | None, date | None]
"""What is wrong with it and since when; or nothing and its last day."""


def _said(demand: Demand, source: Source, day: date) -> dict[str, Holding]:
    """Return how it stands with what a source says of itself."""
    found: dict[str, Holding] = {}
    for name in demand.fields:
        found[name] = (None if getattr(source, name) else "missing", None)
    for name, allowed in demand.values.items():
        said = getattr(source, name)
        if said not in allowed:
            found[f"{name} {said or ''}".rstrip()] = ("missing" if said is None else "refused", None)
    for name, words in demand.never.items():
        if getattr(source, name) in words:
            found[f"{name} {getattr(source, name)}"] = ("refused", None)
    for name in demand.until:
        last = getattr(source, name)
        if last is not None:
            found[name] = ("expired" if last < day else None, last)
    return found


def _paper(kind: str, papers: Sequence[Paper], day: date, kept: Callable[[str], bool]) -> Holding:
    """Return how it stands with the papers of a kind: one that holds is enough, the one that holds longest counts."""
    of_kind = [paper for paper in papers if paper.kind == kind]
    if not of_kind:
        return "missing", None
    states = [_one_paper(paper, day, kept) for paper in of_kind]
    holding = [last for state, last in states if state is None]
    if holding:
        return None, None if None in holding else max(last for last in holding if last is not None)
    return states[-1]


def _one_paper(paper: Paper, day: date, kept: Callable[[str], bool]) -> Holding:
    if paper.revoked is not None and paper.revoked <= day:
        return "revoked", paper.revoked
    if paper.valid_until is not None and paper.valid_until < day:
        return "expired", paper.valid_until
    if paper.valid_from is not None and paper.valid_from > day:
        return "not yet valid", None
    return (None, _last_day(paper)) if kept(paper.sha256) else ("lost", None)


def _last_day(one: Paper | Authorisation) -> date | None:
    """Return the last day on which it holds: a revocation may lie ahead."""
    ends = [one.valid_until, None if one.revoked is None else one.revoked - timedelta(1)]
    return min((end for end in ends if end is not None), default=None)


def _batches(batches: Sequence[Authorisation], day: date) -> Holding:
    if not batches:
        return "missing", None
    holding = [_last_day(batch) for batch in batches if batch_holds(batch, day)]
    if holding:
        return None, None if None in holding else max(last for last in holding if last is not None)
    revoked = [batch.revoked for batch in batches if batch.revoked is not None and batch.revoked <= day]
    if revoked:
        return "revoked", max(revoked)
    ended = [batch.valid_until for batch in batches if batch.valid_until is not None and batch.valid_until < day]
    return ("expired", max(ended)) if ended else ("refused", None)
