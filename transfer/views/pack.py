"""The regulator's pack: made once from the certificate, read and taken away."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from access.policies import may, permission_required
from access.stepup import step_up_required
from transfer.certificate.kinds import title_of
from transfer.models import Certificate, PackDocument, Transfer
from transfer.services.packs import documents_of, read_document, regulator_pack, zip_pack
from transfer.views.doors import attachment, carry_out, of_transfer
from transfer.views.frame import find_open_transfer, person, show

LANGUAGE_NAMES = {"zh-hans": "简体中文", "en": "English"}


@require_http_methods(["GET", "POST"])
@permission_required("transfer.view_transfer")
def pack(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The papers with their digests; here they are made."""
    transfer = find_open_transfer(request, pk)
    if request.method == "POST":
        by = person(request)
        carry_out(
            request,
            lambda: regulator_pack(transfer=transfer, by=by),
            _("The pack is made; its digests stand in the log."),
        )
        return redirect("transfer-pack", pk)
    documents = documents_of(transfer)
    issued = Certificate.objects.filter(transfer=transfer).exists()
    user = person(request)
    reads = may(user, "transfer.download_pack", transfer)
    return show(
        request,
        "transfer/pack.html",
        transfer,
        table=_table(transfer, documents, reads=reads),
        documents=documents,
        may_make=issued and not documents and may(user, "transfer.make_pack", transfer),
        may_read=reads,
        empty=_empty(issued=issued),
        sentence=_("%(count)s papers, each in both languages.") % {"count": len(documents)}
        if documents
        else _("The pack is not made yet."),
    )


@require_GET
@permission_required("transfer.download_pack")
def paper(request: HttpRequest, pk: UUID, document_pk: UUID) -> HttpResponseBase:
    """One paper as PDF."""
    transfer = find_open_transfer(request, pk)
    document = of_transfer(PackDocument.objects.select_related("transfer"), transfer, document_pk)
    name = f"{transfer.number}-{document.kind}-{document.language}.pdf"
    return attachment(read_document(document=document, by=person(request)), name=name, kind="application/pdf")


@require_GET
@permission_required("transfer.download_pack")
@step_up_required
def archive(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Everything in one archive."""
    transfer = find_open_transfer(request, pk)
    content = zip_pack(transfer=transfer, by=person(request))
    return attachment(content, name=f"{transfer.number}-pack.zip", kind="application/zip")


def _table(transfer: Transfer, documents: list[PackDocument], *, reads: bool) -> dict[str, Any]:
    return {
        "caption": _("Papers"),
        "columns": [
            {"title": _("Paper")},
            {"title": _("First language")},
            {"title": _("SHA-256")},
            {"title": _("Made by")},
            {"title": _("Made")},
        ],
        "rows": [
            [
                {"value": str(title_of(row.kind))}
                | ({"url": reverse("transfer-pack-paper", args=[transfer.pk, row.pk])} if reads else {}),
                LANGUAGE_NAMES[row.language],
                {"kind": "code", "value": f"{row.digest[:20]}…"},
                row.made_by.name,
                row.made_at,
            ]
            for row in documents
        ],
    }


def _empty(*, issued: bool) -> dict[str, Any]:
    return {
        "title": _("No pack yet"),
        "icon": "files",
        "what": _(
            "Certificate, handover list, notices with their evidence, approvals, exceptions, break table, impact "
            "assessment and, where the law asks for it, the disposal plan as bilingual PDFs, "
            "with everything needed to verify them offline."
        ),
        "why": "" if issued else _("It is made from the certificate, which is not issued yet."),
    }
