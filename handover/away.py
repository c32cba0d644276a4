"""What an asker hears while something of the house is away for a moment: try again, nothing is half done.

Invariants:
- A database that restarts, refuses or is lost is answered with 503, a full disk with 507, never with 500.
- Whether the act had happened is not claimed; a repetition with the same Idempotency-Key finds out.
"""

import errno
from http import HTTPStatus
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from handover.api.errors import problem

RETRY_SECONDS: Final = 5
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_DISK_FULL: Final = "53100"


def answer_of(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The answer when ``error`` says that something is away; None for any other."""
    causes = list(_causes(error))
    if any(_says_full(cause) for cause in causes):
        words = _("The disk of this installation is full. Nothing was stored; reading goes on.")
        return _answer(request, HTTPStatus.INSUFFICIENT_STORAGE, words, "storage.full")
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


def _says_full(cause: BaseException) -> bool:
    if isinstance(cause, OSError):
        return cause.errno in _FULL
    return getattr(cause, "pgcode", None) == _DISK_FULL


def _answer(request: HttpRequest, status: HTTPStatus, words: str, code: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        answer = problem(request, status, words, code=code)
    else:
        context = {"words": words, "request_id": getattr(request, "request_id", None)}
        answer = HttpResponse(render_to_string("errors/503.html", context), status=status)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer
