"""Rehearsals, and the run page that rehearsals and the cutover share: delivery, returns, reconciliation."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.policies import may, permission_required
from access.refusals import told
from access.stepup import step_up_required
from audit.errors import Refused
from transfer.forms.runs import ReturnForm
from transfer.models import Break, Run, Transfer
from transfer.policies import TRANSFEROR, side_of
from transfer.services.returns import ask_reconciliation, receive_return
from transfer.services.runs import REHEARSED_IN, download_delivery, retry_run, start_rehearsal
from transfer.tasks.cutover import run_cutover
from transfer.tasks.runs import deliver, reconcile_run
from transfer.views.doors import attachment, carry_out, of_transfer
from transfer.views.frame import find_open_transfer, person, show
from transfer.views.run_parts import STATES, job_of, run_context, run_title


@require_http_methods(["GET", "POST"])
@permission_required("transfer.view_transfer")
def rehearsals(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every rehearsal with its breaks, and the burn-down from run to run; here one is started."""
    transfer = find_open_transfer(request, pk)
    if request.method == "POST":
        return _start(request, transfer)
    runs = list(counted_runs(transfer))
    waiting = any(run.kind == Run.Kind.REHEARSAL and run.state != Run.State.DONE for run in runs)
    user = person(request)
    asks = side_of(transfer, user.organisation_id) == TRANSFEROR and may(
        user, "transfer.run_rehearsal", transfer
    )
    may_start = asks and transfer.state in REHEARSED_IN and not waiting
    return show(
        request,
        "transfer/rehearsals.html",
        transfer,
        sentence=_sentence(runs),
        table=_table(runs),
        burn=burn_down(runs),
        may_start=may_start,
        empty=_empty(),
    )


