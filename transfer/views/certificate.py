"""The certificate: exceptions first, figures, files to take away, and one client's proof."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from access.policies import may, permission_required
from audit.errors import Refused
from clients.models import Client
from transfer.bases import data_moves
from transfer.certificate.field_words import field_words, table_words
from transfer.certificate.papers.breaks import BREAK_KINDS
from transfer.certificate.papers.handover import NOTES
from transfer.forms.certificate import ProofForm
from transfer.models import Certificate, ReturnFile, Transfer
from transfer.services.certificates import (
    download_certificate,
    draw_proof,
    find_for_proof,
    party_keys,
    read_certificate,
    statement_in,
)
from transfer.services.packs import LANGUAGES, certificate_pdf, documents_of, verifier_program
from transfer.views.certificate_draft import not_yet
from transfer.views.cutover import batches_table
from transfer.views.doors import attachment
from transfer.views.frame import find_open_transfer, find_transfer, person, show

COMMAND = "python3 verify_handover.py certificate.json --keys keys.json --proof client-proof.json"


@require_GET
@permission_required("transfer.view_transfer")
def certificate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The certificate, or what it still waits for; where nothing moves there is a statement in its place."""
    transfer = find_transfer(request, pk)
    if not data_moves(transfer):
        return redirect("transfer-statement", pk=pk)
    transfer = find_open_transfer(request, pk)
    found = _certificate_of(transfer)
    if found is None:
        return not_yet(request, transfer)
    return _page(request, transfer, found, ProofForm())


def _page(
    request: HttpRequest,
    transfer: Transfer,
    found: Certificate,
    form: ProofForm,
    matches: list[dict[str, str]] | None = None,
) -> HttpResponse:
    user = person(request)
    statement = statement_in(read_certificate(certificate=found, by=user))
    return show(
        request,
        "transfer/certificate.html",
        transfer,
        certificate=found,
        form=form,
        matches=matches,
        command=COMMAND,
        sentence=_sentence(statement),
        exceptions=statement["exceptions"],
        open_breaks=_open_breaks(transfer, statement),
        notes=[NOTES.get(note, note) for note in statement["notes"]],
        facts=_facts(found, statement),
        signers=_signers(statement),
        batches=batches_table(transfer),
        has_pack=bool(documents_of(transfer)),
        may_prove=may(user, "transfer.draw_proof", transfer),
    )


@require_GET
@permission_required("transfer.view_transfer")
def download(request: HttpRequest, pk: UUID, what: str) -> HttpResponseBase:
    """certificate.json, keys.json, or the program that verifies them."""
    transfer, found = _find(request, pk)
    if what == "verify_handover.py":
        return attachment(verifier_program(), name=what, kind="text/x-python")
    if what == "keys.json":
        return attachment(party_keys(transfer), name=what, kind="application/json")
    return attachment(
        download_certificate(certificate=found, by=person(request)),
        name="certificate.json",
        kind="application/json",
    )


@require_GET
@permission_required("transfer.view_transfer")
def pdf(request: HttpRequest, pk: UUID, language: str) -> HttpResponseBase:
    """The certificate on paper, this language first."""
    if language not in LANGUAGES:
        raise Http404
    _transfer, found = _find(request, pk)
    paper = certificate_pdf(certificate=found, language=language, by=person(request))
    return attachment(paper, name=f"{found.number}-{language}.pdf", kind="application/pdf")


