"""The certificate: exceptions first, figures, files to take away, and one client's proof."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.policies import may, permission_required
from access.stepup import step_up_required
from audit.errors import Refused
from clients.models import Client
from transfer.certificate.field_words import field_words, table_words
from transfer.certificate.papers.breaks import BREAK_KINDS
from transfer.certificate.papers.handover import NOTES
from transfer.forms.certificate import ProofForm
from transfer.forms.transfers import EmptyForm
from transfer.models import Break, Certificate, ClientCase, ReturnFile, Run, Transfer
from transfer.policies import BOTH, side_of
from transfer.services.certificates import (
    download_certificate,
    draw_proof,
    find_for_proof,
    issue_certificate,
    party_keys,
    read_certificate,
    statement_in,
)
from transfer.services.packs import LANGUAGES, certificate_pdf, documents_of, verifier_program
from transfer.views.acts import Act, perform
from transfer.views.cutover import batches_table
from transfer.views.doors import attachment
from transfer.views.frame import find_open_transfer, person, show

COMMAND = "python3 verify_handover.py certificate.json --keys keys.json --proof client-proof.json"


@require_GET
@permission_required("transfer.view_transfer")
def certificate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The certificate, or what it still waits for."""
    transfer = find_open_transfer(request, pk)
    found = _certificate_of(transfer)
    if found is None:
        return _not_yet(request, transfer)
    return _page(request, transfer, found, ProofForm())


def _not_yet(request: HttpRequest, transfer: Transfer) -> HttpResponse:
    reconciled = Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER, state=Run.State.DONE).exists()
    waiting = Break.objects.filter(
        run__transfer=transfer, run__kind=Run.Kind.CUTOVER, state=Break.State.WRITE_OFF_ASKED
    )
    sentence = _("The certificate is issued after the cutover is reconciled.")
    if reconciled:
        sentence = _("The cutover is reconciled. Next move: a compliance officer issues the certificate.")
    return show(
        request,
        "transfer/certificate_none.html",
        transfer,
        sentence=sentence,
        empty=_empty(),
        waiting=waiting.count(),
        may_issue=reconciled
        and transfer.state == Transfer.State.RECONCILING
        and side_of(transfer, person(request).organisation_id) in BOTH
        and may(person(request), "transfer.issue_certificate", transfer),
    )


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


@require_http_methods(["GET", "POST"])
@permission_required("transfer.issue_certificate")
@step_up_required
def issue(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Both organisations' certificate keys sign, after the consequences were read."""
    transfer = find_open_transfer(request, pk)
    open_breaks = Break.objects.filter(
        run__transfer=transfer, run__kind=Run.Kind.CUTOVER, state=Break.State.OPEN
    ).count()
    accepted = ClientCase.objects.filter(transfer=transfer, state=ClientCase.State.ACCEPTED).count()
    act = Act(
        title=gettext_lazy("Issue the certificate"),
        sentence=gettext_lazy(
            "The certificate states what was handed over; both firms sign it, and anybody can check it."
        ),
        submit=gettext_lazy("Issue the certificate"),
        back=reverse("transfer-certificate", args=[pk]),
        done=gettext_lazy("The certificate is issued."),
        confirms=True,
        step_up=True,
        consequences=[
            {"count": accepted, "text": gettext_lazy("clients are certified as handed over")},
            {
                "count": open_breaks,
                "text": gettext_lazy("open breaks are printed on its first page"),
                "url": reverse("transfer-breaks", args=[pk]) + "?state=open",
            },
        ],
        irreversible=[gettext_lazy("There is one certificate; it cannot be changed or issued again.")],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: issue_certificate(transfer=transfer, by=person(request))
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
    return {
        "caption": _("Signed by"),
        "columns": [{"title": _("Organisation")}, {"title": _("Key fingerprint")}],
        "rows": [
            [
                statement[side]["name_zh"] + " " + statement[side]["name_en"],
                {"kind": "code", "value": statement[side]["certificate_key"]},
            ]
            for side in ("transferor", "transferee")
        ],
    }


def _empty() -> dict[str, Any]:
    return {
        "title": _("No certificate yet"),
        "icon": "certificate",
        "what": _(
            "The certificate states, signed by both firms, which clients were handed over, on which facts, "
            "with which exceptions and open breaks. Anybody can check it offline with one small program."
        ),
        "why": _(
            "It needs a finished cutover whose returns are reconciled, and no write-off waiting for its second person."
        ),
    }