def _start(request: HttpRequest, transfer: Transfer) -> HttpResponse:
    try:
        run = start_rehearsal(transfer=transfer, by=person(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
        return redirect("transfer-rehearsals", transfer.pk)
    deliver.delay_on_commit(str(run.pk))
    messages.success(request, _("The rehearsal has begun; its delivery is being made."))
    return redirect("transfer-run", transfer.pk, run.pk)


@require_GET
@permission_required("transfer.view_transfer")
def run_page(request: HttpRequest, pk: UUID, run_pk: UUID) -> HttpResponse:
    """One run from delivery to reconciliation."""
    transfer, run = _find(request, pk, run_pk)
    return _run_page(request, transfer, run)


def _run_page(
    request: HttpRequest, transfer: Transfer, run: Run, form: ReturnForm | None = None
) -> HttpResponse:
    words = run_context(request, transfer, run, form)
    return show(
        request,
        "transfer/run.html",
        transfer,
        sentence=run_sentence(run, words["missing"]),
        form=form,
        **words,
    )


@require_GET
@permission_required("transfer.view_transfer")
def progress(request: HttpRequest, pk: UUID, run_pk: UUID) -> HttpResponse:
    """How far the work on the run is; asked for again and again by the page."""
    _transfer, run = _find(request, pk, run_pk)
    job = job_of(run)
    response = render(request, "parts/progress.html", {"job": job})
    if job["state"] == "done":
        response.headers["HX-Refresh"] = "true"  # What can be done next has changed with it.
    return response


@require_POST
@permission_required("transfer.receive_return")
def upload_return(request: HttpRequest, pk: UUID, run_pk: UUID) -> HttpResponse:
    """A file that came back is received; a bad one is refused by name beside its field."""
    transfer, run = _find(request, pk, run_pk)
    form = ReturnForm(request.POST, request.FILES, side=side_of(transfer, person(request).organisation_id))
    if form.is_valid():
        source, _slash, kind = form.cleaned_data["what"].partition("/")
        sealed = form.cleaned_data["file"].sealed_file
        try:
            returned = receive_return(run=run, source=source, kind=kind, file=sealed, by=person(request))
        except Refused as refusal:
            form.add_error("file", told(request, refusal))
        else:
            messages.success(request, _("%(rows)s rows came back.") % {"rows": f"{returned.rows:,d}"})
            return redirect(_home_of(run))
    return _run_page(request, transfer, run, form)


@require_POST
@permission_required("transfer.receive_return")
def start_reconciliation(request: HttpRequest, pk: UUID, run_pk: UUID) -> HttpResponse:
    """The reconciliation is asked for; a worker does it."""
    _transfer, run = _find(request, pk, run_pk)
    if carry_out(
        request, lambda: ask_reconciliation(run=run, by=person(request)), _("The reconciliation has begun.")
    ):
        reconcile_run.delay_on_commit(str(run.pk))
    return redirect(_home_of(run))


@require_POST
@permission_required("transfer.view_transfer")
def retry(request: HttpRequest, pk: UUID, run_pk: UUID) -> HttpResponse:
    """Work that stopped is tried again."""
    transfer, run = _find(request, pk, run_pk)
    if carry_out(request, lambda: retry_run(run=run, by=person(request)), _("The work goes on.")):
        if run.state == Run.State.RECONCILING:
            reconcile_run.delay_on_commit(str(run.pk))
        elif transfer.state == Transfer.State.CUTTING_OVER:
            run_cutover.delay_on_commit(str(transfer.pk))
        else:
            deliver.delay_on_commit(str(run.pk))
    return redirect(_home_of(run))


@require_GET
@permission_required("transfer.download_delivery")
@step_up_required
def delivery(request: HttpRequest, pk: UUID, run_pk: UUID) -> HttpResponseBase:
    """The delivery file, opened in a recorded reading while it is sent."""
    transfer, run = _find(request, pk, run_pk)
    _file, pieces = download_delivery(run=run, by=person(request))
    return attachment(pieces, name=f"{transfer.number}-{run.kind}-{run.number}.zip", kind="application/zip")


def counted_runs(transfer: Transfer) -> Any:
    """The runs with how many breaks each found and how many are open or unexplained."""
    return (
        Run.objects.filter(transfer=transfer)
        .annotate(found=Count("breaks"), still_open=Count("breaks", filter=Q(breaks__state=Break.State.OPEN)))
        .order_by("kind", "number")
        .reverse()
    )


def burn_down(runs: list[Any]) -> dict[str, Any]:
    """Breaks from run to run, oldest first, as bars with the same figures in words."""
    done = sorted((run for run in runs if run.state == Run.State.DONE), key=lambda run: run.asked_at)
    most = max((run.found for run in done), default=0) or 1
    bars = [
        {
            "title": run_title(run),
            "found": run.found,
            "open": run.still_open,
            "y": place * 28,
            "words_y": place * 28 + 15,
            "width": 200 * run.found // most,
            "open_width": 200 * run.still_open // most,
            "figure_x": 116 + 200 * run.found // most,
        }
        for place, run in enumerate(done)
    ]
    words = " · ".join(
        _("%(run)s: breaks %(found)s, open %(open)s")
        % {"run": bar["title"], "found": bar["found"], "open": bar["open"]}
        for bar in bars
    )
    return {"bars": bars, "height": max(28 * len(bars), 1), "words": words}


def run_sentence(run: Run, missing: int) -> str:
    """What stands between this run and its end."""
    if run.state == Run.State.DONE:
        opened = Break.objects.filter(run=run, state=Break.State.OPEN).count()
        total = Break.objects.filter(run=run).count()
        return _("Reconciled. Breaks found: %(total)s; open: %(open)s.") % {"total": total, "open": opened}
    if run.state == Run.State.RECONCILING:
        return _("The reconciliation is under way.")
    if run.delivery_file is None:
        return _("The delivery of %(count)s clients is being made.") % {"count": f"{run.client_count:,d}"}
    if missing:
        return ngettext(
            "%(count)s file has not come back yet.", "%(count)s files have not come back yet.", missing
        ) % {"count": missing}
    return _("Everything has come back. Next move: reconcile.")


def _find(request: HttpRequest, pk: UUID, run_pk: UUID) -> tuple[Transfer, Run]:
    transfer = find_open_transfer(request, pk)
    return transfer, of_transfer(Run.objects.select_related("transfer", "asked_by"), transfer, run_pk)


def _home_of(run: Run) -> str:
    if run.kind == Run.Kind.CUTOVER:
        return reverse("transfer-cutover", args=[run.transfer_id])
    return reverse("transfer-run", args=[run.transfer_id, run.pk])


def _sentence(runs: list[Any]) -> str:
    rehearsed = [run for run in runs if run.kind == Run.Kind.REHEARSAL]
    if not rehearsed:
        return _("Nothing has been rehearsed yet.")
    last = max(rehearsed, key=lambda run: run.number)
    if last.state != Run.State.DONE:
        return _("Rehearsal %(number)s is under way.") % {"number": last.number}
    return _("Rehearsals: %(count)s. Breaks of the last: %(found)s; unexplained: %(open)s.") % {
        "count": len(rehearsed),
        "found": last.found,
        "open": last.still_open,
    }


def _table(runs: list[Any]) -> dict[str, Any]:
    ledgers = {run.pk: f"{reverse('transfer-breaks', args=[run.transfer_id])}?run={run.pk}" for run in runs}
    return {
        "caption": _("Runs"),
        "columns": [
            {"title": _("Run")},
            {"title": _("State")},
            {"title": _("Clients"), "number": True},
            {"title": _("Breaks found"), "number": True},
            {"title": _("Open"), "number": True},
            {"title": _("Begun")},
            {"title": _("Reconciled")},
        ],
        "rows": [
            [
                {"value": run_title(run), "url": reverse("transfer-run", args=[run.transfer_id, run.pk])},
                {"kind": "state", "value": STATES[run.state][0], "word": STATES[run.state][1]},
                run.client_count,
                {"value": run.found, "url": ledgers[run.pk]},
                {"value": run.still_open, "url": f"{ledgers[run.pk]}&state=open"},
                run.asked_at,
                run.finished_at or "—",
            ]
            for run in runs
        ],
    }


def _empty() -> dict[str, Any]:
    return {
        "title": _("No rehearsal yet"),
        "icon": "rotate",
        "what": _(
            "A rehearsal makes the delivery file with identity fields as tokens, takes back what the "
            "transferee's system, the depository and the banks return, and shows every difference."
        ),
        "why": _(
            "Gate 6 opens when the last rehearsal has no unexplained break. Nothing moves in a rehearsal."
        ),
    }
