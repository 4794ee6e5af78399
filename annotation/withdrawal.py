"""Tasks of documents that were taken down leave Label Studio: first what was answered is fetched, then they go."""

from annotation.label_studio.client import LabelStudio
from pipeline.database import record, session
from pipeline.registry import Assignment, Engine, Item, Round, Session, select
from pipeline.request.void import void_items


def due(opened: Session) -> dict[str, list[Assignment]]:
    """Return, by round, the assignments whose tasks may still be on the server though their text was taken out."""
    rows = opened.execute(
        select(Round.name, Assignment)
        .join(Item, Item.round == Round.id).join(Assignment, Assignment.item == Item.id)
        .where(Item.id.in_(void_items(opened)), Assignment.project.is_not(None))
        .order_by(Round.id, Assignment.id)
    ).all()  # fmt: skip
    found: dict[str, list[Assignment]] = {}
    for name, assignment in rows:
        found.setdefault(name, []).append(assignment)
    return found


def withdraw_tasks(engine: Engine, studio: LabelStudio) -> int:
    """Delete the tasks of documents that were taken down; return how many. Killed anywhere, the next call goes on.

    A task is forgotten here before it is deleted there: what the server notes of its deletion must not undo the answer.
    Until its project is forgotten too, it is looked for by its key.
    """
    with session(engine) as opened:
        rounds = due(opened)
    deleted = 0
    for name, assignments in rounds.items():
        for project in sorted({one.project for one in assignments if one.project is not None}):
            ours = [one for one in assignments if one.project == project]
            there = studio.task_keys(project)
            _forget(engine, ours, project=project)
            tasks = sorted(there[one.key] for one in ours if one.key in there)
            for task in tasks:
                studio.delete_task(task)
            _forget(engine, ours, project=None)
            deleted += len(tasks)
            with session(engine) as opened:
                record(opened, "qingyuan", "takedown.tasks", round=name, tasks=len(tasks))
    return deleted


def _forget(engine: Engine, assignments: list[Assignment], *, project: int | None) -> None:
    with session(engine) as opened:
        numbers = [one.id for one in assignments]
        for row in opened.scalars(select(Assignment).where(Assignment.id.in_(numbers))):
            row.project, row.task = project, None
