"""Professions: who is verified in a domain, and the rounds that only such people see."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from annotation.people import find_person
from annotation.round_file import check_domain
from annotation.standing import form_of
from pipeline.database import now, record
from pipeline.errors import RecipeError
from pipeline.registry import ISSUED, WITHDRAWN, Assignment, Credential, Item, Round, Session, select


def verify_credential(
    opened: Session, pseudonym: str, *, domain: str, verifier: str, valid_days: int, evidence: str
) -> Credential:
    """Enter that somebody has verified a person's profession; the papers themselves are kept elsewhere.

    Raises:
        RecipeError: there is no such person or domain, or people would verify themselves.
    """
    check_domain(domain, "the credential")
    find_person(opened, pseudonym)
    if verifier == pseudonym:
        raise RecipeError(f"{pseudonym} cannot verify a credential of their own; --verifier names who has seen it")
    at = now()
    made = Credential(
        contributor=pseudonym, domain=domain, verified_by=verifier, verified_at=at,
        verified_until=at + timedelta(days=valid_days), evidence=evidence,
    )  # fmt: skip
    opened.add(made)
    record(opened, verifier, "credential verified", contributor=pseudonym, domain=domain,
           until=made.verified_until.isoformat(), evidence=evidence)  # fmt: skip
    opened.flush()
    return made


def revoke_credential(opened: Session, pseudonym: str, *, domain: str, verifier: str, why: str) -> int:
    """End a person's credentials in a domain now; their open tasks are taken back with the next push or sync.

    Returns:
        How many were in force.

    Raises:
        RecipeError: none was.
    """
    check_domain(domain, "the credential")
    find_person(opened, pseudonym)
    at = now()
    rows = opened.scalars(
        select(Credential).where(Credential.contributor == pseudonym, Credential.domain == domain)
    ).all()
    ended = [row for row in rows if row.holds(at)]
    if not ended:
        raise RecipeError(f'{pseudonym} has no credential in "{domain}" that is in force')
    for row in ended:
        row.revoked_at = at
    record(opened, verifier, "credential revoked", contributor=pseudonym, domain=domain, why=why)
    opened.flush()
    return len(ended)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everybody's credentials in one domain, as far back as they go."""

    rows: dict[str, list[Credential]]

    @classmethod
    def read(cls, opened: Session, domain: str) -> "Credentials":
        """Read them."""
        rows: dict[str, list[Credential]] = defaultdict(list)
        for row in opened.scalars(select(Credential).where(Credential.domain == domain)):
            rows[row.contributor].append(row)
        return cls(dict(rows))

    def held(self, person: str, at: datetime) -> bool:
        """Return whether a person held one at a time."""
        return any(row.holds(at) for row in self.rows.get(person, ()))

    def among(self, people: Iterable[str], at: datetime) -> set[str]:
        """Return those who held one at a time."""
        return {person for person in people if self.held(person, at)}


def locked(opened: Session, round_: Round) -> Credentials | None:
    """Return the credentials that a round asks for, or None if everybody may work in it."""
    domain = form_of(round_).round.domain_locked
    return None if domain is None else Credentials.read(opened, domain)


def withdraw_lapsed(opened: Session, round_: Round, at: datetime) -> dict[str, int]:
    """Take back, in a locked round, what is open with people whose credential is revoked or expired.

    Returns:
        Person -> assignments taken back; what they answered while it was in force stays.
    """
    credentials = locked(opened, round_)
    if credentials is None:
        return {}
    waiting = opened.scalars(
        select(Assignment).join(Item, Item.id == Assignment.item)
        .where(Item.round == round_.id, Assignment.state == ISSUED).order_by(Assignment.id)
    ).all()  # fmt: skip
    taken: dict[str, int] = defaultdict(int)
    for assignment in waiting:
        if not credentials.held(assignment.contributor, at):
            assignment.state = WITHDRAWN
            taken[assignment.contributor] += 1
    for person, number in sorted(taken.items()):
        record(opened, "qingyuan", "credential lapsed", contributor=person, round=round_.name, withdrawn=number)
    opened.flush()
    return dict(taken)


def barred(opened: Session, round_: Round, people: Sequence[str], at: datetime) -> set[str]:
    """Return who of them must not get into a round any more for want of a credential."""
    credentials = locked(opened, round_)
    return set() if credentials is None else set(people) - credentials.among(people, at)
