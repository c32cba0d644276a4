"""What every page of one transfer shares: finding it, its tabs, and whose data is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.models import User
from transfer.bases import BY_CONSENT, MOVING
from transfer.models import Transfer
from transfer.policies import require_sight, sees_data, side_of, visible_transfers

EVERY = frozenset(Transfer.Basis)


@dataclass(frozen=True)
class Tab:
    """One page of a transfer in its line of tabs; ``data`` ones are closed until gate 1 opens sight.

    It stands there only under the ``bases`` for which it has something to show.
    """

    title: Promise
    url_name: str
    data: bool = True
    bases: frozenset[str] = MOVING


TABS: Sequence[Tab] = (
    Tab(_("Overview"), "transfer-overview", data=False, bases=EVERY),
    Tab(_("Agreement"), "transfer-agreement", data=False, bases=EVERY),
    Tab(_("Imports"), "transfer-imports", bases=EVERY),
    Tab(_("Data health"), "transfer-health", bases=EVERY),
    Tab(_("Masked profile"), "transfer-profile", data=False, bases=EVERY - MOVING),
    Tab(_("Notices"), "transfer-notices"),
    Tab(_("Consents"), "transfer-consents", bases=BY_CONSENT),
    Tab(_("Clients' states"), "transfer-cases", bases=EVERY),
    Tab(_("Rehearsals"), "transfer-rehearsals"),
    Tab(_("Breaks"), "transfer-breaks"),
    Tab(_("Runbook"), "transfer-runbook"),
    Tab(_("Go or no-go"), "transfer-mandate"),
    Tab(_("Cutover"), "transfer-cutover"),
    Tab(_("Archive"), "transfer-archive", bases=BY_CONSENT),
    Tab(_("Certificate"), "transfer-certificate"),
    Tab(_("Statement"), "transfer-statement", data=False, bases=EVERY - MOVING),
)


def person(request: HttpRequest) -> User:
    """The signed-in person; every view here asks for a permission first, so there is one."""
    return cast("User", request.user)


def find_transfer(request: HttpRequest, pk: UUID) -> Transfer:
    """The transfer if the person may see it; otherwise it looks as if it did not exist."""
    return get_object_or_404(visible_transfers(person(request)), pk=pk)


def find_open_transfer(request: HttpRequest, pk: UUID) -> Transfer:
    """The same, for pages that show data: refused until gate 1 opens the transferee's sight."""
    transfer = find_transfer(request, pk)
    require_sight(person(request), transfer)
    return transfer


def show(request: HttpRequest, template: str, transfer: Transfer, **context: Any) -> HttpResponse:
    """The page inside its transfer: name, tabs and side are always there."""
    user = person(request)
    sight = sees_data(user, transfer)
    tabs = [
        _tab(request, tab, transfer)
        for tab in TABS
        if (sight or not tab.data) and transfer.basis in tab.bases and _mounted(tab, transfer)
    ]
    side = side_of(transfer, user.organisation_id)
    return render(
        request, template, {"transfer": transfer, "tabs": tabs, "side": side, "sight": sight, **context}
    )


def _tab(request: HttpRequest, tab: Tab, transfer: Transfer) -> dict[str, Any]:
    """The tab is active on its own page and those below it; the overview, above all others, only on its own."""
    url = reverse(tab.url_name, args=[transfer.pk])
    below = request.path.startswith(url) and tab.url_name != "transfer-overview"
    return {"title": tab.title, "url": url, "active": below or request.path == url}


def _mounted(tab: Tab, transfer: Transfer) -> bool:
    """A page that this installation does not mount has no tab."""
    try:
        reverse(tab.url_name, args=[transfer.pk])
    except NoReverseMatch:
        return False
    return True
