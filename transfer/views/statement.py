"""The statement of a transfer in which nothing moved: issued for both firms, and its files to take away."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from access.models import User
from access.policies import permission_required
from access.stepup import step_up_required
from clients.models import Client
from transfer.bases import data_moves
from transfer.certificate.papers.handover import NOTES
from transfer.forms.certificate import SignersForm
from transfer.forms.transfers import EmptyForm
from transfer.models import Certificate, Transfer
from transfer.services.certificates import (
    download_certificate,
    live_draft,
    party_keys,
    possible_signers,
    read_certificate,
    statement_in,
)
from transfer.services.diligence import looks
from transfer.services.packs import verifier_program
from transfer.services.statements import draft_statement, sign_statement
from transfer.views.acts import Act, perform
from transfer.views.diligence import may_state
from transfer.views.doors import attachment
from transfer.views.frame import find_transfer, person, show

COMMAND = "python3 verify_handover.py certificate.json --keys keys.json"


def _find(request: HttpRequest, pk: UUID) -> Transfer:
    """The transfer, where nothing moves under its basis; the other firm sees its statement as well."""
    transfer = find_transfer(request, pk)
    if data_moves(transfer):
        raise Http404
    return transfer


def _certificate_of(transfer: Transfer) -> Certificate | None:
    return Certificate.objects.filter(transfer=transfer).select_related("transfer", "issued_by").first()


@require_GET
@permission_required("transfer.view_transfer")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What both firms have signed, or what it waits for."""
    transfer = _find(request, pk)
    user = person(request)
    found = _certificate_of(transfer)
    if found is None:
        return show(
            request,
            "transfer/statement_none.html",
            transfer,
            sentence=_("Both firms sign at the end that nothing was handed over."),
            may_draft=may_state(user, transfer),
            may_sign=_may_sign(user, transfer),
        )
    statement = statement_in(read_certificate(certificate=found, by=user))
    return show(
        request,
        "transfer/statement.html",
        transfer,
        certificate=found,
        command=COMMAND,
        sentence=_(
            "Nothing was handed over: all %(clients)s clients stay. %(looks)s looks at the masked profile."
        )
        % {"clients": f"{statement['book']:,d}", "looks": len(statement["looks"])},
        exceptions=statement["exceptions"],
        notes=[NOTES.get(note, note) for note in statement["notes"]],
        facts=_facts(found, statement),
        gates=_gates(statement),
        signers=_signers(statement),
    )


def _may_sign(user: User, transfer: Transfer) -> bool:
    waiting = live_draft(transfer)
    return waiting is not None and waiting.signatures.filter(signer=user, signed_at=None).exists()


def _facts(found: Certificate, statement: dict[str, Any]) -> list[dict[str, Any]]:
    _name, size, root = statement["log"]["checkpoint"].split("\n")[:3]
    return [
        {"term": _("Number"), "value": found.number},
        {"term": _("Issued"), "value": found.issued_at, "note": found.issued_by.name},
        {"term": _("Legal basis"), "value": found.transfer.get_basis_display()},
        {"term": _("Clients who stay"), "value": statement["book"]},
        {"term": _("Keys of clients that the buyer holds"), "value": statement["wraps_of_transferee"]},
        {"term": _("Looks at the masked profile"), "value": len(statement["looks"])},
        {"term": _("SHA-256 of the certificate file"), "value": {"kind": "code", "value": found.digest}},
        {
            "term": _("Log checkpoint"),
            "value": {"kind": "code", "value": root},
            "note": _("%(size)s entries") % {"size": f"{int(size):,d}"},
        },
    ]


def _gates(statement: dict[str, Any]) -> dict[str, Any]:
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    held = [
        [
            row["gate"],
            {"kind": "state", "value": "gate_exception" if row["by_exception"] else "gate_open"},
            "",
        ]
        for row in statement["gates"]
    ]
    others = [
        [row["gate"], {"kind": "state", "value": "gate_not_applying"}, row["because"][language]]
        for row in statement["gates_not_applying"]
    ]
    return {
        "caption": _("Gates"),
        "columns": [{"title": _("Gate"), "number": True}, {"title": _("State")}, {"title": _("Because")}],
        "rows": [*held, *others],
    }


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


@require_http_methods(["GET", "POST"])
@permission_required("transfer.issue_certificate")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freeze the statement for one officer of each firm to sign."""
    transfer = _find(request, pk)
    act = Act(
        title=gettext_lazy("Draft the statement"),
        sentence=gettext_lazy(
            "It states that no client data were handed over; one officer of each firm signs exactly its words."
        ),
        submit=gettext_lazy("Draft the statement"),
        back=reverse("transfer-statement", args=[pk]),
        done=gettext_lazy("The statement is drafted. Both named officers sign it next."),
    )
    form = SignersForm(
        request.POST or None,
        transferor=possible_signers(transfer, transfer.transferor_id),
        transferee=possible_signers(transfer, transfer.transferee_id) if transfer.transferee_id else [],
    )
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: draft_statement(transfer=transfer, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.issue_certificate")
@step_up_required
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign for one's own firm that nothing was handed over; the second signature settles the transfer."""
    transfer = _find(request, pk)
    waiting = live_draft(transfer)
    if waiting is None:
        raise Http404
    act = Act(
        title=gettext_lazy("Sign the statement"),
        sentence=_("You sign the statement with SHA-256 %(digest)s.") % {"digest": waiting.digest},
        submit=gettext_lazy("Sign for your firm"),
        back=reverse("transfer-statement", args=[pk]),
        done=gettext_lazy("Your firm has signed the statement."),
        confirms=True,
        step_up=True,
        consequences=[
            {
                "count": Client.objects.filter(book=transfer.book_id).count(),
                "text": gettext_lazy("clients are certified to stay where they are"),
            },
            {"count": len(looks(transfer)), "text": gettext_lazy("looks at the masked profile are listed")},
        ],
        irreversible=[
            gettext_lazy("With both signatures the transfer is settled; no client can be handed over in it.")
        ],
        signers=[
            {
                "name": row.signer.name,
                "organisation": row.organisation.name,
                "signed": row.signed_at is not None,
                "at": row.signed_at,
            }
            for row in waiting.signatures.select_related("signer", "organisation")
        ],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: sign_statement(draft=waiting, by=person(request))
    )


@require_GET
@permission_required("transfer.view_transfer")
def download(request: HttpRequest, pk: UUID, what: str) -> HttpResponseBase:
    """certificate.json, keys.json, or the program that verifies them."""
    transfer = _find(request, pk)
    found = _certificate_of(transfer)
    if found is None:
        raise Http404
    if what == "verify_handover.py":
        return attachment(verifier_program(), name=what, kind="text/x-python")
    if what == "keys.json":
        return attachment(party_keys(transfer), name=what, kind="application/json")
    return attachment(
        download_certificate(certificate=found, by=person(request)),
        name="certificate.json",
        kind="application/json",
    )
