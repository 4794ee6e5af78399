"""What we ask of Label Studio, each a typed function; everything else of its API we do not use."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from annotation.label_studio.transport import JSON, AbsentError, ConflictError, Params, Transport, UncertainError
from pipeline.errors import RecipeError, ServiceError

URL_VARIABLES = ("QINGYUAN_LABELSTUDIO_URL", "LABEL_STUDIO_URL")
TOKEN_VARIABLES = ("QINGYUAN_LABELSTUDIO_TOKEN", "LABEL_STUDIO_API_KEY")
"""Environment variables that name a server and its operator's token; the first that is set counts."""

PROTOCOL = 1
"""Of our app in the server, as annotation/server/blinding/operator.py has it."""

PAGE = 500
EXPORT_CHUNK = 100
"""Tasks in one export: 0.3 s each, and a URL that every server in between accepts."""

TITLE_CHARS = (3, 50)
"""Shortest and longest title of a project that Label Studio takes."""

_FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account; `password` is said only when it is new."""

    id: int
    name: str
    email: str
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A project, as a list of them shows it."""

    id: int
    title: str
    tasks: int
    annotations: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of one annotation, as the server's journal has it.

    `user` made the change, in his own session; `served_at` is when the server first showed him the task; `lead_time`,
    in seconds, is what his browser says. A deleted annotation has no result.
    """

    sequence: int
    action: str
    project: int
    task: int
    annotation: int
    user: int | None
    completed_by: int | None
    result: list[dict[str, Any]] | None
    was_cancelled: bool
    lead_time: float | None
    served_at: datetime | None
    at: datetime


class LabelStudio:
    """An operator's view of a server; a context manager that closes its connections."""

    def __init__(self, url: str, token: str) -> None:
        """Take note of the address; nothing is asked yet."""
        self.transport = Transport(url, token)
        self._call = self.transport.call

    @classmethod
    def from_environment(cls) -> "LabelStudio":
        """Use the server that the environment names.

        Raises:
            RecipeError: it names none.
        """
        url, token = (next((os.environ[name] for name in names if os.environ.get(name)), "")
                      for names in (URL_VARIABLES, TOKEN_VARIABLES))  # fmt: skip
        if not url or not token:
            raise RecipeError(
                f"which Label Studio? Set {URL_VARIABLES[0]} and {TOKEN_VARIABLES[0]} (or {URL_VARIABLES[1]} and"
                f" {TOKEN_VARIABLES[1]}), or start one by `qingyuan annotate up`"
            )
        return cls(url, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.close()

    def server(self) -> dict[str, Any]:
        """Return what our app in the server says of it.

        Raises:
            RecipeError: the server does not have our app, so that everyone there sees everyone's answers.
        """
        said = self._ask_ours("/api/qingyuan/", "protocol")
        if said["protocol"] != PROTOCOL:
            raise RecipeError(f"our app in {self.transport.url} speaks protocol {said['protocol']}, not {PROTOCOL}")
        return said

    def contributor(self, name: str, *, reset: bool = False) -> Account:
        """Return the account of the person with this pseudonym, made if there is none; `reset` gives a new password."""
        return Account(**self._again("/api/qingyuan/contributors/", {"name": name, "reset": reset}))

    def contributors(self) -> list[Account]:
        """Return all accounts of people."""
        return [Account(**row) for row in self._call("GET", "/api/qingyuan/contributors/")]

    def projects(self) -> list[Project]:
        """Return every project."""
        rows = self._pages("/api/projects/", "results")
        return [Project(row["id"], row["title"], row["task_number"], row["total_annotations_number"]) for row in rows]

    def create_project(self, title: str, config: str, instruction: str, *, show_predictions: bool) -> int:
        """Make a project for one person and return its id; see `projects` for whether it is there already.

        Raises:
            UncertainError: no answer came; look for the title.
        """
        if not TITLE_CHARS[0] <= len(title) <= TITLE_CHARS[1]:
            raise RecipeError(f"{title!r}: a project's title has {TITLE_CHARS[0]} to {TITLE_CHARS[1]} characters")
        settings = {
            "title": title,
            "label_config": config,
            "expert_instruction": instruction,
            "show_instruction": bool(instruction),
            "show_collab_predictions": show_predictions,
            "maximum_annotations": 1,
            "sampling": "Sequential sampling",  # in the order of their import, which is drawn for each person
            "show_skip_button": True,
            "enable_empty_annotation": False,
            "show_annotation_history": False,
        }
        return int(self._call("POST", "/api/projects/", settings)["id"])

    def delete_project(self, project: int) -> None:
        """Delete it with its tasks; the journal keeps what was answered."""
        self._call("DELETE", f"/api/projects/{project}/")

    def seat(self, project: int, user: int) -> None:
        """Let this person, and no one else, work in a project.

        Raises:
            ConflictError: someone else has sat in it.
        """
        self._call("PUT", f"/api/qingyuan/projects/{project}/seat/", {"user": user})

    def unseat(self, project: int) -> None:
        """Close it to its person."""
        self._call("DELETE", f"/api/qingyuan/projects/{project}/seat/")

    def import_tasks(self, project: int, tasks: Sequence[dict[str, Any]]) -> list[int]:
        """Add tasks (`data`, perhaps `predictions`) and return their ids, in order.

        Raises:
            UncertainError: no answer came; `task_keys` says which of them are there.
        """
        path = f"/api/projects/{project}/import?return_task_ids=true&commit_to_project=true"
        answer = self._call("POST", path, list(tasks))
        ids: list[int] = answer["task_ids"]
        if len(ids) != len(tasks):
            raise ServiceError(f"{len(tasks)} tasks were sent to project {project}, and {len(ids)} came to be")
        return ids

    def delete_task(self, task: int) -> None:
        """Delete a task with what was answered, also again; the journal keeps that, without words of the text."""
        with suppress(AbsentError):
            self._call("DELETE", f"/api/tasks/{task}/")

    def task_keys(self, project: int) -> dict[str, int]:
        """Return the id of every task of a project by its `data.key`."""
        rows = self._call("GET", f"/api/qingyuan/projects/{project}/tasks/")
        return {row["key"]: row["id"] for row in rows if row["key"] is not None}

    def revisions(self, after: int, limit: int = PAGE) -> list[Revision]:
        """Return the changes of annotations in all projects after sequence `after`, oldest first; none is the end."""
        said = self._ask_ours("/api/qingyuan/revisions/", "revisions", {"after": after, "limit": limit})
        return [_revision(row) for row in said["revisions"]]

    def changed_tasks(self, project: int, since: datetime | None) -> list[int]:
        """Return the tasks that changed after a moment, answers included; Label Studio's own way, for comparing."""
        moment = (since or _FIRST_MOMENT).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # any other form is a 500
        condition = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": moment}
        query = json.dumps({"filters": {"conjunction": "and", "items": [condition]}})
        rows = self._pages("/api/tasks/", "tasks", project=project, query=query, fields="task_only")
        return [row["id"] for row in rows]

    def export(self, project: int, tasks: Iterable[int]) -> Iterator[dict[str, Any]]:
        """Yield tasks with their annotations as Label Studio exports them, asked for in chunks."""
        ids = list(tasks)
        for start in range(0, len(ids), EXPORT_CHUNK):
            chunk = ids[start : start + EXPORT_CHUNK]
            params: dict[str, Any] = {"exportType": "JSON", "download_all_tasks": "true", "ids[]": chunk}
            yield from self._call("GET", f"/api/projects/{project}/export", params=params)

    def _pages(self, path: str, rows: str, **params: str | int) -> Iterator[dict[str, Any]]:
        page, seen = 1, 0
        while True:
            try:
                answer = self._call("GET", path, params={**params, "page": page, "page_size": PAGE})
            except AbsentError:  # a page past the end: what was on it has been deleted meanwhile
                return
            yield from answer[rows]
            seen += len(answer[rows])
            if not answer[rows] or seen >= answer.get("count", answer.get("total", 0)):
                return
            page += 1

    def _ask_ours(self, path: str, name: str, params: Params | None = None) -> dict[str, Any]:
        """Ask our app in the server, which answers with an object that has `name` in it."""
        try:
            said = self._call("GET", path, params=params)
        except AbsentError as error:
            raise RecipeError(
                f"the Label Studio at {self.transport.url} does not keep annotators blind: each could read and"
                " change the others' answers. Start it with our settings module (README) or by `annotate up`"
            ) from error
        if not isinstance(said, dict) or name not in said:
            raise RecipeError(f"what answers at {self.transport.url} is no Label Studio with our app in it")
        return said

    def _again(self, path: str, body: JSON) -> JSON:
        """Send a POST that does no harm twice."""
        try:
            return self._call("POST", path, body)
        except UncertainError:
            return self._call("POST", path, body)


def _revision(row: dict[str, Any]) -> Revision:
    return Revision(**{**row, "at": _moment(row["at"]), "served_at": _moment(row["served_at"])})


def _moment(text: str | None) -> Any:  # noqa: ANN401 - None stays None, which a TypeVar would say at greater length
    return None if text is None else datetime.fromisoformat(text)


__all__ = ["Account", "ConflictError", "LabelStudio", "Project", "Revision", "UncertainError"]
