"""Deny by default: who is no operator reaches what a labelling page needs, in the projects where he has a seat."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

from core.current_request import CurrentContext
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from jwt_auth.auth import TokenAuthenticationPhaseout
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from users.models import User

from blinding.rules import ANONYMOUS, CONTRIBUTOR, Refused, Rule

logger = logging.getLogger(__name__)

LOGIN = "/user/login/"


class Blinding:
    """Decides who is asking, whether he may, with which words of his request, and which words of the answer he gets."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Callable[..., HttpResponse], _args: object, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse, or let the view have what the rule leaves of the request."""
        try:
            return self._judge(request, kwargs)
        except Refused as refused:
            return JsonResponse({"detail": str(refused)}, status=refused.status)

    def process_template_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Leave of an answer what the rule lets through; an error's answer says why, and is Label Studio's own."""
        judged = getattr(request, "blinding", None)
        if judged is not None and isinstance(response, Response) and response.status_code < 400:  # noqa: PLR2004
            rule, user = judged
            response.data = rule.scrub(response.data, user)
        return response

    def _judge(self, request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponse | None:
        user = identify(request)
        if user is not None:
            CurrentContext.set_user(user)
        method = "GET" if request.method == "HEAD" else request.method
        name = (method, request.resolver_match.route.replace("^", "").replace("$", ""))
        if name in ANONYMOUS or (user is not None and is_operator(user)):
            return None
        if user is None:
            if not request.path.startswith("/api/"):
                return HttpResponseRedirect(f"{LOGIN}?next={request.path}")
            raise Refused("Authentication credentials were not provided.", status=401)
        if name not in CONTRIBUTOR:
            logger.warning("refused to contributor %s: %s %s", user.pk, *name)
            raise Refused("Not for contributors.")
        return self._apply(CONTRIBUTOR[name], request, kwargs, user)

    def _apply(self, rule: Rule, request: HttpRequest, kwargs: dict[str, Any], user: User) -> HttpResponse | None:
        answer = rule.admit(user, kwargs, request)
        if answer is not None:
            return answer
        query = QueryDict(mutable=True)
        for key in rule.query & set(request.GET):
            query[key] = request.GET[key]
        request.GET = query
        request.META["QUERY_STRING"] = query.urlencode()
        _replace_body(request, rule.body(_json(request), user, kwargs) if rule.body else None)
        request.blinding = (rule, user)
        return None


def identify(request: HttpRequest) -> User | None:
    """Return who is asking, by session or by either kind of token; None if nobody says who he is.

    Raises:
        Refused: a session and a token say different people, and views would not agree which counts.
    """
    by_session = request.user if request.user.is_authenticated else None
    try:
        found = TokenAuthenticationPhaseout().authenticate(request)
    except APIException:
        found = None  # the API refuses such a token itself; a page goes by the session
    by_token = found[0] if found else None
    if by_session is not None and by_token is not None and by_session.pk != by_token.pk:
        raise Refused("A session and a token of different people.")
    return by_session or by_token


def is_operator(user: User) -> bool:
    """Say whether the server is his: by Django's flag, or as who founded the organisation."""
    organization = user.active_organization
    return user.is_superuser or (organization is not None and organization.created_by_id == user.pk)


def _json(request: HttpRequest) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise Refused("Send JSON.", status=415)
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise Refused("This is no JSON.", status=400) from error
    if not isinstance(body, dict):
        raise Refused("Send an object.", status=400)
    return body


def _replace_body(request: HttpRequest, body: dict[str, Any] | None) -> None:
    """Views read the body of a GET too, so there is none unless the rule made one."""
    raw = b"" if body is None else json.dumps(body).encode()
    request._body = raw  # noqa: SLF001 - Django has no other way
    request._read_started = True  # noqa: SLF001
    request._stream = io.BytesIO(raw)  # noqa: SLF001
    request.META["CONTENT_LENGTH"] = str(len(raw))
    request.META["CONTENT_TYPE"] = request.content_type = "application/json"
