"""Appeals: somebody says that an answer was judged wrongly, and one who has not seen the text judges it again."""

from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from annotation.people import find_person
from annotation.standing import Reading, Standing
from pipeline.database import now, record
from pipeline.errors import RecipeError
from pipeline.registry import (
    CORRECTION,
    ISSUED,
    SETTLEMENT,
    VOID,
    WITHDRAWN,
    Answer,
    Assignment,
    Item,
    Ledger,
    Request,
    Reservation,
    Round,
    Session,
    select,
)
from pipeline.request.void import void_items

DAYS = 10
"""Within which an appeal is to be decided."""
GROUND_CHARS = 2000
JUDGED = ("annotator", "reviewer")
"""Roles whose answers somebody else judges; an adjudicator's verdict is what others are judged by."""


def appeal(
    opened: Session, round_: Round, pseudonym: str, document: str, ground: str, *, late: bool = False
) -> Request:  # fmt: skip
    """Open an appeal: somebody who has not seen the document will judge it again.

    Args:
        opened: the transaction.
        round_: the round.
        pseudonym: who appeals.
        document: its id or, as the person sees it in Label Studio, the task's number behind a #.
        ground: what the person says.
        late: hear it though the time that the person's statement says is over.

    Raises:
        RecipeError: nobody could judge it or a judgement would change nothing, the person has no valid answer to it or
            has appealed before, or it is too late.
    """
    find_person(opened, pseudonym)
    if not 0 < len(ground.strip()) <= GROUND_CHARS:
        raise RecipeError(f"the ground of an appeal is what the person says, up to {GROUND_CHARS:,} characters")
    if round_.purpose == "exam":
        raise RecipeError(
            f'round "{round_.name}" is an exam: its gold decides, and nobody judges it again. Where a label of the gold'
            f" is wrong, mend it and hold another exam, or enter the result: qingyuan annotate people qualify"
            f" {pseudonym} --kind {round_.kind} --rule-version {round_.rule_version} --evidence ..."
        )
    item, held = _answered(opened, round_, pseudonym, document)
    before = opened.scalars(
        select(Request).where(Request.kind == "appeal", Request.contributor == pseudonym, Request.item == item.id)
    ).first()
    if before is not None:
        raise RecipeError(f'{pseudonym} has appealed about "{document}" before: {before.decision}')
    if item.state == VOID:
        raise RecipeError(
            f'"{document}" is void, {_why_void(opened, item)}: nobody is measured by its answers, so a judgement would'
            " change nothing. What is legal of it may be asked anew, in another round"
        )
    over = None if late else _over(opened, held)
    if over is not None:
        raise RecipeError(
            f"the time to appeal ended on {over}, as {pseudonym}'s statement says; to hear it all the same: --late"
        )
    request = Request(
        kind="appeal", contributor=pseudonym, item=item.id, ground=ground.strip(), opened_at=now(),
        deadline=now() + timedelta(days=DAYS),
    )  # fmt: skip
    opened.add(request)
    record(opened, pseudonym, "appeal", round=round_.name, item=item.id, **({"late": True} if late else {}))
    opened.flush()
    return request


def _why_void(opened: Session, item: Item) -> str:
    gone = item.id in void_items(opened)
    return "since its text was taken down" if gone else "since illegal content was found in its batch"


