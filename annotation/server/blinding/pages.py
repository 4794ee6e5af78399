"""The pages that a contributor sees before he labels, in Chinese."""

from core.views import main
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from blinding.middleware import is_operator
from blinding.models import Seat


def home(request: HttpRequest) -> HttpResponse:
    """List one's own rounds with how far they are; operators get Label Studio's own page."""
    if not request.user.is_authenticated or is_operator(request.user):
        return main(request)
    tasks = Count("project__tasks", distinct=True)
    done = Count("project__tasks", filter=Q(project__tasks__is_labeled=True), distinct=True)
    seats = Seat.objects.filter(user=request.user, closed=False).order_by("-pk").annotate(tasks=tasks, done=done)
    return render(request, "blinding/home.html", {"seats": seats.select_related("project")})


def no_tips(_request: HttpRequest) -> HttpResponse:
    """Answer that there are none."""
    return JsonResponse({}, status=404)