@require_POST
@permission_required("transfer.draw_proof")
def search(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Exact search for the client whose proof is wanted; nothing is opened for it."""
    transfer, found = _find(request, pk)
    form = ProofForm(request.POST)
    matches = None
    if form.is_valid():
        rows = find_for_proof(
            certificate=found,
            field=form.cleaned_data["by"],
            value=form.cleaned_data["value"],
            by=person(request),
        )
        matches = [
            {
                "client": str(row.pk),
                "kind": row.get_kind_display(),
                "url": reverse("transfer-certificate-proof", args=[pk, row.pk]),
            }
            for row in rows
        ]
    return _page(request, transfer, found, form, matches)


@require_GET
@permission_required("transfer.draw_proof")
def proof(request: HttpRequest, pk: UUID, client_pk: UUID) -> HttpResponseBase:
    """One client's inclusion proof as a file."""
    transfer, found = _find(request, pk)
    client = get_object_or_404(Client, pk=client_pk, book=transfer.book_id)
    content = draw_proof(certificate=found, client=client, by=person(request))
    return attachment(content, name="client-proof.json", kind="application/json")


def _certificate_of(transfer: Transfer) -> Certificate | None:
    return Certificate.objects.filter(transfer=transfer).select_related("transfer", "issued_by").first()


def _find(request: HttpRequest, pk: UUID) -> tuple[Transfer, Certificate]:
    transfer = find_open_transfer(request, pk)
    found = _certificate_of(transfer)
    if found is None:
        raise Refused("certificate.not_issued")
    return transfer, found


def _sentence(statement: dict[str, Any]) -> str:
    return _("Clients handed over: %(clients)s. Exceptions: %(exceptions)s. Open breaks: %(breaks)s.") % {
        "clients": f"{statement['clients']:,d}",
        "exceptions": len(statement["exceptions"]),
        "breaks": sum(row["count"] for row in statement["open_breaks"]),
    }


def _open_breaks(transfer: Transfer, statement: dict[str, Any]) -> dict[str, Any]:
    ledger = reverse("transfer-breaks", args=[transfer.pk])
    rows = []
    for row in statement["open_breaks"]:
        table, _dot, how = row["kind"].partition(".")
        rows.append(
            [
                ReturnFile.Source(row["source"]).label,
                _("%(table)s: %(how)s") % {"table": table_words(table), "how": BREAK_KINDS.get(how, how)},
                str(field_words(row["field"])),
                {"kind": "state", "value": row["state"]},
                {"value": row["count"], "url": f"{ledger}?source={row['source']}&state={row['state']}"},
            ]
        )
    return {
        "caption": _("Open breaks"),
        "columns": [
            {"title": _("Source")},
            {"title": _("Difference")},
            {"title": _("Field")},
            {"title": _("State")},
            {"title": _("Count"), "number": True},
        ],
        "rows": rows,
    }


def _facts(found: Certificate, statement: dict[str, Any]) -> list[dict[str, Any]]:
    _name, size, root = statement["log"]["checkpoint"].split("\n")[:3]
    return [
        {"term": _("Number"), "value": found.number},
        {"term": _("Issued"), "value": found.issued_at, "note": found.issued_by.name},
        {
            "term": _("Point of no return"),
            "value": parse_datetime(statement["transfer"]["no_return_at"] or "") or "—",
        },
        {"term": _("Clients"), "value": found.client_count},
        {"term": _("Merkle root of the clients"), "value": {"kind": "code", "value": statement["root"]}},
        {"term": _("SHA-256 of the certificate file"), "value": {"kind": "code", "value": found.digest}},
        {
            "term": _("Agreement"),
            "value": {"kind": "code", "value": statement["agreement"].get("digest", "—")},
        },
        {
            "term": _("Log checkpoint"),
            "value": {"kind": "code", "value": root},
            "note": _("%(size)s entries") % {"size": f"{int(size):,d}"},
        },
    ]


def _signers(statement: dict[str, Any]) -> dict[str, Any]:
    people = {signer["organisation"]: signer["name"] for signer in statement["signers"]}
    return {
        "caption": _("Signed by"),
        "columns": [{"title": _("Organisation")}, {"title": _("Person")}, {"title": _("Key fingerprint")}],
        "rows": [
            [
                statement[side]["name_zh"] + " " + statement[side]["name_en"],
                people.get(statement[side]["id"], "—"),
                {"kind": "code", "value": statement[side]["certificate_key"]},
            ]
            for side in ("transferor", "transferee")
        ],
    }
