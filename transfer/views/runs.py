"""One run: how far it is, what it found, and stopping, going on and trying slices again."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from access.policies import permission_required
from audit.errors import Refused
from transfer.models import ImportChunk, ImportRun, Reject
from transfer.services.imports import declared_differences, progress, retry_chunk, start_run, stop_run
from transfer.services.rejects import REASONS
from transfer.tasks.imports import load_chunk, plan_run
from transfer.views.data import figure, find_run, works_on
from transfer.views.frame import person, show

_UNDER_WAY = (ImportRun.State.PLANNING, ImportRun.State.RUNNING, ImportRun.State.FINISHING)


@require_GET
@never_cache
@permission_required("transfer.view_import")
def one_run(request: HttpRequest, pk: UUID, run: UUID) -> HttpResponse:
    """Progress while it runs; afterwards what was declared and found, and what was refused."""
    found = find_run(request, pk, run)
    mine = works_on(person(request), found.extract)
    context = {
        "run": found,
        "job": job_of(found, acts=mine),
        "sentence": _sentence(found),
        "compared": _compared(found),
        "rejects": _rejects(found),
        "parked": list(found.chunks.filter(state=ImportChunk.State.PARKED).order_by("number")),
        "works_on": mine,
        "health_url": reverse("transfer-health", args=[pk]),
    }
    return show(request, "transfer/import_run.html", found.extract.transfer, **context)


def job_of(run: ImportRun, *, acts: bool) -> dict[str, Any]:
    """The run as ``parts/progress.html`` takes it."""
    at = progress(run)
    elapsed = max((timezone.now() - run.asked_at).total_seconds(), 1)
    here = [run.extract.transfer_id, run.pk]
    return {
        "id": run.pk,
        "title": f"{run.get_mode_display()} · {run.extract.get_kind_display()}",
        "state": at.state,
        "done": at.done,
        "total": at.total,
        "unit": ngettext("slice", "slices", at.total),
        "rate": int(at.rows / elapsed) if at.rows else None,
        "seconds_left": int(elapsed / at.done * (at.total - at.done)) if at.done else None,
        "poll_url": reverse("transfer-import-progress", args=here),
        "stop_url": reverse("transfer-import-stop", args=here) if acts else "",
        "resume_url": reverse("transfer-import-resume", args=here) if acts else "",
        "sentence": _("%(rows)s lines read: %(accepted)s accepted, %(rejected)s rejected.")
        % {"rows": figure(at.rows), "accepted": figure(at.accepted), "rejected": figure(at.rejected)},
    }


def _sentence(run: ImportRun) -> str:
    if run.state == ImportRun.State.REFUSED:
        refusal = Refused(run.refusal_code, **run.refusal_params)
        return _("The file was refused: %(reason)s") % {"reason": refusal.message}
    if run.state != ImportRun.State.DONE:
        return _("The run is not finished yet.")
    words = {"accepted": figure(run.accepted), "rows": figure(run.rows), "rejected": figure(run.rejected)}
    if run.mode == ImportRun.Mode.PROFILE:
        return (
            _(
                "%(rows)s lines looked at: %(accepted)s can be loaded, %(rejected)s cannot. Nothing was loaded."
            )
            % words
        )
    return _("%(accepted)s of %(rows)s lines are loaded, %(rejected)s rejected.") % words


def _compared(run: ImportRun) -> dict[str, Any] | None:
    """Declared beside found, once both are known."""
    extract = run.extract
    if run.state != ImportRun.State.DONE:
        return None
    differs = (
        {difference.what for difference in declared_differences(run)}
        if extract.declared_rows is not None
        else set()
    )
    found = {"rows": str(run.rows), **run.totals}
    declared = (
        {"rows": str(extract.declared_rows), **extract.declared_totals}
        if extract.declared_rows is not None
        else {}
    )
    return {
        "caption": _("Declared and found"),
        "columns": [
            {"title": _("What")},
            {"title": pgettext("rows", "Declared"), "number": True},
            {"title": pgettext("rows", "Found"), "number": True},
            {"title": _("Compared")},
        ],
        "rows": [
            [
                _("Rows") if what == "rows" else what,
                declared.get(what, ""),
                found.get(what, ""),
                _verdict(what, declared, differs),
            ]
            for what in sorted({*found, *declared}, key=lambda what: (what != "rows", what))
        ],
    }


def _verdict(what: str, declared: dict[str, str], differs: set[str]) -> object:
    if what not in declared:
        return {"kind": "state", "value": "waiting", "word": _("not declared")}
    return (
        {"kind": "state", "value": "unmet", "word": _("differ")}
        if what in differs
        else {"kind": "state", "value": "met", "word": _("equal")}
    )


def _rejects(run: ImportRun) -> dict[str, Any] | None:
    rows = (
        Reject.objects.filter(run=run)
        .values("code")
        .annotate(total=Count("id"), open=Count("id", filter=Q(decision=Reject.Decision.OPEN)))
    )
    if not rows:
        return None
    base = reverse("transfer-rejects", args=[run.extract.transfer_id, run.pk])
    return {
        "caption": _("Rejected lines by reason"),
        "columns": [
            {"title": _("Reason")},
            {"title": _("Lines"), "number": True},
            {"title": _("Open"), "number": True},
        ],
        "rows": [
            [
                REASONS.get(row["code"], row["code"]),
                {"value": row["total"], "url": f"{base}?code={row['code']}"},
                {"value": row["open"], "url": f"{base}?code={row['code']}&decision=open"}
                if row["open"]
                else 0,
            ]
            for row in rows.order_by("-total")
        ],
    }


@require_GET
@never_cache
@permission_required("transfer.view_import")
def run_progress(request: HttpRequest, pk: UUID, run: UUID) -> HttpResponse:
    """The part that keeps asking; when the run has ended the whole page is loaded anew."""
    found = find_run(request, pk, run)
    acts = works_on(person(request), found.extract)
    answer = render(request, "parts/progress.html", {"job": job_of(found, acts=acts)})
    if found.state not in _UNDER_WAY:
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_POST
@permission_required("transfer.load_extract")
def stop(request: HttpRequest, pk: UUID, run: UUID) -> HttpResponse:
    """No further slice is loaded; what is loaded stays."""
    stop_run(run=find_run(request, pk, run), by=person(request))
    return redirect("transfer-import-run", pk=pk, run=run)


@require_POST
@permission_required("transfer.load_extract")
def resume(request: HttpRequest, pk: UUID, run: UUID) -> HttpResponse:
    """A stopped run goes on where it was."""
    found = find_run(request, pk, run)
    going_on = start_run(extract=found.extract, mode=found.mode, by=person(request))
    plan_run.delay_on_commit(str(going_on.pk))
    return redirect("transfer-import-run", pk=pk, run=going_on.pk)


@require_POST
@permission_required("transfer.load_extract")
def retry(request: HttpRequest, pk: UUID, run: UUID, chunk: int) -> HttpResponse:
    """A parked slice is tried again."""
    found = find_run(request, pk, run)
    retry_chunk(chunk=get_object_or_404(ImportChunk, pk=chunk, run=found), by=person(request))
    load_chunk.delay_on_commit(str(found.pk))
    return redirect("transfer-import-run", pk=pk, run=run)
