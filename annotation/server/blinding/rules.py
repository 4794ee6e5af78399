"""What a contributor may ask for, and what he may say: every other address and method is refused."""

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from tasks.models import Annotation, AnnotationDraft, Prediction, Task
from users.models import User

from blinding import scrub
from blinding.models import Seat

VERSION = "1.23.2"
"""Of Label Studio that the pages were looked at with."""

ONE_ANSWER = uuid.UUID("6f2f3f0a-9a0e-5d35-8a6a-2a4d6c1b7e11")
"""Namespace of the ids by which the database refuses a person's second annotation of a task."""


class Refused(Exception):  # noqa: N818 - it is said to the person, and is no fault
    """The request is refused, with an HTTP status."""

    def __init__(self, words: str, status: int = 403) -> None:
        super().__init__(words)
        self.status = status


Admit = Callable[[User, dict[str, Any], HttpRequest], HttpResponse | None]
Body = Callable[[dict[str, Any], User, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Rule:
    """One address and method."""

    admit: Admit
    """Raises `Refused`, or answers in the view's place, or returns None."""
    scrub: Callable[[Any, User], Any] = scrub.nothing
    query: frozenset[str] = frozenset()
    """Parameters of the address that the view may see."""
    body: Body | None = None
    """What the view gets of the body; None if it gets none."""


def has_seat(user: User, project: object) -> bool:
    """Say whether a person works in a project now."""
    return str(project).isdecimal() and Seat.objects.filter(project=int(str(project)), user=user, closed=False).exists()


def anyone(_user: User, _kwargs: dict[str, Any], _request: HttpRequest) -> None:
    """Admit every contributor."""


def project_of_path(user: User, kwargs: dict[str, Any], _request: HttpRequest) -> None:
    """Admit who has a seat in the project named by the path."""
    _must(has_seat(user, kwargs["pk"]))


def project_of_query(user: User, _kwargs: dict[str, Any], request: HttpRequest) -> None:
    """Admit who has a seat in the project named by `?project=`."""
    _must(has_seat(user, request.GET.get("project")))


def task(user: User, kwargs: dict[str, Any], request: HttpRequest) -> None:
    """Admit who has a seat in the task's project, also where the address names a project besides."""
    found = Task.objects.filter(pk=kwargs["pk"]).values_list("project", flat=True).first()
    _must(found is not None and has_seat(user, found) and request.GET.get("project", str(found)) == str(found))
    annotation = kwargs.get("annotation_id")
    _must(annotation is None or Annotation.objects.filter(pk=annotation, task=kwargs["pk"], completed_by=user).exists())


def annotation(user: User, kwargs: dict[str, Any], _request: HttpRequest) -> None:
    """Admit its author, while he has the seat."""
    found = Annotation.objects.filter(pk=kwargs["pk"], completed_by=user).first()
    _must(found is not None and has_seat(user, found.project_id))


def skipped_annotation(user: User, kwargs: dict[str, Any], request: HttpRequest) -> None:
    """Admit its author if it says only that he skipped the task, which he may think better of."""
    annotation(user, kwargs, request)
    _must(Annotation.objects.filter(pk=kwargs["pk"], was_cancelled=True).exists())


def draft(user: User, kwargs: dict[str, Any], _request: HttpRequest) -> None:
    """Admit its author, while he has the seat."""
    found = AnnotationDraft.objects.filter(pk=kwargs["pk"], user=user).select_related("task").first()
    _must(found is not None and has_seat(user, found.task.project_id))


def page(user: User, kwargs: dict[str, Any], request: HttpRequest) -> HttpResponse | None:
    """Admit to the labelling page; the list of tasks that stands at the same address is left out."""
    if not has_seat(user, kwargs["pk"]):
        return home(user, kwargs, request)
    wanted = f"/projects/{kwargs['pk']}/data?labeling=1"
    return None if request.GET.get("labeling") == "1" else HttpResponseRedirect(wanted)


def home(_user: User, _kwargs: dict[str, Any], _request: HttpRequest) -> HttpResponse:
    """Lead to the list of one's own rounds."""
    return HttpResponseRedirect("/")


def always(answer: object) -> Admit:
    """Answer what the page expects in order to go on, the same to everyone, without asking Label Studio."""
    return lambda _user, _kwargs, _request: JsonResponse(answer, safe=False)


def version(_user: User, _kwargs: dict[str, Any], request: HttpRequest) -> HttpResponse:
    """Answer as the page expects, only where it asks: Label Studio's pattern fits any address that ends so."""
    _must(request.path.strip("/") in {"version", "api/version"})
    return JsonResponse({"release": VERSION, "label-studio-os-package": {"version": VERSION}})


def own_name(user: User, _kwargs: dict[str, Any], _request: HttpRequest) -> HttpResponse:
    """Answer the question who else is here: oneself."""
    return JsonResponse([{"id": user.pk, "username": user.username, "email": user.email, "initials": ""}], safe=False)


def next_task(user: User, kwargs: dict[str, Any], request: HttpRequest) -> None:
    """Admit the one action that hands out the next task; the others change and delete."""
    project_of_query(user, kwargs, request)
    _must(request.GET.getlist("id") == ["next_task"])


def only_view(user: User, kwargs: dict[str, Any], request: HttpRequest) -> HttpResponse:
    """Answer which tables of tasks there are: one without columns, which the page asks for and does not show."""
    project_of_query(user, kwargs, request)
    number = int(request.GET["project"])
    data = {"title": "-", "type": "list", "target": "tasks", "hiddenColumns": {"explore": [], "labeling": []}}
    return JsonResponse([{"id": number, "order": 0, "project": number, "data": data}], safe=False)


def _must(allowed: bool) -> None:
    if not allowed:
        raise Refused("Not yours, or not there.", status=404)


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    kept = {key: body[key] for key in ("result", "was_cancelled") if key in body}
    seconds = body.get("lead_time")
    if isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0:
        kept["lead_time"] = seconds
    return kept


def _own_draft(body: dict[str, Any], user: User, task_id: int) -> dict[str, Any]:
    number = body.get("draft_id")
    mine = isinstance(number, int) and AnnotationDraft.objects.filter(pk=number, user=user, task=task_id).exists()
    return {"draft_id": number} if mine else {}


def new_annotation(body: dict[str, Any], user: User, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Whatever is said: it is his, it is no ground truth, and it is the only one of his."""
    number = body.get("parent_prediction")
    known = isinstance(number, int) and Prediction.objects.filter(pk=number, task=kwargs["pk"]).exists()
    return {
        **_answer(body),
        **_own_draft(body, user, kwargs["pk"]),
        **({"parent_prediction": number} if known else {}),
        "completed_by": user.pk,
        "unique_id": str(uuid.uuid5(ONE_ANSWER, f"{kwargs['pk']}/{user.pk}")),
    }


def changed_annotation(body: dict[str, Any], user: User, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Only the answer itself can change."""
    task_id = Annotation.objects.values_list("task", flat=True).get(pk=kwargs["pk"])
    return {**_answer(body), **_own_draft(body, user, task_id)}


def nothing_said(_body: dict[str, Any], _user: User, _kwargs: dict[str, Any]) -> dict[str, Any]:
    """Filters and orders of one's own making would choose among the tasks."""
    return {}


def draft_body(body: dict[str, Any], _user: User, _kwargs: dict[str, Any]) -> dict[str, Any]:
    """Only the answer itself is kept; whose and of what the address says."""
    return {key: value for key, value in _answer(body).items() if key != "was_cancelled"}


_PROJECT = frozenset({"project"})

CONTRIBUTOR: dict[tuple[str, str], Rule] = {
    ("GET", "projects/"): Rule(home),
    ("GET", "projects/<int:pk>/"): Rule(page),
    ("GET", "projects/<int:pk>/data/"): Rule(page, query=frozenset({"labeling", "task"})),
    ("GET", "api/current-user/whoami"): Rule(anyone, scrub.user),
    ("GET", "api/current-user/hotkeys/"): Rule(anyone, scrub.hotkeys),
    ("GET", "version/"): Rule(version),
    ("GET", "api/ml/"): Rule(always([])),
    ("GET", "api/dm/columns/"): Rule(project_of_query, scrub.columns, _PROJECT),
    ("GET", "api/dm/views/"): Rule(only_view),
    ("GET", "api/users/"): Rule(own_name),
    ("GET", "api/tasks/"): Rule(always({"tasks": [], "total": 0, "total_annotations": 0, "total_predictions": 0})),
    ("GET", "api/label_links/"): Rule(always({"count": 0, "next": None, "previous": None, "results": []})),
    ("POST", "api/dm/actions/"): Rule(next_task, scrub.served_task, frozenset({"id", "project"}), nothing_said),
    ("GET", "api/dm/actions/"): Rule(always([])),
    ("GET", "api/projects/<int:pk>/"): Rule(project_of_path, scrub.project),
    ("GET", "api/dm/project/"): Rule(project_of_query, scrub.project, _PROJECT),
    ("GET", "api/projects/<int:pk>/next/"): Rule(project_of_path, scrub.served_task),
    ("GET", "api/projects/<int:pk>/label-stream-history/"): Rule(project_of_path, scrub.history),
    ("GET", "api/tasks/<int:pk>/"): Rule(task, scrub.served_task, _PROJECT),
    ("GET", "api/tasks/<int:pk>/annotations/"): Rule(task, scrub.annotations),
    ("POST", "api/tasks/<int:pk>/annotations/"): Rule(task, scrub.annotation, body=new_annotation),
    ("GET", "api/annotations/<int:pk>/"): Rule(annotation, scrub.annotation),
    ("PATCH", "api/annotations/<int:pk>/"): Rule(annotation, scrub.annotation, body=changed_annotation),
    ("POST", "api/annotations/<int:pk>/convert-to-draft"): Rule(skipped_annotation, scrub.draft, body=nothing_said),
    ("POST", "api/tasks/<int:pk>/drafts"): Rule(task, scrub.draft, body=draft_body),
    ("POST", "api/tasks/<int:pk>/annotations/<int:annotation_id>/drafts"): Rule(task, scrub.draft, body=draft_body),
    ("GET", "api/drafts/<int:pk>/"): Rule(draft, scrub.draft),
    ("PATCH", "api/drafts/<int:pk>/"): Rule(draft, scrub.draft, body=draft_body),
    ("DELETE", "api/drafts/<int:pk>/"): Rule(draft),
}
"""By method and route, as Django resolved it."""

ANONYMOUS = frozenset(
    {
        ("GET", ""),
        ("GET", "user/login/"),
        ("POST", "user/login/"),
        ("GET", "user/signup/"),
        ("POST", "user/signup/"),
        ("GET", "logout/?"),
        ("POST", "logout/?"),
        ("GET", "health/"),
        ("POST", "api/token/refresh/"),
        ("GET", "favicon\\.ico"),
        ("GET", "sw\\.js"),
        ("GET", "sw-fallback\\.js"),
        ("GET", "static/fonts/roboto/roboto.css"),
        ("GET", "static/(?P<path>.*)"),
        ("GET", "react-app/(?P<path>.*)"),
        ("GET", "label-studio-frontend/(?P<path>.*)"),
        ("GET", "dm/(?P<path>.*)"),
    }
)
"""What needs no account: to get one by an invitation, to log in, and the files that make up the pages."""
