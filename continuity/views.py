"""Backups and restore drills: the list, one backup, one drill with what was compared."""

from functools import partial
from typing import Any
from uuid import UUID

from celery import Task
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Model, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from access.actors import acting_user
from access.policies import may, permission_required
from access.refusals import told
from audit.errors import Refused
from continuity import tables, tasks
from continuity.models import Backup, RestoreDrill
from continuity.services.backups import ask_backup
from continuity.services.drills import ask_drill

Job = dict[str, Any]


@require_safe
@permission_required("continuity.view_backup")
def home(request: HttpRequest) -> HttpResponse:
    """The newest backups with their drills, and the work under way."""
    drills = RestoreDrill.objects.order_by("-id")
    backups = Backup.objects.order_by("-id").prefetch_related(Prefetch("drills", queryset=drills))
    under_way = RestoreDrill.objects.filter(ok=None).first()
    running = Backup.objects.filter(state__in=[Backup.State.WAITING, Backup.State.RUNNING]).first()
    jobs = [backup_job(running)] if running else []
    jobs += [drill_job(under_way)] if under_way else []
    context = {
        "table": tables.backups(backups[: settings.PAGE_ROWS]),
        "jobs": jobs,
        "may_take": may(request.user, "continuity.take_backup") and running is None,
    }
    return render(request, "continuity/home.html", context)


@require_POST
@permission_required("continuity.take_backup")
def start_backup(request: HttpRequest) -> HttpResponse:
    """A backup is asked for; the worker takes it."""
    try:
        backup = ask_backup(by=acting_user(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
        return redirect("continuity-home")
    _hand_over(tasks.make_backup, backup)
    return redirect("continuity-backup", backup.pk)


@require_safe
@permission_required("continuity.view_backup")
def backup(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One backup: what it consists of, what was counted, and its drills."""
    found = get_object_or_404(Backup.objects.select_related("taken_by"), pk=pk)
    drills = list(found.drills.select_related("run_by").order_by("-id"))
    running = next((drill for drill in drills if drill.ok is None), None)
    context = {
        "backup": found,
        "facts": tables.backup_facts(found),
        "parts": tables.parts(found),
        "drills": tables.drills(drills),
        "jobs": [
            *([] if _is_over(found) else [backup_job(found)]),
            *([drill_job(running)] if running else []),
        ],
        "reason": tables.reason(found.failure),
        "may_drill": found.state == Backup.State.DONE
        and running is None
        and may(request.user, "continuity.run_drill"),
    }
    return render(request, "continuity/backup.html", context)


@require_POST
@permission_required("continuity.run_drill")
def start_drill(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A restore drill of this backup is asked for; the worker runs it."""
    found = get_object_or_404(Backup, pk=pk)
    try:
        drill = ask_drill(backup=found, by=acting_user(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
        return redirect("continuity-backup", found.pk)
    _hand_over(tasks.make_drill, drill)
    return redirect("continuity-drill", drill.pk)


@require_safe
@permission_required("continuity.view_backup")
def drill(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One drill: result, times, and every comparison, differences first."""
    found = get_object_or_404(RestoreDrill.objects.select_related("backup", "run_by"), pk=pk)
    context = {
        "drill": found,
        "facts": tables.drill_facts(found),
        "differing": tables.comparisons(found, equal=False),
        "equal": tables.comparisons(found, equal=True),
        "jobs": [drill_job(found)] if found.ok is None else [],
        "reason": tables.reason(found.failure),
    }
    return render(request, "continuity/drill.html", context)


@require_safe
@permission_required("continuity.view_backup")
def backup_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the backup is."""
    return render(request, "parts/progress.html", {"job": backup_job(get_object_or_404(Backup, pk=pk))})


@require_safe
@permission_required("continuity.view_backup")
def drill_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the drill is."""
    return render(request, "parts/progress.html", {"job": drill_job(get_object_or_404(RestoreDrill, pk=pk))})


def backup_job(row: Backup) -> Job:
    """A backup as a long work that shows itself."""
    job = _job(row, _("Backup"), "continuity-backup-progress", row.get_step_display())
    job["state"] = "queued" if row.state == Backup.State.WAITING else row.state
    if _is_over(row):
        job |= {
            "result_url": reverse("continuity-backup", args=[row.pk]),
            "sentence": tables.reason(row.failure),
        }
    return job


def drill_job(row: RestoreDrill) -> Job:
    """A drill as a long work that shows itself."""
    job = _job(row, _("Restore drill"), "continuity-drill-progress", row.get_step_display())
    job["state"] = {"waiting": "queued", "passed": "done"}.get(row.state, row.state)
    if row.ok is not None:
        job |= {
            "result_url": reverse("continuity-drill", args=[row.pk]),
            "sentence": tables.reason(row.failure),
        }
    return job


def _job(row: Model, title: str, address: str, sentence: str) -> Job:
    return {"id": row.pk, "title": title, "sentence": sentence, "poll_url": reverse(address, args=[row.pk])}


def _is_over(row: Backup) -> bool:
    return row.state in {Backup.State.DONE, Backup.State.FAILED}


def _hand_over(task: "Task[Any, Any]", row: Model) -> None:
    """A worker looks at the row once it is committed; should the message be lost, the reaper finds the row."""
    transaction.on_commit(partial(task.delay, str(row.pk)), robust=True)
