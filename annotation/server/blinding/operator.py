"""What the operator's half asks of this server beyond Label Studio's own API. The middleware lets only operators in."""

import re
import secrets
from collections.abc import Iterator

from core.utils.exceptions import SsrfBlockedUrlError
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import URLPattern, URLResolver, get_resolver
from organizations.models import Organization
from projects.models import Project
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from tasks.models import Task
from users.models import User
from webhooks.models import Webhook
from webhooks.serializers import WebhookSerializer
from webhooks.utils import run_webhook_sync

from blinding.journal import catch_up
from blinding.models import Revision, Seat

PROTOCOL = 1
"""Raised when an endpoint here changes; the door refuses a server that speaks another."""

DOMAIN = "annotators.invalid"
"""Of the addresses by which people log in; reserved by RFC 2606, so that no mail can ever be sent there."""

MOST_REVISIONS = 2000

LOOPBACK = "http://127.0.0.1"
SECRET_HEADER = "X-Qingyuan-Secret"  # noqa: S105 - its name
"""As annotation/label_studio/receiver.py has them, and the path."""

ANSWER_ACTIONS = ["ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED"]
"""Not those of tasks and projects, which are our own doing."""


class Server(APIView):
    """What runs here, and all of its addresses."""

    def get(self, _request: Request) -> Response:
        """Answer with the protocol and the routes."""
        return Response({"protocol": PROTOCOL, "routes": sorted(set(_routes(get_resolver().url_patterns, "")))})


class Contributors(APIView):
    """People who have an account, by their pseudonym."""

    def get(self, _request: Request) -> Response:
        """List them."""
        people = User.objects.filter(email__endswith=f"@{DOMAIN}").order_by("pk")
        return Response([_account(user) for user in people])

    def post(self, request: Request) -> Response:
        """Give `name` an account, or say which it has; `reset` gives it a new password. A password is said once."""
        name = str(request.data.get("name", ""))
        if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name) is None:
            raise ValidationError({"name": "small letters, digits, - and _"})
        email = f"{name}@{DOMAIN}"
        with transaction.atomic():
            user = User.objects.filter(email=email).first()
            known = user is not None
            if user is None:
                user = User.objects.create_user(email, username=name)
                organization = Organization.objects.order_by("pk").first()
                organization.add_user(user)
                user.active_organization = organization
            password = None
            if not known or request.data.get("reset"):
                password = secrets.token_urlsafe(12)
                user.set_password(password)
            user.save()
        return Response(_account(user) | {"password": password}, status=200 if known else 201)


class ProjectSeat(APIView):
    """Who works in a project."""

    def get(self, _request: Request, pk: int) -> Response:
        """Answer with the person, or null."""
        seat = Seat.objects.filter(project=get_object_or_404(Project, pk=pk)).first()
        return Response(seat and {"user": seat.user_id, "closed": seat.closed})

    def put(self, request: Request, pk: int) -> Response:
        """Seat `user`, also again; a project that someone else has sat in is refused, since his answers are in it."""
        project = get_object_or_404(Project, pk=pk)
        user = get_object_or_404(User, pk=request.data.get("user"))
        seat, _ = Seat.objects.get_or_create(project=project, defaults={"user": user})
        if seat.user_id != user.pk:
            return Response({"detail": f"user {seat.user_id} has the seat"}, status=409)
        if seat.closed:
            Seat.objects.filter(pk=seat.pk).update(closed=False)
        return Response({"user": seat.user_id, "closed": False})

    def delete(self, _request: Request, pk: int) -> Response:
        """Close the seat."""
        Seat.objects.filter(project=get_object_or_404(Project, pk=pk)).update(closed=True)
        return Response(status=204)


class ProjectTasks(APIView):
    """What is in a project, by the operator's own keys."""

    def get(self, _request: Request, pk: int) -> Response:
        """Answer with id and `data.key` of every task; Label Studio's list would take a minute for ten thousand."""
        rows = Task.objects.filter(project=get_object_or_404(Project, pk=pk)).order_by("pk")
        return Response(list(rows.values("id", key=F("data__key"))))


class Revisions(APIView):
    """The journal, from a sequence number on."""

    def get(self, request: Request) -> Response:
        """Answer with at most `limit` revisions after sequence `after`, oldest first."""
        try:
            after = int(request.query_params.get("after", 0))
            limit = min(int(request.query_params.get("limit", 500)), MOST_REVISIONS)
        except ValueError as error:
            raise ValidationError({"detail": "after and limit are whole numbers"}) from error
        catch_up()
        rows = Revision.objects.filter(sequence__gt=after).order_by("sequence").values()[:limit]
        return Response({"revisions": list(rows)})


class Webhooks(APIView):
    """Calls to a receiver on this machine when answers change; Label Studio's own API has them by project only."""

    def put(self, request: Request, mark: str) -> Response:
        """Have `port` called with `secret` in a header, in place of what was registered under this mark; call it once.

        A call says which kind of change there was and nothing of it. 409: this server's settings forbid the address.
        """
        port, secret = request.data.get("port"), request.data.get("secret")
        if type(port) is not int or not 0 < port < 65536:  # noqa: PLR2004 - ports
            raise ValidationError({"port": "a whole number from 1 to 65535"})
        if not isinstance(secret, str) or re.fullmatch(r"[A-Za-z0-9_-]{32,128}", secret) is None:
            raise ValidationError({"secret": "32 to 128 letters, digits, - and _"})
        form = WebhookSerializer(data={
            "url": f"{LOOPBACK}:{port}{_hook_path(mark)}", "headers": {SECRET_HEADER: secret}, "send_payload": False,
            "send_for_all_actions": False, "actions": ANSWER_ACTIONS,
        })  # fmt: skip
        try:
            form.is_valid(raise_exception=True)
        except SsrfBlockedUrlError as refused:
            return Response({"detail": str(refused.detail)}, status=409)
        with transaction.atomic():
            _hooks(mark).delete()
            webhook = form.save(organization=Organization.objects.order_by("pk").first())
        run_webhook_sync(webhook, "QINGYUAN_TEST")
        return Response({"id": webhook.pk})

    def delete(self, _request: Request, mark: str) -> Response:
        """Call nobody under this mark any more."""
        _hooks(mark).delete()
        return Response(status=204)


def _hook_path(mark: str) -> str:
    return f"/qingyuan/{mark}"


def _hooks(mark: str) -> QuerySet[Webhook]:
    return Webhook.objects.filter(url__startswith=f"{LOOPBACK}:", url__endswith=_hook_path(mark))


def _account(user: User) -> dict[str, object]:
    return {"id": user.pk, "name": user.email.partition("@")[0], "email": user.email}


def _routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route
