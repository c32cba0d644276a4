"""What becomes of every client: the funnel, the clients of one state with the reasons, and the assessment."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from access.policies import may, permission_required
from transfer.models import ClientCase, Transfer
from transfer.policies import TRANSFEROR, may_for_side
from transfer.reasons import reasons_in_words
from transfer.services.cases import assess_cases, current_campaign, funnel, transfer_pack
from transfer.views.frame import find_open_transfer, person, show
from transfer.views.recipients import client_cells

REQUIREMENTS = {
    "notice_only": gettext_lazy("notice"),
    "notice_with_exit": gettext_lazy("notice, with time to object or leave"),
    "separate_consent": gettext_lazy("separate consent"),
    "none_needed": gettext_lazy("nothing"),
}


@require_GET
@permission_required("transfer.view_transfer")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every state with its count, and the clients of the state in the address."""
    transfer = find_open_transfer(request, pk)
    counts = funnel(transfer)
    state = request.GET.get("state", "")
    state = state if state in counts else ""
    total = sum(counts.values())
    return show(
        request,
        "transfer/cases.html",
        transfer,
        sentence=_sentence(counts, state, total),
        stats=_stats(transfer, counts, state, total),
        total=total,
        state=state,
        listing=_listing(request, transfer, state, counts[state] if state else total),
        may_assess=transfer.state != Transfer.State.CUTTING_OVER
        and may_for_side(person(request), "transfer.assess_cases", transfer, TRANSFEROR),
    )


def _sentence(counts: dict[str, int], state: str, total: int) -> str:
    if not total:
        return _("No client has been assessed yet.")
    if state:
        words = {
            "count": f"{counts[state]:,d}",
            "total": f"{total:,d}",
            "state": ClientCase.State(state).label,
        }
        return _("%(count)s of %(total)s clients are in the state “%(state)s”.") % words
    ready = (
        counts[ClientCase.State.CLEARED]
        + counts[ClientCase.State.RELEASED]
        + counts[ClientCase.State.ACCEPTED]
    )
    return _(
        "%(ready)s of %(total)s clients may move or have moved; every client stands in exactly one state."
    ) % {
        "ready": f"{ready:,d}",
        "total": f"{total:,d}",
    }


def _stats(transfer: Transfer, counts: dict[str, int], state: str, total: int) -> list[dict[str, Any]]:
    """One figure per state, all of them, and the sum they add up to."""
    address = reverse("transfer-cases", args=[transfer.pk])
    stats: list[dict[str, Any]] = [
        {
            "label": ClientCase.State(code).label,
            "value": count,
            "url": f"{address}?state={code}",
            "note": _("shown below") if code == state else "",
        }
        for code, count in counts.items()
    ]
    return [*stats, {"label": _("Together"), "value": total, "url": address}]


def _listing(request: HttpRequest, transfer: Transfer, state: str, total: int) -> dict[str, Any]:
    """One page of the clients in that state, or of all, in the order in which they were loaded."""
    user = person(request)
    wanted = ClientCase.objects.filter(transfer=transfer).select_related("client").order_by("pk")
    if state:
        wanted = wanted.filter(state=state)
    after = _uuid(request.GET.get("after", ""))
    found = list((wanted.filter(pk__gt=after) if after else wanted)[: settings.PAGE_ROWS + 1])
    more, rows = len(found) > settings.PAGE_ROWS, found[: settings.PAGE_ROWS]
    cells = client_cells(user, [row.client for row in rows])
    campaign = current_campaign(transfer)
    letters = campaign is not None and may(user, "clients.draft_notice", transfer.transferor)
    pack = transfer_pack(transfer)
    address = f"?state={state}&" if state else "?"
    return {
        "campaign": campaign if letters else None,
        "rows": [
            {
                "case": row,
                "client": cells[row.client_id],
                "reasons": reasons_in_words(pack, row.reasons),
                "owed": REQUIREMENTS.get(row.requirement, row.requirement),
            }
            for row in rows
        ],
        "pager": {
            "shown": len(rows),
            "total": total,
            "first_url": address.rstrip("&") if after else "",
            "next_url": f"{address}after={rows[-1].pk}" if more else "",
        },
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_POST
@permission_required("transfer.assess_cases")
def assess(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give every client today's verdict."""
    transfer = find_open_transfer(request, pk)
    counts = assess_cases(transfer=transfer, by=person(request))
    total = sum(counts.values())
    words = ngettext("%(count)s client was assessed.", "%(count)s clients were assessed.", total)
    messages.success(request, words % {"count": f"{total:,d}"})
    return redirect("transfer-cases", pk=pk)
