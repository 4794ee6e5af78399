"""What of Label Studio's answers a contributor gets: named fields, everything else is left out."""

from collections.abc import Mapping
from typing import Any

from projects.models import Project
from users.models import User

from blinding.models import Serving

PROJECT = (
    "id", "title", "label_config", "parsed_label_config", "expert_instruction", "show_instruction", "show_skip_button",
    "enable_empty_annotation", "maximum_annotations", "color", "is_published", "is_draft", "sampling", "state",
    "config_has_control_tags", "show_overlap_first", "show_annotation_history", "show_collab_predictions",
    "reveal_preannotations_interactively", "skip_queue", "source_syncing", "target_syncing", "task_count",
    "task_number", "finished_task_number", "queue_total", "queue_done",
)  # fmt: skip
TASK = (
    "id", "data", "project", "is_labeled", "inner_id", "queue", "overlap", "allow_skip", "created_at", "updated_at",
)  # fmt: skip
"""Without meta, total counts, the operator's comments and who else has touched it."""
ANNOTATION = (
    "id", "result", "task", "project", "was_cancelled", "lead_time", "created_at", "updated_at", "created_ago",
    "draft_created_at", "parent_prediction", "is_stub",
)  # fmt: skip
DRAFT = ("id", "result", "task", "annotation", "lead_time", "created_at", "updated_at", "created_ago", "was_postponed")
PREDICTION = ("id", "result", "task", "project", "model_version", "score", "created_at", "created_ago")
USER = ("id", "username", "first_name", "last_name", "email", "initials", "avatar", "custom_hotkeys")
PERMISSIONS = ("annotations.create", "annotations.view", "annotations.change", "projects.view", "tasks.view")
"""What the pages offer; the rules, not these, decide."""


def nothing(_data: object, _user: User) -> None:
    """Let nothing through."""


def user(data: Mapping[str, Any], _user: User) -> dict[str, Any]:
    """Oneself."""
    return _fields(data, USER) | {"permissions": list(PERMISSIONS), "active_organization": 1}


def hotkeys(data: Mapping[str, Any], _user: User) -> dict[str, Any]:
    """One's own keys."""
    return _fields(data, ("custom_hotkeys",))


def project(data: Mapping[str, Any], _user: User) -> dict[str, Any]:
    """What the page is made of; no owner, token, weights, counts of others."""
    return _fields(data, PROJECT) | {"can_delete_tasks": False, "can_manage_annotations": False}


def columns(data: Mapping[str, Any], _user: User) -> dict[str, Any]:
    """Name the fields of the data, without which the page shows no text; not the people and models of the project."""
    rows = [row for row in data["columns"] if row["id"] in {"id", "data"} or row.get("parent") == "data"]
    return {"columns": rows}


def served_task(data: Mapping[str, Any], user: User) -> dict[str, Any]:
    """Show a task with one's own answers, and note that it was shown."""
    shown = _fields(data, TASK)
    Serving.objects.get_or_create(user_id=user.pk, task_id=data["id"])
    shown["annotations"] = annotations(data.get("annotations") or [], user)
    shown["drafts"] = [draft(row, user) for row in data.get("drafts") or [] if row.get("user") in {user.pk, user.email}]
    visible = Project.objects.filter(pk=data["project"], show_collab_predictions=True).exists()
    rows = data.get("predictions") or [] if visible else []
    shown["predictions"] = [_fields(row, PREDICTION) for row in rows]
    return shown


def annotations(data: list[Mapping[str, Any]], user: User) -> list[dict[str, Any]]:
    """One's own answers."""
    return [annotation(row, user) for row in data if _id(row.get("completed_by")) == user.pk]


def annotation(data: Mapping[str, Any], user: User) -> dict[str, Any]:
    """One's own answer."""
    # The page compares this with who is logged in, and reads the star of ground truth.
    return _fields(data, ANNOTATION) | {"completed_by": user.pk, "ground_truth": False}


def draft(data: Mapping[str, Any], user: User) -> dict[str, Any]:
    """One's own draft."""
    return _fields(data, DRAFT) | {"user": user.pk}


def history(data: list[Mapping[str, Any]], _user: User) -> list[dict[str, Any]]:
    """Which tasks one has been at."""
    return [_fields(row, ("taskId", "annotationId")) for row in data]


def _fields(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: data[name] for name in names if name in data}


def _id(person: object) -> object:
    """Label Studio writes a person as a number here and as an object there."""
    return person.get("id") if isinstance(person, Mapping) else person
