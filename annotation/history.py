"""What was said before of each assignment: every revision stays, and what came too late changes nothing."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from annotation.label_studio.client import Revision
from pipeline.registry import ANSWERED, ISSUED, WITHDRAWN, Answer, Assignment, Session, select

FORGED = "forged"
"""How the refusal of an answer begins that somebody else sent: it is kept, and changes nothing."""

LATE = "late"
"""How the refusal of a change begins that came after somebody had judged the answer: as with what is forged."""

RANKS = {"annotator": 0, "reviewer": 1, "adjudicator": 2}
"""Who judges whom: a higher one has read what a lower one said."""


class History:
    """What was said before, to which each revision is added."""

    def __init__(self, opened: Session, assignments: Sequence[int]) -> None:
        rows = opened.scalars(
            select(Answer).where(Answer.assignment.in_(assignments)).order_by(Answer.sequence)
        ).all()  # fmt: skip
        self._seen = {(row.assignment, row.sequence) for row in rows}
        self._latest = {(row.assignment, row.annotation): row for row in rows if row.latest}
        self._count = {(row.assignment, row.annotation): row.revision for row in rows}
        self._said = {row.assignment: row.at for row in reversed(rows) if not (row.refusal or "").startswith(FORGED)}
        self._judged = _judged(opened, assignments)

    def has(self, assignment: Assignment, revision: Revision) -> bool:
        """Return whether a revision was stored before."""
        return (assignment.id, revision.sequence) in self._seen

    def judged_before(self, assignment: Assignment, at: datetime) -> bool:
        """Return whether a change at that time is of what its author had said when somebody further up judged it."""
        said = self._said.get(assignment.id)
        later = [judged for rank, judged in self._judged.get(assignment.item, ()) if rank > RANKS[assignment.role]]
        return said is not None and any(said < judged < at for judged in later)

    def add(self, opened: Session, assignment: Assignment, answer: Answer) -> None:
        """Add an answer; it takes the place of the last one, unless it is forged or late, or that came after it."""
        place = (assignment.id, answer.annotation)
        answer.revision = self._count[place] = self._count.get(place, 0) + 1
        last = self._latest.get(place)
        answer.latest = not (answer.refusal or "").startswith((FORGED, LATE)) and (
            last is None or last.sequence < answer.sequence
        )
        if answer.latest:
            if last is not None:
                last.latest = False
                opened.flush()  # one is the latest, at every moment
            self._latest[place] = answer
            if assignment.state != WITHDRAWN:
                assignment.state = ISSUED if answer.deleted else ANSWERED
        opened.add(answer)
        if not (answer.refusal or "").startswith(FORGED):
            self._said.setdefault(assignment.id, answer.at)
        if answer.valid and RANKS[assignment.role]:
            self._judged[assignment.item].append((RANKS[assignment.role], answer.at))


def _judged(opened: Session, assignments: Sequence[int]) -> dict[int, list[tuple[int, datetime]]]:
    """Return when each item was judged, and by whom: what counts now, of those who still hold their role on it."""
    rows = opened.execute(
        select(Assignment.item, Assignment.role, Answer.at)
        .join(Answer, (Answer.assignment == Assignment.id) & Answer.latest & Answer.valid)
        .where(
            Assignment.role != "annotator", Assignment.state != WITHDRAWN,
            Assignment.item.in_(select(Assignment.item).where(Assignment.id.in_(assignments))),
        )
    ).all()  # fmt: skip
    judged: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    for item, role, at in rows:
        judged[item].append((RANKS[role], at))
    return judged


def naive(moment: datetime) -> datetime:
    """Return a time as the registry keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