def _answered(opened: Session, round_: Round, pseudonym: str, document: str) -> tuple[Item, Assignment]:
    """Return what an appeal is about.

    Raises:
        RecipeError: the person has no valid answer to it that somebody judges; why.
    """
    task = int(document[1:]) if document.startswith("#") and document[1:].isdecimal() else None
    about = Item.document == document if task is None else Assignment.task == task
    rows: list[Any] = list(opened.execute(
        select(Item, Assignment, Answer)
        .join(Assignment, Assignment.item == Item.id)
        .outerjoin(Answer, (Answer.assignment == Assignment.id) & Answer.latest)
        .where(Item.round == round_.id, about, Assignment.contributor == pseudonym)
        .order_by(Assignment.id, Answer.sequence)
    ))  # fmt: skip
    if not rows:
        if task is not None:
            raise RecipeError(
                f'there is no task #{task} of {pseudonym} in round "{round_.name}"; the number stands at the top of the'
                " page in Label Studio"
            )
        known = opened.scalars(select(Item.document).where(Item.round == round_.id)).all()
        near = get_close_matches(document, known, n=1) if document not in known else []
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise RecipeError(f'{pseudonym} was not asked about "{document}" in round "{round_.name}"{hint}')
    valid = [(item, held) for item, held, answer in rows if answer is not None and answer.valid]
    judged = [(item, held) for item, held in valid if held.role in JUDGED]
    if judged:
        return judged[-1]
    none = f'{pseudonym} has no valid answer to "{document}" in round "{round_.name}"'
    if valid:
        raise RecipeError(f'{pseudonym} has decided "{document}" as a third person, and nobody judges that verdict')
    _, held, answer = rows[-1]
    if answer is not None:
        raise RecipeError(f"{none}: it was refused, {answer.refusal}; only what was judged can be judged again")
    state = {ISSUED: "it is still to be answered", WITHDRAWN: "it was taken back"}.get(held.state, held.state)
    raise RecipeError(f"{none}: {state}")


def _over(opened: Session, held: Assignment) -> str | None:
    """Return the day until which one could appeal about an answer, if it is over; it runs from the last settlement."""
    rows = opened.scalars(
        select(Ledger)
        .join(Reservation, (Reservation.period == Ledger.period) & (Reservation.policy == Ledger.policy))
        .where(
            Reservation.assignment == held.id, Ledger.party == held.contributor,
            Ledger.kind.in_((SETTLEMENT, CORRECTION)),
        )
    ).all()  # fmt: skip
    until = max((str(row.why.get("appeal_until") or "") for row in rows), default="")
    return until if until and now().date() > date.fromisoformat(until) else None


def appealed_items(opened: Session, round_: Round) -> list[int]:
    """Return the items of a round about which an appeal is pending."""
    return list(opened.scalars(
        select(Item.id).where(Item.round == round_.id, Item.id.in_(
            select(Request.item).where(Request.kind == "appeal", Request.decision == "pending")
        )).order_by(Item.id)
    ))  # fmt: skip


def settle_appeals(opened: Session, round_: Round, standing: list[Standing], reading: Reading) -> list[Request]:
    """Decide the appeals that an adjudicator has answered; his verdict becomes gold for everybody who answered it.

    Annotators and reviewers may be right; who has deleted since what he appealed about is not. Refused without a
    verdict is what became void after it was entered: it would wait for ever.
    """
    by_item = {one.item.id: one for one in standing}
    pending = opened.scalars(
        select(Request).where(
            Request.kind == "appeal", Request.decision == "pending", Request.item.in_(list(by_item))
        ).order_by(Request.id)
    ).all()  # fmt: skip
    decided = []
    for request in pending:
        one = by_item[request.item or 0]
        verdicts = [held for held in one.said("adjudicator") if held.assignment.issued_at >= request.opened_at]
        if not verdicts:
            if one.item.state == VOID:
                _decide(opened, request, "refused", "qingyuan", round_, why=f"void, {_why_void(opened, one.item)}")
                decided.append(request)
            continue
        verdict = verdicts[-1].answer
        assert verdict is not None
        own = [held.answer for held in one.held if held.assignment.contributor == request.contributor]
        decision = reading.category(verdict.label or {})
        right = any(said is not None and reading.category(said.label or {}) == decision for said in own)
        _decide(opened, request, "granted" if right else "refused", verdicts[-1].assignment.contributor, round_)
        one.item.gold, one.item.is_gold = verdict.label, True
        one.item.gold_revision += 1
        decided.append(request)
    opened.flush()
    return decided


def _decide(opened: Session, request: Request, decision: str, by: str, round_: Round, **why: str) -> None:
    request.decision, request.decided_at, request.decided_by = decision, now(), by
    record(opened, by, f"appeal {decision}", round=round_.name, item=request.item, **why)
