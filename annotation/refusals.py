"""Most of what somebody sent does not count: said before a round is over, with the reason and where it is set."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from pipeline.registry import Answer, Assignment, Item, Round, Session, select

LEAST = 3
"""Answers of somebody before that is said of him."""
NO_FAULT = frozenset({"skipped", "deleted"})
"""Refusals that are somebody's own decision and no refused work."""
CAUSES = {
    "too fast": "[people] floor_seconds in the round's file sets the bound, for good once a round is open: give people"
    " longer texts, or the next round a lower one (0 refuses nobody for haste)",
    "no credential": "qingyuan annotate people verify enters one",
    "invalid": "the page or a script sends what is no answer to the question",
}
"""How a reason begins -> where to look."""


def refusal_warnings(opened: Session, round_: Round) -> list[str]:
    """Return a sentence for the round, or else for each person, of whose answers most are refused."""
    rows = opened.execute(
        select(Assignment.contributor, Answer.valid, Answer.refusal)
        .join(Answer, Answer.assignment == Assignment.id)
        .join(Item, Item.id == Assignment.item)
        .where(Item.round == round_.id, Answer.latest)
        .order_by(Assignment.contributor)
    ).all()
    people: dict[str, list[str | None]] = defaultdict(list)
    for person, valid, refusal in rows:
        if refusal not in NO_FAULT:
            people[person].append(None if valid else refusal)
    of_all = _sentence(f'of round "{round_.name}"', (reason for one in people.values() for reason in one))
    if of_all is not None:
        return [of_all]
    found = [_sentence(f'of {person} in round "{round_.name}"', said) for person, said in people.items()]
    return [one for one in found if one is not None]


def _sentence(whose: str, said: Iterable[str | None]) -> str | None:
    """Say that most are refused, and why; None where they are not. `said` has None for each answer that counts."""
    reasons = Counter(said)
    number = reasons.total()
    refused = number - reasons.pop(None, 0)
    if number < LEAST or 2 * refused <= number:
        return None
    why = max(sorted(one for one in reasons if one), key=lambda one: reasons[one])
    causes = [cause for start, cause in CAUSES.items() if why.startswith(start)]
    return f"{refused} of {number} answers {whose} are REFUSED and do not count, most as: {'. '.join([why, *causes])}"
