"""Which months hold work: settling one that holds none is refused, and one that waits for its settlement is named."""

from annotation.incentive.policy import Calendar
from pipeline.errors import RecipeError
from pipeline.registry import ANSWERED, SETTLEMENT, Answer, Assignment, Ledger, Reservation, Session, select


def check_month(opened: Session, period: str, calendar: Calendar) -> None:
    """Refuse a month in which nothing was sent, issued, answered or set aside.

    Raises:
        RecipeError: it holds none; the months that do are said.
    """
    begin, end = calendar.bounds(period)
    traces = (
        select(Reservation.assignment).where(Reservation.period == period).limit(1),
        select(Assignment.id).where(Assignment.issued_at >= begin, Assignment.issued_at < end).limit(1),
        select(Answer.id).where(Answer.at >= begin, Answer.at < end).limit(1),
    )
    if any(opened.execute(one).first() is not None for one in traces):
        return
    months = set(opened.scalars(select(Reservation.period).distinct()))
    for moments in (select(Assignment.issued_at).distinct(), select(Answer.at).distinct()):
        months |= {calendar.period_at(at) for at in opened.scalars(moments)}
    there = f"there is work in {', '.join(sorted(months))}" if months else "there is no work in any month yet"
    raise RecipeError(f"there is nothing to pay for in {period}: no task of any round belongs to it; {there}")


def unsettled(opened: Session, period: str) -> list[str]:
    """Return the months before a period whose work is answered, at least in part, and was never settled."""
    answered = (
        select(Reservation.period).join(Assignment, Assignment.id == Reservation.assignment)
        .where(Reservation.standing, Reservation.period < period, Assignment.state == ANSWERED).distinct()
    )  # fmt: skip
    settled = set(opened.scalars(select(Ledger.period).where(Ledger.kind == SETTLEMENT).distinct()))
    return sorted(set(opened.scalars(answered)) - settled)
