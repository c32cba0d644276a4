"""The cutover: begun once, with the consequences in numbers; then batches, delivery, returns and reconciliation."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from access.policies import may, permission_required
from access.stepup import step_up_required
from clients.models import CustodyMove
from transfer.forms.transfers import EmptyForm
from transfer.gates.registry import gate
from transfer.models import ClientCase, Mandate, Run, Transfer
from transfer.policies import TRANSFEROR, side_of
from transfer.services.cutover import begin_cutover
from transfer.services.mandates import live_mandate
from transfer.tasks.cutover import run_cutover
from transfer.views.acts import Act, perform
from transfer.views.doors import address, problem_words
from transfer.views.frame import find_open_transfer, person, show
from transfer.views.mandate import sides
from transfer.views.run_parts import job_state, run_context


@require_GET
@permission_required("transfer.view_transfer")
def cutover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Where the cutover stands: before it the gate's facts, in it the batches, after it delivery and returns."""
    transfer = find_open_transfer(request, pk)
    run = _run_of(transfer)
    words: dict[str, Any] = run_context(request, transfer, run) if run is not None else {}
    decision = gate(transfer, 8)
    user = person(request)
    begins = side_of(transfer, user.organisation_id) == TRANSFEROR and may(
        user, "transfer.run_cutover", transfer
    )
    return show(
        request,
        "transfer/cutover.html",
        transfer,
        decision=decision,
        batches=batches_table(transfer),
        moving=moving_job(transfer, run) if run is not None else None,
        may_begin=run is None and transfer.state == Transfer.State.READY and decision.open and begins,
        **words,
        sentence=_sentence(transfer, len(decision.missing)),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.run_cutover")
@step_up_required
def begin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one confirmation before the point of no return."""
    transfer = find_open_transfer(request, pk)
    live = live_mandate(transfer)
    act = Act(
        title=gettext_lazy("Begin the cutover"),
        sentence=_consequence_sentence(transfer, live),
        submit=gettext_lazy("Begin the cutover"),
        back=reverse("transfer-cutover", args=[pk]),
        done=gettext_lazy("The cutover has begun. Batches are on their way."),
        confirms=True,
        danger=True,
        step_up=True,
        consequences=_consequences(transfer, live),
        irreversible=[
            gettext_lazy("From now on the transfer cannot be aborted."),
            gettext_lazy(
                "With each accepted batch the transferor's keys to its clients' data are withdrawn."
            ),
            gettext_lazy("Both firms' signatures under each batch stand in the certificate."),
        ],
        signers=[signer for side in sides(transfer, live) for signer in side["signers"]],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(request, transfer, form, act, lambda _words: _begin(request, transfer))


def _begin(request: HttpRequest, transfer: Transfer) -> None:
    begin_cutover(transfer=transfer, by=person(request))
    run_cutover.delay_on_commit(str(transfer.pk))


@require_GET
@permission_required("transfer.view_transfer")
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How many clients have passed; asked for again and again by the page."""
    transfer = find_open_transfer(request, pk)
    run = _run_of(transfer)
    job = moving_job(transfer, run) if run is not None else {"state": "waiting"}
    response = render(request, "parts/progress.html", {"job": job})
    if job["state"] == "done":
        response.headers["HX-Refresh"] = "true"
    return response


def moving_job(transfer: Transfer, run: Run) -> dict[str, Any]:
    """The batches as a work that shows itself."""
    cases = ClientCase.objects.filter(transfer=transfer)
    accepted = cases.filter(state=ClientCase.State.ACCEPTED).count()
    cutting = transfer.state == Transfer.State.CUTTING_OVER
    live = live_mandate(transfer)
    total = live.client_count if live is not None else accepted
    job: dict[str, Any] = {
        "id": f"moving-{run.pk}",
        "title": _("Clients handed over"),
        "unit": _("clients"),
        "done": accepted,
        "total": total,
        "state": job_state(run) if cutting else "done",
        "poll_url": reverse("transfer-cutover-progress", args=[transfer.pk]),
        "resume_url": reverse("transfer-run-retry", args=[transfer.pk, run.pk]),
        "sentence": problem_words(run.problem) if cutting else "",
    }
    if cutting and job["state"] == "waiting":
        job["state"] = "running" if run.lease_until else "queued"
    if job["state"] == "running" and accepted and transfer.no_return_at:
        rate = accepted / max((timezone.now() - transfer.no_return_at).total_seconds(), 1)
        job |= {"rate": round(rate), "seconds_left": max(total - accepted, 0) / rate}
    return job


def batches_table(transfer: Transfer) -> dict[str, Any]:
    """Every batch with both signatures."""
    moves = CustodyMove.objects.filter(occasion=transfer.pk).order_by("number")
    return {
        "caption": _("Batches"),
        "columns": [
            {"title": _("Batch"), "number": True},
            {"title": _("Clients"), "number": True},
            {"title": _("State")},
            {"title": _("Released")},
            {"title": _("Transferor's signature")},
            {"title": _("Accepted")},
            {"title": _("Transferee's signature")},
        ],
        "rows": [
            [
                move.number,
                move.client_count,
                {"kind": "state", "value": move.state},
                move.released_at,
                {"kind": "code", "value": _short(move.release_signature)},
                move.accepted_at or "—",
                {"kind": "code", "value": _short(move.acceptance_signature)},
            ]
            for move in moves
        ],
    }


def _short(signature: bytes | memoryview | None) -> str:
    return "—" if not signature else f"{bytes(signature).hex()[:10]}…"


def _run_of(transfer: Transfer) -> Run | None:
    return (
        Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER)
        .select_related("transfer", "asked_by")
        .first()
    )


def _consequence_sentence(transfer: Transfer, live: Mandate | None) -> str:
    if live is None or transfer.transferee is None:
        return _("There is no mandate: the cutover cannot begin.")
    return _("%(count)s clients pass: %(giver)s → %(taker)s") % {
        "count": f"{live.client_count:,d}",
        "giver": transfer.transferor.name,
        "taker": transfer.transferee.name,
    }


def _consequences(transfer: Transfer, live: Mandate | None) -> list[dict[str, Any]]:
    if live is None:
        return []
    batches = -(-live.client_count // settings.CUSTODY_BATCH_ROWS)
    staying = ClientCase.objects.filter(
        transfer=transfer, state__in=[ClientCase.State.LEFT, ClientCase.State.EXCLUDED]
    ).count()
    return [
        {
            "count": live.client_count,
            "text": _("clients change the firm that is responsible for their data"),
            "url": address("transfer-cases", transfer.pk),
        },
        {"count": batches, "text": _("batches are released and accepted, each signed by both firms")},
        {"count": staying, "text": _("clients do not move: they have left or are excluded")},
    ]


def _sentence(transfer: Transfer, missing: int) -> str:
    accepted = ClientCase.objects.filter(transfer=transfer, state=ClientCase.State.ACCEPTED).count()
    if transfer.state == Transfer.State.CUTTING_OVER:
        return _("The cutover is under way: %(count)s clients are accepted.") % {"count": f"{accepted:,d}"}
    if transfer.no_return_at is not None:
        return _("%(count)s clients were handed over.") % {"count": f"{accepted:,d}"}
    if missing:
        return _("The cutover cannot begin: %(count)s facts of gate 8 do not hold.") % {"count": missing}
    return _("Gate 8 is open: the cutover may begin.")
