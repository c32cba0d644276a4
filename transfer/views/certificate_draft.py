"""The certificate before it is issued: drafted, read, and signed by an officer of each side."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from access.policies import may, permission_required
from access.stepup import step_up_required
from transfer.forms.certificate import SignersForm
from transfer.forms.transfers import EmptyForm
from transfer.models import Break, CertificateDraft, Run, Transfer
from transfer.policies import BOTH, side_of
from transfer.services.certificates import (
    draft_certificate,
    live_draft,
    possible_signers,
    read_draft,
    sign_certificate,
)
from transfer.views.acts import Act, perform
from transfer.views.doors import attachment
from transfer.views.frame import find_open_transfer, person, show


@require_http_methods(["GET", "POST"])
@permission_required("transfer.issue_certificate")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The statement is frozen for one named officer of each side."""
    transfer = find_open_transfer(request, pk)
    officers = [
        possible_signers(transfer, party.pk) if party else []
        for party in (transfer.transferor, transfer.transferee)
    ]
    form = SignersForm(
        request.POST if request.method == "POST" else None, transferor=officers[0], transferee=officers[1]
    )
    act = Act(
        title=gettext_lazy("Draft the certificate"),
        sentence=gettext_lazy(
            "The statement is frozen by its digest. The officers you name sign it next, each for their own firm; "
            "an earlier draft is withdrawn with its signatures."
        ),
        submit=gettext_lazy("Draft the certificate"),
        back=reverse("transfer-certificate", args=[pk]),
        done=gettext_lazy("The certificate is drafted. An officer of each side signs it next."),
    )
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: draft_certificate(transfer=transfer, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.issue_certificate")
@step_up_required
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The named officer signs for the own firm, after the consequences were read."""
    transfer = find_open_transfer(request, pk)
    found = live_draft(transfer)
    if found is None:
        return redirect("transfer-certificate", pk)
    open_breaks = Break.objects.filter(
        run__transfer=transfer, run__kind=Run.Kind.CUTOVER, state=Break.State.OPEN
    ).count()
    act = Act(
        title=_("Sign the certificate for %(firm)s") % {"firm": person(request).organisation.name},
        sentence=_("You sign the statement with SHA-256 %(digest)s.") % {"digest": found.digest},
        submit=gettext_lazy("Sign the certificate"),
        back=reverse("transfer-certificate", args=[pk]),
        done=gettext_lazy("Your signature stands under the certificate."),
        confirms=True,
        step_up=True,
        consequences=[
            {"count": found.client_count, "text": gettext_lazy("clients are certified as handed over")},
            {
                "count": open_breaks,
                "text": gettext_lazy("open breaks are printed on its first page"),
                "url": reverse("transfer-breaks", args=[pk]) + "?state=open",
            },
        ],
        irreversible=[
            gettext_lazy(
                "With the second firm's signature it is issued; it cannot be changed or issued again."
            )
        ],
        signers=signers_of(found),
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(request, transfer, form, act, lambda _words: _sign(request, found))


def _sign(request: HttpRequest, found: CertificateDraft) -> str | None:
    issued = sign_certificate(draft=found, by=person(request))
    return None if issued is None else str(_("The certificate is issued."))


@require_GET
@permission_required("transfer.view_transfer")
def statement(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The frozen statement to read before signing."""
    transfer = find_open_transfer(request, pk)
    found = live_draft(transfer)
    if found is None:
        raise Http404
    return attachment(
        read_draft(draft=found, by=person(request)), name="statement.json", kind="application/json"
    )


def not_yet(request: HttpRequest, transfer: Transfer) -> HttpResponse:
    """What the certificate still waits for, and the draft with its signers once there is one."""
    user = person(request)
    reconciled = Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER, state=Run.State.DONE).exists()
    waiting = Break.objects.filter(
        run__transfer=transfer, run__kind=Run.Kind.CUTOVER, state=Break.State.WRITE_OFF_ASKED
    )
    draft = live_draft(transfer)
    may_issue = (
        reconciled
        and transfer.state == Transfer.State.RECONCILING
        and side_of(transfer, user.organisation_id) in BOTH
        and may(user, "transfer.issue_certificate", transfer)
    )
    return show(
        request,
        "transfer/certificate_none.html",
        transfer,
        sentence=_waiting_sentence(draft, reconciled=reconciled),
        empty=_empty(),
        waiting=waiting.count(),
        draft=draft,
        draft_facts=_draft_facts(draft) if draft else [],
        signers=signers_of(draft) if draft else [],
        may_draft=may_issue,
        may_sign=may_issue
        and draft is not None
        and draft.signatures.filter(signer=user, signed_at=None).exists(),
    )


def _waiting_sentence(draft: CertificateDraft | None, *, reconciled: bool) -> str:
    if draft is not None:
        missing = draft.signatures.filter(signed_at=None).select_related("signer").first()
        return _("The certificate is drafted. Next move: %(name)s signs it.") % {
            "name": missing.signer.name if missing else ""
        }
    if reconciled:
        return _(
            "The cutover is reconciled. Next move: a compliance officer of either side drafts the certificate."
        )
    return _("The certificate is issued after the cutover is reconciled.")


def _draft_facts(draft: CertificateDraft) -> list[dict[str, Any]]:
    return [
        {"term": _("Number"), "value": draft.number},
        {"term": _("Drafted"), "value": draft.drafted_at, "note": draft.drafted_by.name},
        {"term": _("Clients"), "value": draft.client_count},
        {
            "term": _("Merkle root of the clients"),
            "value": {"kind": "code", "value": bytes(draft.root).hex()},
        },
        {"term": _("SHA-256 of the statement"), "value": {"kind": "code", "value": draft.digest}},
    ]


def signers_of(draft: CertificateDraft) -> list[dict[str, Any]]:
    """Who signs for which firm, and whether that has happened."""
    rows = draft.signatures.select_related("signer", "organisation").order_by(
        "signed_at", "organisation__code"
    )
    return [
        {
            "name": row.signer.name,
            "organisation": row.organisation.name,
            "signed": row.signed_at is not None,
            "at": row.signed_at,
        }
        for row in rows
    ]


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
