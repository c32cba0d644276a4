"""The sealed archive of a surviving transferor: what stayed, and one client's rows for its retention officer."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from access.policies import may, permission_required, require
from access.refusals import told
from access.stepup import step_up_required
from audit.errors import Refused
from clients.labels import label_of
from clients.models import ArchivedRow, Client, SealedArchive
from clients.services.archives import open_archive
from transfer.archived import unarchived
from transfer.forms.notices import ArchiveForm
from transfer.models import Transfer
from transfer.views.frame import find_open_transfer, person, show


@require_GET
@permission_required("clients.view_archive")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What lies in the archive, batch by batch, and its clients for whoever may open one."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    archives = SealedArchive.objects.filter(occasion=transfer.pk, holder=user.organisation_id)
    rows = list(archives.order_by("sealed_at", "pk"))
    return show(
        request,
        "transfer/archive.html",
        transfer,
        sentence=_sentence(transfer, rows),
        batches=_batches(rows),
        clients=_clients(request, transfer, archives) if may(user, "clients.open_archive") else None,
    )


def _sentence(transfer: Transfer, rows: list[SealedArchive]) -> str:
    if not rows:
        return _("Your firm keeps no archive of this transfer.")
    words = {
        "clients": f"{sum(row.client_count for row in rows):,d}",
        "rows": f"{sum(row.row_count for row in rows):,d}",
        "missing": f"{unarchived(transfer):,d}",
    }
    return (
        _(
            "%(clients)s clients lie sealed in the archive with %(rows)s rows; %(missing)s who moved are missing."
        )
        % words
    )


def _batches(rows: list[SealedArchive]) -> dict[str, Any]:
    return {
        "caption": _("Archive by batch"),
        "columns": [
            {"title": _("Sealed")},
            {"title": _("Clients"), "number": True},
            {"title": _("Rows"), "number": True},
            {"title": _("Merkle root of the rows")},
        ],
        "rows": [
            [
                row.sealed_at,
                row.client_count,
                row.row_count,
                {"kind": "code", "value": bytes(row.rows_root).hex()},
            ]
            for row in rows
        ],
    }


def _clients(request: HttpRequest, transfer: Transfer, archives: Any) -> dict[str, Any]:
    """The clients in the archive by their ids alone: nothing of them is readable without an act."""
    found = ArchivedRow.objects.filter(archive__in=archives, label="clients.client").order_by("client_id")
    try:
        after = request.GET.get("after", "")
        page = found.filter(client_id__gt=UUID(after)) if after else found
    except ValueError:
        page = found
    rows = list(page[: settings.PAGE_ROWS + 1])
    more, rows = len(rows) > settings.PAGE_ROWS, rows[: settings.PAGE_ROWS]
    return {
        "caption": _("Clients in the archive"),
        "columns": [{"title": _("Client")}, {"title": _("Act")}],
        "rows": [
            [
                {"kind": "code", "value": f"…{str(row.client_id)[-12:]}"},
                {
                    "value": _("Open for a reason"),
                    "url": reverse("transfer-archive-client", args=[transfer.pk, row.client_id]),
                },
            ]
            for row in rows
        ],
        "pager": {"shown": len(rows), "next_url": f"?after={rows[-1].client_id}" if more else ""},
    }


@require_http_methods(["GET", "POST"])
@permission_required("clients.open_archive")
@step_up_required
def one_client(request: HttpRequest, pk: UUID, client: UUID) -> HttpResponse:
    """Open one client's archived record for a reason; reason, name and moment are recorded first."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    row = get_object_or_404(Client, pk=client, book=transfer.book_id)
    archive = get_object_or_404(
        SealedArchive.objects.filter(rows__client=row).distinct(),
        occasion=transfer.pk,
        holder=user.organisation_id,
    )
    require(user, "clients.open_archive", archive)
    form, opened = ArchiveForm(request.POST or None), []
    if request.method == "POST" and form.is_valid():
        try:
            found = open_archive(client=row, words=form.cleaned_data["words"], by=user, occasion=transfer.pk)
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            opened = [
                {
                    "title": str(_TITLES.get(kept.label, kept.label)),
                    "fields": [
                        {"label": label_of(name) or name, "value": value} for name, value in fields.items()
                    ],
                }
                for kept, fields in found
            ]
    answer = show(
        request,
        "transfer/archive_client.html",
        transfer,
        form=form,
        opened=opened,
        sealed_at=archive.sealed_at,
        client_code=f"…{str(row.pk)[-12:]}",
        back=reverse("transfer-archive", args=[pk]),
    )
    answer["Cache-Control"] = "no-store"
    return answer


_TITLES = {
    "clients.client": gettext_lazy("Client"),
    "clients.relation": gettext_lazy("Related person"),
    "clients.account": gettext_lazy("Account"),
    "clients.holding": gettext_lazy("Holding"),
    "clients.trade": gettext_lazy("Trade"),
    "clients.preference": gettext_lazy("Preference"),
    "clients.document": gettext_lazy("Document"),
}
