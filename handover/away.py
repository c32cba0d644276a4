"""What an asker hears while something of the house is away for a moment: try again, nothing is half done.

Invariants:
- A database that restarts, refuses or is lost is answered with 503, a full disk with 507, never with 500.
- Whether the act had happened is not claimed; a repetition with the same Idempotency-Key finds out.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from handover.api.errors import problem
from vault.room import has_room, says_full

RETRY_SECONDS: Final = 5
_DISK_FULL: Final = "53100"
_READING: Final = {"GET", "HEAD", "OPTIONS"}
_SIGNING: Final = ("/sign-in/", "/sign-out/", "/step-up/", "/language/")


class RoomMiddleware:
    """Refuses acts while the disk's reserve is touched; who reads, and who signs in for it, is let through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in _READING and request.path not in _SIGNING and not has_room():
            return _full(request)
        return self.get_response(request)


def answer_of(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The answer when ``error`` says that something is away; None for any other."""
    causes = list(_causes(error))
    if any(says_full(cause) or getattr(cause, "pgcode", None) == _DISK_FULL for cause in causes):
        return _full(request)
    if any(isinstance(cause, OperationalError | InterfaceError) for cause in causes):
        words = _("The installation is not at work for a moment. Try again in a few seconds.")
        return _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, words, "service.away")
    return None


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _full(request: HttpRequest) -> HttpResponse:
    words = _("The disk of this installation is full. Nothing was stored; reading goes on.")
    return _answer(request, HTTPStatus.INSUFFICIENT_STORAGE, words, "storage.full")


def _answer(request: HttpRequest, status: HTTPStatus, words: str, code: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        answer = problem(request, status, words, code=code)
    else:
        context = {"words": words, "request_id": getattr(request, "request_id", None)}
        answer = HttpResponse(render_to_string("errors/503.html", context), status=status)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer
