"""Problem documents (RFC 9457) for every error of the API.

Invariants:
- ``type`` is stable, ``code`` says which rule refused, ``detail`` is for people, in the language asked for.
- Forbidden looks exactly like missing.
- Nothing of an unexpected error leaves the house: it stays Django's 500.
"""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from access.errors import NotAllowed, OutsideScope
from access.scopes import scope_for
from audit.errors import Refused
from handover.refusals import remember
from vault.errors import VaultError

MEDIA_TYPE = "application/problem+json"


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer for ``error``; None lets an unexpected one rise. Refusals are remembered in the log."""
    request: HttpRequest = context["request"]._request  # noqa: SLF001 - Django's own request
    if isinstance(error, Refused | NotAllowed | VaultError):
        remember(request, error)
    answer = _outside_scope(request, error) if isinstance(error, OutsideScope) else _of_house(request, error)
    if answer is not None:
        return answer
    plain = exception_handler(error, context)
    if plain is None or not isinstance(error, exceptions.APIException):
        return plain
    return _of_framework(request, error, plain)


def _of_house(request: HttpRequest, error: Exception) -> Response | None:
    if isinstance(error, Refused):
        return _problem(request, HTTPStatus.CONFLICT, str(error.message), code=error.code)
    if isinstance(error, PermissionDenied | Http404 | exceptions.NotFound):
        return _problem(request, HTTPStatus.NOT_FOUND, _("There is nothing at this address for you."))
    if isinstance(error, VaultError):
        return _problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, _("Sealed data could not be opened."))
    if isinstance(error, RequestDataTooBig):
        return _problem(
            request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("This is larger than the installation takes.")
        )
    if isinstance(error, SuspiciousOperation):
        return _problem(request, HTTPStatus.BAD_REQUEST, _("The server could not read what was sent."))
    return None


def _outside_scope(request: HttpRequest, error: OutsideScope) -> Response:
    """403 tells a program which scope it lacks, or that only people may do this; nothing about any object."""
    scope = scope_for(error.permission)
    if not scope:
        words = _("A program may not do this. A person does it, with their password.")
        return _problem(request, HTTPStatus.FORBIDDEN, words, code="access.person_needed")
    words = _("The token lacks the scope %(scope)s.") % {"scope": scope}
    answer = _problem(request, HTTPStatus.FORBIDDEN, words, code="program.scope_missing")
    answer["WWW-Authenticate"] = f'Bearer realm="handover", error="insufficient_scope", scope="{scope}"'
    return answer


def _of_framework(request: HttpRequest, error: exceptions.APIException, plain: Response) -> Response:
    if isinstance(error, exceptions.ValidationError):
        words = _("Some values are missing or wrong.")
        answer = _problem(request, HTTPStatus(plain.status_code), words, errors=error.detail)
    else:
        answer = _problem(request, HTTPStatus(plain.status_code), str(error.detail))
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if plain.has_header(header):
            answer[header] = plain[header]
    return answer


def _problem(request: HttpRequest, status: HTTPStatus, detail: str, **more: Any) -> Response:
    body = {
        "type": f"urn:handover:problem:{more.get('code') or status.phrase.lower().replace(' ', '-')}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "request_id": str(getattr(request, "request_id", "")),
        **more,
    }
    return Response(body, status=status.value, content_type=MEDIA_TYPE)


def problem(request: HttpRequest, status: HTTPStatus, detail: str, *, code: str) -> HttpResponse:
    """A problem document from outside any view of the API."""
    answer = _problem(request, status, detail, code=code)
    return HttpResponse(JSONRenderer().render(answer.data), status=status, content_type=MEDIA_TYPE)
