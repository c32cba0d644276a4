"""Go or no-go: the mandate with its window and facts, and who of each side is still missing."""

import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from access.policies import may, permission_required
from access.stepup import step_up_required
from transfer.forms.mandate import ExtensionForm, MandateForm
from transfer.forms.transfers import EmptyForm
from transfer.gates.decision import SIGNATURES_PER_SIDE
from transfer.gates.registry import TITLES, gate
from transfer.models import Mandate, MandateExtension, Transfer
from transfer.policies import TRANSFEROR, side_of
from transfer.services.extensions import (
    draft_extension,
    sign_extension,
    waiting_extension,
    window_end,
)
from transfer.services.mandates import draft_mandate, live_mandate, sign_mandate
from transfer.views.acts import Act, perform
from transfer.views.frame import find_open_transfer, person, show


@require_GET
@permission_required("transfer.view_transfer")
def mandate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The live mandate: what it permits, on which facts, who has signed and who is missing."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    live = live_mandate(transfer)
    ready = transfer.state == Transfer.State.READY
    signed = live is not None and live.signatures.filter(signed_by=user).exists()
    cutting = live is not None and transfer.state == Transfer.State.CUTTING_OVER
    waiting = waiting_extension(live) if live is not None and cutting else None
    return show(
        request,
        "transfer/mandate.html",
        transfer,
        mandate=live,
        sentence=_sentence(live),
        sides=sides(transfer, live),
        extension=waiting,
        extension_sides=sides(transfer, waiting) if waiting else [],
        extension_facts=_extension_facts(waiting) if waiting else [],
        facts=_facts(live) if live else [],
        frozen=_frozen(live),
        empty=_empty(),
        may_draft=ready
        and side_of(transfer, user.organisation_id) == TRANSFEROR
        and may(user, "transfer.run_cutover", transfer),
        may_extend=cutting
        and side_of(transfer, user.organisation_id) == TRANSFEROR
        and may(user, "transfer.run_cutover", transfer),
        may_agree=waiting is not None
        and not waiting.signatures.filter(signed_by=user).exists()
        and may(user, "transfer.sign_mandate", transfer)
        and user.organisation_id in transfer.parties(),
        may_sign=ready
        and live is not None
        and not signed
        and may(user, "transfer.sign_mandate", transfer)
        and user.organisation_id in transfer.parties(),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.run_cutover")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A mandate over exactly the clients who may move now."""
    transfer = find_open_transfer(request, pk)
    now = timezone.localtime().replace(second=0, microsecond=0)
    form = MandateForm(
        request.POST or None, initial={"not_before": now, "not_after": now + datetime.timedelta(hours=12)}
    )
    act = Act(
        title=gettext_lazy("Draft a mandate"),
        sentence=gettext_lazy(
            "The facts of gates 1 to 7 and the set of clients are frozen by digest. An earlier mandate is "
            "withdrawn with its signatures."
        ),
        submit=gettext_lazy("Draft the mandate"),
        back=reverse("transfer-mandate", args=[pk]),
        done=gettext_lazy("The mandate is drafted. Two people of each side sign it next."),
    )
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: draft_mandate(transfer=transfer, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.sign_mandate")
@step_up_required
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One more person says go."""
    transfer = find_open_transfer(request, pk)
    live = live_mandate(transfer)
    if live is None:
        return redirect("transfer-mandate", pk)
    act = Act(
        title=_("Say go for %(firm)s") % {"firm": person(request).organisation.name},
        sentence=_("You sign the mandate with SHA-256 %(digest)s.") % {"digest": bytes(live.digest).hex()},
        submit=gettext_lazy("Say go"),
        back=reverse("transfer-mandate", args=[pk]),
        done=gettext_lazy("Your go is signed."),
        confirms=True,
        danger=True,
        step_up=True,
        consequences=[
            {"count": live.client_count, "text": gettext_lazy("clients may be handed over in the window")}
        ],
        irreversible=[gettext_lazy("Your signature stands in the certificate with your name.")],
        signers=[signer for side in sides(transfer, live) for signer in side["signers"]],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: sign_mandate(mandate=live, by=person(request))
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.run_cutover")
def extend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A later end of the window is proposed while the cutover is under way."""
    transfer = find_open_transfer(request, pk)
    live = live_mandate(transfer)
    if live is None:
        return redirect("transfer-mandate", pk)
    later = timezone.localtime(max(window_end(live), timezone.now())) + datetime.timedelta(hours=6)
    form = ExtensionForm(request.POST or None, initial={"not_after": later.replace(second=0, microsecond=0)})
    act = Act(
        title=gettext_lazy("Extend the mandate's window"),
        sentence=gettext_lazy(
            "Clients and facts stay as they were signed; only the window ends later. It counts once two people of "
            "each side have signed it; batches that stopped at the old end go on by themselves then."
        ),
        submit=gettext_lazy("Propose the later end"),
        back=reverse("transfer-mandate", args=[pk]),
        done=gettext_lazy("The later end is proposed. Two people of each side sign it next."),
    )
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: draft_extension(transfer=transfer, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.sign_mandate")
@step_up_required
def agree(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One more person signs the later end."""
    transfer = find_open_transfer(request, pk)
    live = live_mandate(transfer)
    waiting = waiting_extension(live) if live is not None else None
    if waiting is None:
        return redirect("transfer-mandate", pk)
    act = Act(
        title=_("Sign the later end for %(firm)s") % {"firm": person(request).organisation.name},
        sentence=_("You sign the extension with SHA-256 %(digest)s.")
        % {"digest": bytes(waiting.digest).hex()},
        submit=gettext_lazy("Sign the later end"),
        back=reverse("transfer-mandate", args=[pk]),
        done=gettext_lazy("Your signature stands under the later end."),
        confirms=True,
        danger=True,
        step_up=True,
        irreversible=[gettext_lazy("Your signature stands in the certificate with your name.")],
        signers=[signer for side in sides(transfer, waiting) for signer in side["signers"]],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: sign_extension(extension=waiting, by=person(request))
    )


def _extension_facts(waiting: MandateExtension) -> list[dict[str, Any]]:
    return [
        {"term": _("Not after"), "value": waiting.not_after},
        {"term": _("Reason"), "value": waiting.reason},
        {"term": _("Drafted by"), "value": waiting.created_by.name},
        {
            "term": _("SHA-256 of the extension"),
            "value": {"kind": "code", "value": bytes(waiting.digest).hex()},
        },
    ]


def sides(transfer: Transfer, live: Mandate | MandateExtension | None) -> list[dict[str, Any]]:
    """Per side: who has signed, and how many are missing."""
    rows: list[Any] = (
        []
        if live is None
        else list(live.signatures.select_related("signed_by", "organisation").order_by("signed_at"))
    )
    found = []
    for organisation in filter(None, (transfer.transferor, transfer.transferee)):
        mine = [row for row in rows if row.organisation_id == organisation.pk]
        missing = max(SIGNATURES_PER_SIDE - len(mine), 0)
        signers = [
            {
                "name": row.signed_by.name,
                "organisation": organisation.name,
                "signed": True,
                "at": row.signed_at,
                "fingerprint": row.fingerprint,
            }
            for row in mine
        ]
        signers += [
            {"name": _("one more person"), "organisation": organisation.name, "signed": False}
        ] * missing
        found.append({"name": organisation.name, "signers": signers, "missing": missing})
    return found


def _sentence(live: Mandate | None) -> str:
    if live is None:
        return _("There is no mandate yet: nobody has said go.")
    missing = 2 * SIGNATURES_PER_SIDE - live.signatures.count()
    if window_end(live) <= timezone.now():
        return _("The mandate's window is over.")
    if missing > 0:
        return _("%(missing)s of 4 signatures are missing for %(count)s clients.") % {
            "missing": missing,
            "count": f"{live.client_count:,d}",
        }
    return _("Both sides have said go for %(count)s clients.") % {"count": f"{live.client_count:,d}"}


def _facts(live: Mandate) -> list[dict[str, Any]]:
    return [
        {"term": _("Clients"), "value": live.client_count},
        {
            "term": _("Root over the set of clients"),
            "value": {"kind": "code", "value": bytes(live.clients_root).hex()},
        },
        {"term": _("Not before"), "value": live.not_before},
        {"term": _("Not after"), "value": window_end(live)},
        {"term": _("Drafted by"), "value": live.created_by.name},
        {"term": _("SHA-256 of the mandate"), "value": {"kind": "code", "value": bytes(live.digest).hex()}},
    ]


def _frozen(live: Mandate | None) -> dict[str, Any]:
    words = {}
    if live is not None:
        words = {
            (number, fact.code): str(fact.text)
            for number in TITLES
            for fact in gate(live.transfer, number).facts
        }
    rows = [
        [
            str(number),
            words.get((number, code), code),
            {
                "kind": "state",
                "value": "met" if ok else "gate_exception" if excepted else "unmet",
                "word": "" if ok or not excepted else _("by exception"),
            },
        ]
        for number, code, ok, excepted in (live.facts if live else [])
    ]
    return {
        "caption": _("Facts frozen with the mandate"),
        "columns": [{"title": _("Gate")}, {"title": _("Fact")}, {"title": _("When it was drafted")}],
        "rows": rows,
    }


def _empty() -> dict[str, Any]:
    return {
        "title": _("No mandate yet"),
        "icon": "signature",
        "what": _(
            "The mandate says which clients may be handed over, in which window, and on which facts. Two "
            "people of each side sign it."
        ),
        "why": _("Every batch quotes its digest; without it nothing moves."),
    }
