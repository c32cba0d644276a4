"""Error pages and health."""

import logging
import sys

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from access.policies import public
from audit.errors import Refused
from handover.away import answer_of

logger = logging.getLogger(__name__)


def _error(request: HttpRequest, template: str, status: int, message: str) -> HttpResponse:
    context = {"message": message, "request_id": getattr(request, "request_id", None)}
    return render(request, f"errors/{template}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """400."""
    return _error(request, "400", 400, _("The server could not read what was sent."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Django's own 403: shown as missing, like every refusal of access."""
    return not_found(request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """404, for what does not exist and for what is not the reader's."""
    return _error(request, "404", 404, _("There is nothing at this address for you."))


def only_a_form(request: HttpRequest) -> HttpResponse:
    """405: an address that answers forms was opened or opened again by itself."""
    answer = _error(request, "405", 405, _("This address only answers a form."))
    answer.headers["Allow"] = "POST"
    return answer


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """409 with the rule that stands against the act."""
    return _error(request, "refused", 409, str(refusal.message))


def server_error(request: HttpRequest) -> HttpResponse:
    """500, rendered without the frame, which may be what failed; 503 or 507 where a part is only away."""
    away = answer_of(request, sys.exc_info()[1])
    if away is not None:
        return away
    words = {"request_id": getattr(request, "request_id", None)}
    return HttpResponse(render_to_string("errors/500.html", words), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """403: the form is not one we handed out in this session."""
    return _error(request, "csrf", 403, _("The form is not from this session any more."))


@require_safe
@never_cache
@public
def live(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Whether the process answers at all; one that does not is started again."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
@public
def ready(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Whether requests may be sent here: PostgreSQL and Redis answer. What is missing stands in the log alone."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        cache.get("ready")
    except (DatabaseError, RedisError):
        logger.warning("not ready", exc_info=True)
        return JsonResponse({"status": "not ready"}, status=503)
    return JsonResponse({"status": "ok"})
