"""Who asks, and what becomes of a refusal.

Invariants:
- Everything recorded while a request runs carries its id and the signed-in person.
- Forbidden looks exactly like missing; only the log knows the difference.
- A refusal is answered and recorded after the act's transaction was rolled back.
"""

from collections.abc import Callable
from contextlib import nullcontext

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from access.asking import asked_once
from access.errors import NotAllowed
from access.refusals import refusals_told
from access.stepup import to_step_up
from audit.context import acting
from audit.errors import Refused
from handover import views
from handover.refusals import remember
from vault.errors import VaultError
from vault.ids import new_id

Answer = Callable[[HttpRequest], HttpResponseBase]


class AuditContextMiddleware:
    """Gives every request an id and tells the log who asks; a page that only shows asks for duties once."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = str(new_id())
        request.request_id = request_id  # type: ignore[attr-defined]
        actor = request.user.pk if request.user.is_authenticated else None
        shows = request.method in {"GET", "HEAD"}
        with acting(request_id=request_id, actor=actor), asked_once() if shows else nullcontext():
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response


class RefusalMiddleware:
    """Turns refusals that leave a view into pages, and remembers them and those shown beside a form."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for refusal in refusals_told(request):
            remember(request, refusal)
        if response.status_code == 405 and request.method == "GET" and not getattr(response, "content", b"?"):
            return views.only_a_form(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """A page for the three kinds of refusal; everything else stays an error."""
        if not isinstance(exception, Refused | NotAllowed | VaultError):
            return None
        if isinstance(exception, Refused) and exception.code == "access.step_up_needed":
            return to_step_up(request)
        remember(request, exception)
        if isinstance(exception, NotAllowed):
            return views.not_found(request)
        if isinstance(exception, Refused):
            return views.refused(request, exception)
        return views.server_error(request)
