"""Programs on the API: a bearer token names the program, its scopes narrow what it may do.

Invariants:
- A request with an ``Authorization`` header is the program's or nobody's; a session sent with it counts for nothing.
- A token counts on the API alone, in the header alone. In an address it would stand in every log on the way.
- Outside the API a token opens nothing: pages are for people.
"""

import re
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from access.addresses import client_address
from access.narrowing import narrowed
from access.rates import wait_for
from access.services import note_refusal, note_use
from access.services.tokens import Bearer, bearer_of
from handover.api.errors import problem
from handover.middleware import Answer

API: Final = "/api/"
REALM: Final = 'Bearer realm="handover"'
WRONG_TOKENS_PER_MINUTE: Final = 60
_HEADER: Final = re.compile(r"Bearer ([A-Za-z0-9._~+/=-]{1,512})", re.IGNORECASE)
# What RFC 6750 and habit would put into an address.
_NOT_IN_ADDRESS: Final = frozenset({"access_token", "token", "client_secret", "client_id", "bearer_token"})


class BearerMiddleware:
    """Before the log asks who acts: the program of the token, if there is one."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API) or "Authorization" not in request.headers:
            return self.get_response(request)
        given = _HEADER.fullmatch(request.headers["Authorization"])
        bearer = bearer_of(given[1]) if given else None
        request.bearer = bearer
        request.user = bearer.program.user if bearer else AnonymousUser()
        with narrowed(bearer.program.user_id, bearer.scopes) if bearer else nullcontext():
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _arguments: list[Any], _parameters: dict[str, Any]
    ) -> HttpResponseBase | None:
        """The refusal of a request that may not go on; None for all others."""
        if not request.path_info.startswith(API):
            return None
        if _NOT_IN_ADDRESS & set(request.GET):
            words = _("A token or secret never stands in an address. Send it in the Authorization header.")
            return problem(request, HTTPStatus.BAD_REQUEST, words, code="program.token_in_address")
        if "Authorization" not in request.headers:
            return None
        bearer = bearer_on(request)
        return _refuse_token(request) if bearer is None else _within_quota(request, bearer)


def bearer_on(request: HttpRequest) -> Bearer | None:
    """The program that sends this request."""
    found: Bearer | None = getattr(request, "bearer", None)
    return found


def _refuse_token(request: HttpRequest) -> HttpResponse:
    wait = wait_for(f"wrong-token:{client_address(request)}", limit=WRONG_TOKENS_PER_MINUTE)
    if wait:
        return too_many(request, wait)
    note_refusal("not_taken")
    words = _("This token is unknown, has run out, or its program may not act any more.")
    answer = problem(request, HTTPStatus.UNAUTHORIZED, words, code="program.token_wrong")
    answer.headers["WWW-Authenticate"] = f'{REALM}, error="invalid_token"'
    return answer


def _within_quota(request: HttpRequest, bearer: Bearer) -> HttpResponse | None:
    program = bearer.program
    wait = wait_for(f"program:{program.pk}", limit=program.requests_per_minute)
    if wait:
        return too_many(request, wait)
    note_use(program)
    return None


def too_many(request: HttpRequest, wait: int) -> HttpResponse:
    """429, and when to try again."""
    words = _("Too many requests in this minute. Try again in %(seconds)s seconds.") % {"seconds": wait}
    answer = problem(request, HTTPStatus.TOO_MANY_REQUESTS, words, code="program.too_many_requests")
    answer.headers["Retry-After"] = str(wait)
    return answer
