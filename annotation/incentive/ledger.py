"""The ledger: rows that are entered once, each sealed by the one before it, and the check that nobody touched them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from pipeline.database import FIRST_SEAL, check_audit, now, record
from pipeline.errors import LedgerError
from pipeline.registry import (
    DIVIDEND,
    FEN,
    PAYMENTS,
    RESERVE,
    UNRESERVE,
    Account,
    Audit,
    Budget,
    Ledger,
    Reservation,
    Session,
    func,
    select,
)

POSTED = "ledger"
"""Action of the audit that says how far the ledger went: rows cut off its end are missed there."""
PRICED = ("value_fen", "tier", "norm_ms")
"""Of reservations: what a row that sets money aside says the sums of, so that no price can change afterwards."""
CHUNK = 500
"""Refs asked for at once: databases limit how many values one question may hold."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to be."""

    policy: str
    period: str
    party: str
    kind: str
    amount: int
    ref: str
    why: Mapping[str, Any] = field(default_factory=dict)
    unit: str = FEN
    scorer_version: str = ""
    inputs: str = ""


def digest(value: object) -> str:
    """Return the sha256 of plain values, hexadecimal."""
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def seal(row: Ledger) -> str:
    """Return the seal of a row: of everything it says, and of the row before it."""
    return digest([
        row.seq, row.at.isoformat(), row.policy, row.period, row.party, row.unit, row.kind, row.amount, row.ref,
        row.why, row.scorer_version, row.inputs, row.previous,
    ])  # fmt: skip


def post(opened: Session, entries: Iterable[Entry], actor: str) -> list[Ledger]:
    """Enter rows in the transaction; what is there already (party, kind, ref) is not entered again.

    Returns:
        The new rows.

    Raises:
        IntegrityError: a payment is more than was set aside; the database refuses it.
    """
    wanted = list(entries)
    there = _there(opened, [entry.ref for entry in wanted])
    last = opened.scalars(select(Ledger).order_by(Ledger.seq.desc()).limit(1)).first()
    seq, previous = (0, FIRST_SEAL) if last is None else (last.seq, last.seal)
    rows, at = [], now()
    for entry in wanted:
        place = (entry.party, entry.kind, entry.ref)
        if place in there:
            continue
        there.add(place)
        seq += 1
        row = Ledger(
            seq=seq, at=at, policy=entry.policy, period=entry.period, party=entry.party, unit=entry.unit,
            kind=entry.kind, amount=entry.amount, ref=entry.ref, why=dict(entry.why),
            scorer_version=entry.scorer_version, inputs=entry.inputs, previous=previous,
        )  # fmt: skip
        row.seal = previous = seal(row)
        rows.append(row)
    if rows:
        opened.add_all(rows)
        opened.flush()
        record(opened, actor, POSTED, seq=seq, seal=previous, rows=len(rows))
    return rows


def _there(opened: Session, refs: Sequence[str]) -> set[tuple[str, str, str]]:
    found = set()
    for begin in range(0, len(refs), CHUNK):
        some = select(Ledger.party, Ledger.kind, Ledger.ref).where(Ledger.ref.in_(refs[begin : begin + CHUNK]))
        found |= {(party, kind, ref) for party, kind, ref in opened.execute(some)}
    return found


def verify(opened: Session) -> dict[str, Any]:
    """Check every seal, that no row is missing, and that accounts and budgets say what the rows add up to.

    Returns:
        How many rows there are, the last seal, and fen by kind.

    Raises:
        LedgerError: something was changed, removed, put in or moved; the first such place.
    """
    check_audit(opened)
    previous, seq = FIRST_SEAL, 0
    sums: dict[str, int] = {}
    for row in opened.scalars(select(Ledger).order_by(Ledger.seq)):
        seq += 1
        if row.seq != seq or row.previous != previous or row.seal != seal(row):
            raise LedgerError(f"the ledger is broken at row {row.seq}: it is not what was written")
        previous = row.seal
        if row.unit == FEN:
            sums[row.kind] = sums.get(row.kind, 0) + row.amount
    told = opened.scalars(select(Audit).where(Audit.action == POSTED).order_by(Audit.seq.desc()).limit(1)).first()
    end = {"seq": 0, "seal": FIRST_SEAL} if told is None else told.detail
    if (end["seq"], end["seal"]) != (seq, previous):
        raise LedgerError(f"the ledger ends at row {seq}, but the audit saw {end['seq']} rows: some are gone or new")
    for what, held, owed in _sums(opened):
        if held != owed:
            raise LedgerError(f"{what}: {held} fen, but the rows behind it add up to {owed}")
    _check_prices(opened)
    return {"rows": seq, "seal": previous, "fen": sums}


