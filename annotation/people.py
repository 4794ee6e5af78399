"""People: who they are to us, what they have shown that they can do, and what they ask of us."""

import re
from collections import defaultdict
from datetime import timedelta
from typing import Any

from annotation.distribution import qualified
from annotation.standing import Reading, form_of, load_standing
from pipeline.database import now, record
from pipeline.errors import RecipeError
from pipeline.registry import (
    ANSWERED,
    ISSUED,
    VOID,
    WITHDRAWN,
    Assignment,
    Contributor,
    Credential,
    Qualification,
    Round,
    Session,
    select,
)

PSEUDONYM = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def check_pseudonym(pseudonym: str) -> None:
    """Check that a name can be that of one of Label Studio's accounts.

    Raises:
        RecipeError: it cannot.
    """
    if PSEUDONYM.fullmatch(pseudonym) is None:
        raise RecipeError(f"{pseudonym!r} is no pseudonym: small letters, digits, - and _, and no name of anybody")


def add_person(opened: Session, pseudonym: str, *, daily_cap: int | None = None) -> Contributor:
    """Enter a person under a pseudonym, or find him again; whose name it is must be kept elsewhere.

    Raises:
        RecipeError: it is no pseudonym that Label Studio's accounts can have.
    """
    check_pseudonym(pseudonym)
    person = opened.get(Contributor, pseudonym)
    if person is None:
        person = Contributor(id=pseudonym, since=now(), daily_cap=daily_cap)
        opened.add(person)
        record(opened, "operator", "person added", contributor=pseudonym)
    else:
        person.active = True
        person.daily_cap = person.daily_cap if daily_cap is None else daily_cap
    opened.flush()
    return person


def suspend(opened: Session, pseudonym: str) -> int:
    """Let a person work no more and take back what he has not answered; others get it with the next push.

    Returns:
        How many assignments were taken back.
    """
    person = find_person(opened, pseudonym)
    person.active = False
    waiting = opened.scalars(
        select(Assignment).where(Assignment.contributor == pseudonym, Assignment.state == ISSUED)
    ).all()
    for assignment in waiting:
        assignment.state = WITHDRAWN
    record(opened, "operator", "person suspended", contributor=pseudonym, withdrawn=len(waiting))
    return len(waiting)


def find_person(opened: Session, pseudonym: str) -> Contributor:
    """Return a person who is there.

    Raises:
        RecipeError: there is none of this pseudonym.
    """
    person = opened.get(Contributor, pseudonym)
    if person is None:
        raise RecipeError(f'there is nobody called "{pseudonym}"; `qingyuan annotate people add {pseudonym}` adds them')
    return person


def qualify(
    opened: Session, pseudonym: str, *, kind: str, rule_version: str, role: str, score: float, passed: bool,
    valid_days: int, evidence: str,
) -> Qualification:  # fmt: skip
    """Enter the result of an exam, one that was held in Label Studio or elsewhere.

    Raises:
        RecipeError: there is nobody of this pseudonym, or the score is no share.
    """
    find_person(opened, pseudonym)
    if not 0 <= score <= 1:
        raise RecipeError(f"the score of an exam is from 0 to 1, not {score}")
    taken = now()
    exam = Qualification(
        contributor=pseudonym, kind=kind, rule_version=rule_version, role=role, score=score, passed=passed,
        taken_at=taken, valid_until=taken + timedelta(days=valid_days), evidence=evidence,
    )  # fmt: skip
    opened.add(exam)
    record(opened, "qingyuan", "exam", contributor=pseudonym, kind=kind, role=role, score=score, passed=passed)
    opened.flush()
    return exam


def settle_exam(opened: Session, round_: Round, reading: Reading) -> list[Qualification]:
    """Mark the papers of everybody who has answered all of an exam, once."""
    form = form_of(round_)
    marked = set(opened.scalars(select(Qualification.contributor).where(Qualification.evidence == round_.name)))
    papers: dict[str, list[bool | None]] = defaultdict(list)
    for one in load_standing(opened, round_, reading):
        for held in one.held if one.item.state != VOID else ():  # taken down: nobody is asked of it any more
            right = None
            if held.assignment.state == ANSWERED:
                said = None if held.answer is None or held.answer.label is None else held.answer.label
                right = said is not None and reading.category(said) == reading.category(one.item.gold or {})
            papers[held.assignment.contributor].append(right)
    exams = []
    for person, paper in sorted(papers.items()):
        if person in marked or None in paper:
            continue
        score = sum(map(bool, paper)) / len(paper)
        exams.append(qualify(
            opened, person, kind=round_.kind, rule_version=round_.rule_version, role=form.exam.role, score=score,
            passed=score >= form.exam.pass_score, valid_days=form.exam.valid_days, evidence=round_.name,
        ))  # fmt: skip
    return exams


def list_people(opened: Session) -> list[dict[str, Any]]:
    """Return everybody, what they are qualified for today, and the professions that are verified."""
    exams = opened.scalars(select(Qualification)).all()
    credentials = opened.scalars(select(Credential).order_by(Credential.domain)).all()
    asked = sorted({(exam.kind, exam.rule_version, exam.role) for exam in exams})
    able = {key: qualified(exams, kind=key[0], rule_version=key[1], role=key[2], at=now()) for key in asked}
    return [
        {
            "name": person.id, "active": person.active, "account": person.account, "daily_cap": person.daily_cap,
            "qualified": [f"{role} of {kind} {version}" for (kind, version, role), names in able.items()
                          if person.id in names],
            "credentials": [f"{row.domain} until {row.verified_until:%Y-%m-%d}" for row in credentials
                            if row.contributor == person.id and row.holds(now())],
        }
        for person in opened.scalars(select(Contributor).order_by(Contributor.id))
    ]  # fmt: skip
