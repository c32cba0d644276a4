"""Transfers: the list, a new one, the cockpit of one, and the acts on it as a whole."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from access.models import Organisation
from access.policies import may, permission_required
from access.refusals import told
from access.stepup import step_up_required
from audit.errors import Refused
from transfer.bases import data_moves
from transfer.forms.transfers import CutoverForm, EmptyForm, TransfereeForm, TransferForm
from transfer.gates.registry import gates
from transfer.log_lines import latest_lines
from transfer.models import ClientCase, Transfer
from transfer.policies import BOTH, TRANSFEROR, may_for_side, may_from_outside, sees_data, visible_transfers
from transfer.services.cases import funnel
from transfer.services.closing import close_transfer
from transfer.services.transfers import (
    NEXT_STAGE,
    abort,
    advance,
    draft_transfer,
    name_transferee,
    plan_cutover,
)
from transfer.standing import clocks, gate_summary, standing
from transfer.views.acts import Act, perform
from transfer.views.diligence import may_state
from transfer.views.frame import find_transfer, person, show

LIST_LIMIT = 200


@require_GET
@permission_required("transfer.view_transfer")
def transfer_list(request: HttpRequest) -> HttpResponse:
    """Every transfer the person may see: where it stands, what blocks it, whose move it is."""
    user = person(request)
    rows = [standing(transfer) for transfer in visible_transfers(user).order_by("-number")[:LIST_LIMIT]]
    sentence = ngettext("You see %(count)d transfer.", "You see %(count)d transfers.", len(rows)) % {
        "count": len(rows)
    }
    context = {
        "standings": rows,
        "sentence": sentence,
        "may_draft": may(user, "transfer.draft_transfer"),
        "may_look": may(user, "transfer.load_extract"),
    }
    return render(request, "transfer/list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("transfer.draft_transfer")
def new(request: HttpRequest) -> HttpResponse:
    """Draft a transfer of the clients of one's own firm."""
    form = TransferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = draft_transfer(by=person(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, _("The transfer is drafted. Name the transferee when it is known."))
            return redirect("transfer-overview", pk=made.pk)
    return render(request, "transfer/new.html", {"form": form})


@require_GET
@permission_required("transfer.view_transfer")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The cockpit: stage, what blocks the next one, clients by state, gates, clocks, latest entries."""
    transfer = find_transfer(request, pk)
    user = person(request)
    sight = sees_data(user, transfer)
    return show(
        request,
        "transfer/overview.html",
        transfer,
        standing=standing(transfer),
        stats=_funnel_stats(transfer) if sight else [],
        total=sum(funnel(transfer).values()) if sight else 0,
        gates=[gate_summary(transfer, found, counts=sight) for found in gates(transfer)],
        clocks=clocks(transfer) if sight else [],
        lines=latest_lines(transfer),
        acts=_acts(user, transfer),
    )


def _funnel_stats(transfer: Transfer) -> list[dict[str, Any]]:
    """One figure for every state that is not empty, each opening exactly its clients."""
    address = reverse("transfer-cases", args=[transfer.pk])
    return [
        {"label": ClientCase.State(state).label, "value": count, "url": f"{address}?state={state}"}
        for state, count in funnel(transfer).items()
        if count
    ]


def _acts(user: Any, transfer: Transfer) -> list[dict[str, object]]:
    """What this person may do with the transfer now, the next stage first."""
    drafts = may_for_side(user, "transfer.draft_transfer", transfer, TRANSFEROR)
    ended = transfer.state in {Transfer.State.ABORTED, Transfer.State.CLOSED}
    early = transfer.state in {Transfer.State.DRAFT, Transfer.State.LOADING}
    table = (
        (
            transfer.state in NEXT_STAGE
            and (data_moves(transfer) or transfer.state != Transfer.State.REVIEWING)
            and may_for_side(user, "transfer.advance_transfer", transfer, TRANSFEROR),
            _("To the next stage"),
            "transfer-advance",
            "primary",
        ),
        (
            drafts and early and transfer.transferee_id is None,
            _("Name the transferee"),
            "transfer-transferee",
            "",
        ),
        (
            drafts and not ended and transfer.no_return_at is None,
            _("Plan the cutover"),
            "transfer-planned-cutover",
            "",
        ),
        (
            transfer.counsel_word_at is None
            and not ended
            and may_from_outside(user, "transfer.give_counsel_word", transfer),
            _("Confirm the legal basis"),
            "transfer-counsel",
            "",
        ),
        (
            transfer.state == Transfer.State.SETTLED
            and may_for_side(user, "transfer.close_transfer", transfer, TRANSFEROR),
            _("Close the transfer"),
            "transfer-close",
            "primary",
        ),
        (
            not data_moves(transfer) and may_state(user, transfer),
            _("To the statement"),
            "transfer-statement",
            "primary",
        ),
        (
            not ended and may_for_side(user, "transfer.record_approval", transfer, *BOTH),
            _("Record an approval"),
            "transfer-approval",
            "",
        ),
        (
            not ended
            and transfer.no_return_at is None
            and may_for_side(user, "transfer.abort_transfer", transfer, *BOTH),
            _("Abort"),
            "transfer-abort",
            "",
        ),
    )
    acts: list[dict[str, object]] = [
        {"title": title, "url": reverse(name, args=[transfer.pk]), "tone": tone}
        for allowed, title, name, tone in table
        if allowed
    ]
    if not ended and may(user, "access.grant_object", transfer):
        guests = reverse("access-grant-new", args=[transfer._meta.label_lower, transfer.pk])
        acts.append({"title": _("Open to a guest"), "url": guests, "tone": ""})
    return acts


def _overview_of(transfer: Transfer) -> str:
    return reverse("transfer-overview", args=[transfer.pk])


@require_http_methods(["GET", "POST"])
@permission_required("transfer.draft_transfer")
def transferee(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Name the firm that takes over."""
    transfer = find_transfer(request, pk)
    form = TransfereeForm(request.POST or None)
    firms = Organisation.objects.filter(kind=Organisation.Kind.BROKER).exclude(pk=transfer.transferor_id)
    form.fields["transferee"].queryset = firms  # type: ignore[attr-defined]
    act = Act(
        title=gettext_lazy("Name the transferee"),
        sentence=gettext_lazy(
            "The firm that takes the clients over. Only firms registered here can be named."
        ),
        submit=gettext_lazy("Name the transferee"),
        back=_overview_of(transfer),
        done=gettext_lazy("The transferee is named and sees the transfer."),
    )
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: name_transferee(transfer=transfer, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.draft_transfer")
def planned_cutover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Plan the cutover, or plan it anew."""
    transfer = find_transfer(request, pk)
    form = CutoverForm(request.POST or None, initial={"at": transfer.planned_cutover})
    act = Act(
        title=gettext_lazy("Plan the cutover"),
        sentence=gettext_lazy(
            "Clauses and windows are counted against this moment. It can be moved until no return."
        ),
        submit=gettext_lazy("Plan the cutover"),
        back=_overview_of(transfer),
        done=gettext_lazy("The cutover is planned."),
    )
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: plan_cutover(transfer=transfer, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.advance_transfer")
def next_stage(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the transfer one stage further; its gates are computed anew while it happens."""
    transfer = find_transfer(request, pk)
    target = NEXT_STAGE.get(transfer.state, ("", ()))[0]
    stands = standing(transfer)
    label = Transfer.State(target).label if target else ""
    act = Act(
        title=_("To the stage “%(stage)s”") % {"stage": label}
        if target
        else gettext_lazy("To the next stage"),
        sentence=stands.sentence,
        submit=_("Go to “%(stage)s”") % {"stage": label} if target else gettext_lazy("To the next stage"),
        back=_overview_of(transfer),
        done=_("The transfer is now at “%(stage)s”.") % {"stage": label},
        confirms=True,
        irreversible=[gettext_lazy("A transfer never goes back a stage.")],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: advance(transfer=transfer, by=person(request))
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.abort_transfer")
@step_up_required
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Abort the transfer before anything is handed over."""
    transfer = find_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Abort the transfer"),
        sentence=gettext_lazy("Nothing is handed over; data and custody stay where they are."),
        submit=gettext_lazy("Abort for good"),
        back=_overview_of(transfer),
        done=gettext_lazy("The transfer is aborted."),
        confirms=True,
        danger=True,
        step_up=True,
        consequences=[
            {
                "count": sum(funnel(transfer).values()),
                "text": gettext_lazy("clients stay with the transferor"),
            }
        ],
        irreversible=[
            gettext_lazy("An aborted transfer cannot be taken up again; a new one must be drafted.")
        ],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(request, transfer, form, act, lambda _words: abort(transfer=transfer, by=person(request)))


@require_http_methods(["GET", "POST"])
@permission_required("transfer.close_transfer")
@step_up_required
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close a settled transfer: nobody is in limbo, and the law's remainder is kept."""
    transfer = find_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Close the transfer"),
        sentence=gettext_lazy("Possible once nobody waits between the firms or for a decision."),
        submit=gettext_lazy("Close for good"),
        back=_overview_of(transfer),
        done=gettext_lazy("The transfer is closed."),
        confirms=True,
        step_up=True,
        irreversible=[gettext_lazy("Nothing more happens in a closed transfer.")],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: close_transfer(transfer=transfer, by=person(request))
    )
