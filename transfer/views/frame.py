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
from transfer.models import Transfer
from transfer.policies import require_sight, sees_data, side_of, visible_transfers


@dataclass(frozen=True)
class Tab:
    """One page of a transfer in its line of tabs; ``data`` ones are closed until gate 1 opens sight."""

    title: Promise
    url_name: str
    data: bool = True


TABS: Sequence[Tab] = (
    Tab(_("Overview"), "transfer-overview", data=False),
    Tab(_("Agreement"), "transfer-agreement", data=False),
    Tab(_("Imports"), "transfer-imports"),
    Tab(_("Data health"), "transfer-health"),
    Tab(_("Notices"), "transfer-notices"),
    Tab(_("Clients' states"), "transfer-cases"),
    Tab(_("Rehearsals"), "transfer-rehearsals"),
    Tab(_("Breaks"), "transfer-breaks"),
    Tab(_("Runbook"), "transfer-runbook"),
    Tab(_("Go or no-go"), "transfer-mandate"),
    Tab(_("Cutover"), "transfer-cutover"),
    Tab(_("Certificate"), "transfer-certificate"),
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
        _tab(request, tab, transfer) for tab in TABS if (sight or not tab.data) and _mounted(tab, transfer)
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
