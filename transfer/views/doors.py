"""What the crossing's pages share: carrying out an act, handing out a file, and finding a row of a transfer."""

from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from access.refusals import told
from audit.errors import Refused
from transfer.models import Transfer

Row = TypeVar("Row", bound=Model)


def carry_out(request: HttpRequest, act: Callable[[], object], done: str | Promise) -> bool:
    """True when the act was done; a rule's refusal stands as a message on the page that follows."""
    try:
        act()
    except Refused as refusal:
        messages.error(request, told(request, refusal))
        return False
    messages.success(request, str(done))
    return True


def of_transfer(rows: QuerySet[Row], transfer: Transfer, pk: UUID) -> Row:
    """The row if it belongs to this transfer; otherwise it looks as if it did not exist."""
    return get_object_or_404(rows.filter(transfer=transfer), pk=pk)


def attachment(
    content: bytes | Iterable[bytes], *, name: str, kind: str
) -> HttpResponse | StreamingHttpResponse:
    """A file to take away; no browser and no proxy keeps a copy of it."""
    response: HttpResponse | StreamingHttpResponse
    if isinstance(content, bytes):
        response = HttpResponse(content, content_type=kind)
    else:
        response = StreamingHttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def address(name: str, *arguments: object) -> str:
    """The address of a page of another room, or nothing while that room has no such page."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def problem_words(code: str) -> str:
    """Why a work stopped, in the reader's language; some reasons were more exact when they were raised."""
    if not code:
        return ""
    try:
        return str(Refused(code).message)
    except KeyError:
        return _("The work stopped: a rule stands against it (%(code)s).") % {"code": code}