def _check_prices(opened: Session) -> None:
    """Compare what stands as set aside with what was said when it was: prices are fixed then."""
    said: dict[tuple[str, ...], dict[str, int]] = {}
    unsaid: set[tuple[tuple[str, ...], str]] = set()
    for row in opened.scalars(select(Ledger).where(Ledger.kind.in_((RESERVE, UNRESERVE))).order_by(Ledger.seq)):
        why, sign = row.why, 1 if row.kind == RESERVE else -1
        label: tuple[str, ...] = (str(why.get("policy")), row.period, row.party, str(why.get("round")))
        sums = said.setdefault(label, {})
        for name in ("tasks", *PRICED):
            if name in why:
                sums[name] = sums.get(name, 0) + sign * int(why[name])
            else:  # entered by a program that did not say it yet
                unsaid.add((label, name))
    columns = [getattr(Reservation, name) for name in PRICED]
    group = (Reservation.policy, Reservation.version, Reservation.period, Reservation.contributor, Reservation.round)
    rows = opened.execute(
        select(*group, func.count(), *map(func.sum, columns)).where(Reservation.standing).group_by(*group)
    )
    found: dict[tuple[str, ...], dict[str, int]] = {
        (f"{policy} {version}", period, party, round_): dict(zip(("tasks", *PRICED), map(int, sums), strict=True))
        for policy, version, period, party, round_, *sums in rows
    }
    for key in sorted(said.keys() | found.keys()):
        for name in ("tasks", *PRICED):
            held, owed = found.get(key, {}).get(name, 0), said.get(key, {}).get(name, 0)
            if held != owed and (key, name) not in unsaid:
                raise LedgerError(
                    f"reservations of {key[2]} in round {key[3]} for {key[1]} under {key[0]}: {name} come to {held},"
                    f" but {owed} was set aside"
                )


def _sums(opened: Session) -> Iterator[tuple[str, int, int]]:
    """Yield what every kept sum says, and what it must."""
    by_kind: dict[tuple[str, str, str], dict[str, int]] = {}
    rows = opened.execute(
        select(Ledger.policy, Ledger.period, Ledger.party, Ledger.kind, func.sum(Ledger.amount))
        .where(Ledger.unit == FEN)
        .group_by(Ledger.policy, Ledger.period, Ledger.party, Ledger.kind)
    )
    shared: dict[tuple[str, str], int] = {}
    for policy, period, party, kind, amount in rows:
        by_kind.setdefault((policy, period, party), {})[kind] = int(amount)
        if kind == DIVIDEND:
            scope = (policy, f"dividend:{period}")
            shared[scope] = shared.get(scope, 0) + int(amount)
    reserved: dict[tuple[str, str, str], int] = {}
    budgets = dict(shared)
    for row in opened.execute(select(
        Reservation.policy, Reservation.period, Reservation.round, Reservation.contributor, func.sum(Reservation.fen)
    ).where(Reservation.standing).group_by(
        Reservation.policy, Reservation.period, Reservation.round, Reservation.contributor
    )):  # fmt: skip
        policy, period, round_, party, fen = row
        reserved[policy, period, party] = reserved.get((policy, period, party), 0) + int(fen)
        for scope in ((policy, period), (policy, f"round:{round_}")):
            budgets[scope] = budgets.get(scope, 0) + int(fen)
    accounts = {(one.policy, one.period, one.party): one for one in opened.scalars(select(Account))}
    for key in sorted(accounts.keys() | by_kind.keys() | reserved.keys()):
        kinds, account = by_kind.get(key, {}), accounts.get(key)
        held, paid = (0, 0) if account is None else (account.held_fen, account.paid_fen)
        name = f"account of {key[2]} for {key[1]} under {key[0]}"
        yield f"{name}, paid", paid, sum(kinds.get(kind, 0) for kind in PAYMENTS)
        yield f"{name}, set aside", held, reserved.get(key, 0)
        yield f"{name}, entered as set aside", kinds.get(RESERVE, 0) - kinds.get(UNRESERVE, 0), reserved.get(key, 0)
    for budget in opened.scalars(select(Budget)):
        yield (
            f"budget {budget.scope} of {budget.policy}",
            budget.held_fen,
            budgets.get((budget.policy, budget.scope), 0),
        )
