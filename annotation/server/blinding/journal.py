"""The journal: every change of an annotation becomes a row of its own, in order, at the moment it happens.

Label Studio keeps only the last state, and the community edition no history. A reader who knows the last sequence
number he has read gets what came after it, and nothing twice.
"""

from functools import cache
from typing import Any

from core.current_request import CurrentContext
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from tasks.models import Annotation, Task

from blinding.models import Revision, Serving


def listen() -> None:
    """Write down every annotation that is saved or deleted from now on."""
    post_save.connect(_saved, sender=Annotation, dispatch_uid="blinding.saved")
    post_delete.connect(_deleted, sender=Annotation, dispatch_uid="blinding.deleted")
    post_delete.connect(_unquote, sender=Task, dispatch_uid="blinding.unquote")


@cache
def catch_up() -> None:
    """Write down what changed while nobody listened: a kill between saving and noting, an import, another server.

    Once a process: at its start, before there are requests, or else when the journal is first read.
    """
    with transaction.atomic():
        _catch_up()


def _catch_up() -> None:
    last = {row.annotation: row for row in Revision.objects.order_by("sequence").iterator()}
    for annotation in Annotation.objects.iterator():
        _note(annotation, last.pop(annotation.pk, None), user=None)
    for row in last.values():
        if row.action != "deleted":
            Revision.objects.create(
                action="deleted", project=row.project, task=row.task, annotation=row.annotation,
                completed_by=row.completed_by, served_at=row.served_at,
            )  # fmt: skip


def _saved(instance: Annotation, **_: object) -> None:
    last = Revision.objects.filter(annotation=instance.pk).order_by("sequence").last()
    _note(instance, last, user=_actor())


def _deleted(instance: Annotation, **_: object) -> None:
    Revision.objects.create(action="deleted", user=_actor(), **_identity(instance))


def _unquote(instance: Task, **_: object) -> None:
    """Leave out, once a task is gone, the words of its text that spans quote; where they stood stays."""
    for row in Revision.objects.filter(task=instance.pk, result__isnull=False):
        result = [_without_words(one) for one in row.result]
        if result != row.result:
            Revision.objects.filter(pk=row.pk).update(result=result)


def _without_words(one: Any) -> Any:  # noqa: ANN401 - whatever a browser has sent
    value = one.get("value") if isinstance(one, dict) else None
    if not isinstance(value, dict) or "start" not in value:
        return one
    return {**one, "value": {name: said for name, said in value.items() if name != "text"}}


def _note(annotation: Annotation, last: Revision | None, user: int | None) -> None:
    now: dict[str, Any] = {
        "result": annotation.result,
        "was_cancelled": annotation.was_cancelled,
        "lead_time": annotation.lead_time,
        "completed_by": annotation.completed_by_id,
    }
    # Label Studio saves some annotations twice in a request; what did not change is no revision.
    if last is not None and last.action != "deleted" and all(getattr(last, name) == now[name] for name in now):
        return
    action = "created" if last is None else "updated"
    Revision.objects.create(action=action, user=user, **(_identity(annotation) | now))


def _identity(annotation: Annotation) -> dict[str, Any]:
    serving = Serving.objects.filter(user_id=annotation.completed_by_id, task_id=annotation.task_id).first()
    return {
        "project": annotation.project_id,
        "task": annotation.task_id,
        "annotation": annotation.pk,
        "completed_by": annotation.completed_by_id,
        "served_at": serving and serving.at,
    }


def _actor() -> int | None:
    user = CurrentContext.get_user()
    return user.pk if user is not None and user.is_authenticated else None
