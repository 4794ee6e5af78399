"""Sharing a whole number out exactly, by largest remainder, equals by name; and the dividend of a period, shared so."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from annotation.incentive.ledger import Entry
from annotation.incentive.settlement import Share
from pipeline.registry import DIVIDEND, VOID, Budget, Item, Ledger, Request, Round, Session, select


def share_out(pool: int, points: Mapping[str, int]) -> dict[str, int]:
    """Share `pool` out in proportion to points: the parts sum to it exactly, or are all 0 if nobody has points.

    Each gets the whole part of his quota; what is left goes one by one to the largest remainders, among equal ones in
    the order of names (Hamilton's method, also Hare–Niemeyer). Who has more points than before, all else alike, never
    gets less: his quota grows and every other's shrinks.

    Raises:
        ValueError: a pool or points below 0.
    """
    if pool < 0 or any(number < 0 for number in points.values()):
        raise ValueError("neither a pool nor points can be below 0")
    total = sum(points.values())
    if total == 0:
        return dict.fromkeys(points, 0)
    parts = {name: pool * number // total for name, number in points.items()}
    left = pool - sum(parts.values())
    order = sorted(points, key=lambda name: (-(pool * points[name] % total), name))
    for name in order[:left]:
        parts[name] += 1
    return parts


def dividends(
    opened: Session, period: str, end: datetime, found: Sequence[Share], rounds: Collection[str], at: datetime
) -> tuple[list[Entry], str]:
    """Return the dividends of a period, and a word about them. It is shared out once, and corrected never.

    So it waits until the period is over, nobody is suspected without a decision, and no appeal is open about a round
    that the period pays for; those about void batches do not count, which measure nobody.

    Args:
        opened: the transaction.
        period: the month.
        end: when it is over.
        found: everybody's share of its work.
        rounds: those whose work the period pays for, by name.
        at: the time it is.
    """
    if at < end:
        return [], "the dividend waits until the period is over"
    if any(share.measured.copying == "suspected" for share in found):
        return [], "the dividend waits until somebody has decided about those who are suspected of copying"
    appealed = set(opened.scalars(
        select(Round.name).join(Item, Item.round == Round.id).join(Request, Request.item == Item.id)
        .where(Request.kind == "appeal", Request.decision == "pending", Item.state != VOID)
    ))  # fmt: skip
    if appealed & set(rounds):
        return [], "the dividend waits until all appeals are decided"
    entries: list[Entry] = []
    for name in sorted({share.policy.name for share in found}):
        told = select(Ledger.seq).where(Ledger.kind == DIVIDEND, Ledger.policy == name, Ledger.period == period)
        if opened.scalars(told.limit(1)).first() is None:
            entries += _pool(opened, period, name, [share for share in found if share.policy.name == name])
    return entries, f"{sum(entry.amount for entry in entries)} fen of dividend"


def _pool(opened: Session, period: str, policy: str, found: Sequence[Share]) -> list[Entry]:
    """Share out what was taken off the period's budget: of several versions the one that was last pushed says it."""
    budget = opened.get(Budget, (policy, f"dividend:{period}"))
    pool = 0 if budget is None else budget.fen
    points: dict[str, int] = {}
    for share in found:
        points[share.party] = points.get(share.party, 0) + share.points()
    told = {"points_total": sum(points.values()), "pool_fen": pool, "people": sum(map(bool, points.values())),
            "policy": ", ".join(sorted({share.policy.label for share in found}))}  # fmt: skip
    return [
        Entry(policy, period, party, DIVIDEND, fen, f"{period}/{policy}", {"points": points[party], **told})
        for party, fen in sorted(share_out(pool, points).items()) if fen
    ]  # fmt: skip
