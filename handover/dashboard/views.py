"""The first page of a signed-in person."""

from itertools import chain
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from access.actors import acting_user
from access.models import User
from access.policies import may, signed_in
from handover.context import navigation
from transfer.models import Transfer
from transfer.policies import sees_data, visible_transfers
from transfer.standing import Standing, clocks, standing, together

SHOWN = 20
CLOCKS_SHOWN = 6
OVER = (Transfer.State.CLOSED, Transfer.State.ABORTED)


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Where the transfers stand, for those who may see any; everybody else goes to the first page they may use."""
    user = acting_user(request)
    if not may(user, "transfer.view_transfer"):
        entries = navigation(request)
        return redirect(entries[0].url if entries else "access-account")
    transfers = list(visible_transfers(user).exclude(state__in=OVER).order_by("-number")[:SHOWN])
    rows = [standing(transfer) for transfer in transfers]
    context = {
        "standings": rows,
        "sentence": _sentence(user, rows),
        "clocks": _clocks(user, transfers),
        "may_draft": may(user, "transfer.draft_transfer"),
        "over": visible_transfers(user).filter(state__in=OVER).count(),
    }
    return render(request, "dashboard/home.html", context)


def _sentence(user: User, rows: list[Standing]) -> str:
    if not rows:
        return _("No transfer is under way.")
    mine = sum(user.organisation.name in row.mover for row in rows)
    under_way = ngettext("%(count)d transfer is under way.", "%(count)d transfers are under way.", len(rows))
    moves = ngettext("In %(count)d it is your firm's move.", "In %(count)d it is your firm's move.", mine)
    return together(under_way % {"count": len(rows)}, moves % {"count": mine})


def _clocks(user: User, transfers: list[Transfer]) -> list[dict[str, Any]]:
    """The clocks of all transfers whose data is open to the person, the next to run out first."""
    open_ones = (transfer for transfer in transfers if sees_data(user, transfer))
    running = chain.from_iterable(
        ({**clock, "text": f"{transfer.number}: {clock['text']}"} for clock in clocks(transfer))
        for transfer in open_ones
    )
    return sorted(running, key=lambda clock: clock["ends_at"])[:CLOCKS_SHOWN]
