"""The password again, before a dangerous act.

Invariants:
- A confirmation holds for ``settings.STEP_UP_LIFETIME`` in the session it was given in, for the person who
  gave it, and dies with the session at sign-out. Its minutes are counted by the database's clock.
"""

import functools
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from access.models import User
from access.policies import View
from access.services import confirm_password
from audit.errors import Refused
from vault import clock

_KEY = "step_up"
# Processes know the database's clock to within a moment of each other.
_SLACK_SECONDS = 5.0


def confirm(request: HttpRequest, password: str) -> None:
    """Confirm this session when the password is the signed-in person's.

    Raises:
        Refused: wrong, or too many tries; the failure is in the log.
    """
    user = request.user
    if not isinstance(user, User):
        raise Refused("access.password_wrong")
    confirm_password(request, user=user, password=password)
    request.session[_KEY] = {"user": str(user.pk), "at": clock.now().timestamp()}


def confirmed(request: HttpRequest) -> bool:
    """True when the person gave their password in this session within the last minutes."""
    mark = request.session.get(_KEY)
    if not mark or mark["user"] != str(request.user.pk):
        return False
    age = clock.now().timestamp() - float(mark["at"])
    return -_SLACK_SECONDS <= age < settings.STEP_UP_LIFETIME.total_seconds()


def require_step_up(request: HttpRequest) -> None:
    """Return only when the session is confirmed; the API's form of ``step_up_required``.

    Raises:
        Refused: "access.step_up_needed", or "access.person_needed" for a program, which has no password.
    """
    if getattr(request.user, "is_program", False):
        raise Refused("access.person_needed")
    if not confirmed(request):
        raise Refused("access.step_up_needed")


def step_up_required(view: View) -> View:
    """Send a person whose confirmation is missing to the step-up page, and back afterwards.

    A form that was being sent comes back to the page it stood on, since a redirect cannot carry it.
    """

    @functools.wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if confirmed(request):
            return view(request, *args, **kwargs)
        return to_step_up(request)

    return checked


def to_step_up(request: HttpRequest) -> HttpResponseRedirect:
    """The way to the step-up page, with the way back."""
    back = request.get_full_path() if request.method == "GET" else request.headers.get("Referer", "")
    return HttpResponseRedirect(
        f"{reverse('access-step-up')}?{urlencode({'next': safe_next(request, back)})}"
    )


def safe_next(request: HttpRequest, address: str) -> str:
    """The address when it leads to this installation, otherwise the first page."""
    own = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if own else "/"
