"""The audit log's only door for people: explorer, one event with its proof, verification, downloads."""

import json
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from access.actors import acting_user
from access.policies import permission_required
from access.refusals import told
from audit import checkpoints
from audit.checkpoints import log_key
from audit.errors import Refused
from audit.models import Event
from audit.queries import history
from governance import log_records, log_tables, tasks
from governance.downloads import attached, stream_leaves
from governance.forms import LogFilter
from governance.models import LogCheck
from governance.services.log_checks import ask_log_check


@require_safe
@never_cache
@permission_required("governance.view_log")
def explorer(request: HttpRequest) -> HttpResponse:
    """The events, newest first, fifty at a time; whoever looks is recorded."""
    filters = LogFilter(request.GET or None)
    narrowed = filters.is_bound and filters.is_valid()
    wanted = filters.cleaned_data if narrowed else {}
    found: list[Event] = []
    if narrowed or not filters.is_bound:
        before = _before(request)
        found = history(log_records.history_of(wanted), before=before, limit=settings.PAGE_ROWS + 1)
    shown = found[: settings.PAGE_ROWS]
    log_records.record_reading(by=acting_user(request), filters=wanted, shown=len(shown))
    table = log_tables.events(shown)
    table["filters"] = filters
    table["pager"] = {"shown": len(shown), **_pages(request, found, shown)}
    check = LogCheck.objects.order_by("-id").first()
    context = {
        "table": table,
        "form": filters,
        "state": log_tables.verification(check),
        "check": check,
        "job": log_tables.job(check) if check is not None and check.finished_at is None else None,
        "faults": log_tables.faults(check),
        "head": checkpoints.latest(),
        "key": log_key().text,
    }
    return render(request, "governance/log.html", context)


@require_safe
@never_cache
@permission_required("governance.view_log")
def event(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One event: what was recorded, its exact bytes, and the proof that it is in the log."""
    found = get_object_or_404(Event, pk=pk)
    log_records.record_event_reading(by=acting_user(request), event=found)
    proof = log_records.proof_of(found)
    context = {
        "event": found,
        "title": log_tables.words(found.type),
        "facts": log_tables.event_facts(found),
        "recorded": log_tables.recorded_facts(found),
        "body": bytes(found.body).decode(),
        "proof": proof,
        "proof_facts": log_tables.proof_facts(proof) if proof else [],
        "path": [each.hex() for each in proof.path] if proof else [],
    }
    return render(request, "governance/event.html", context)


@require_safe
@permission_required("governance.view_log")
def proof(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The proof as a file, for a verifier outside."""
    found = get_object_or_404(Event, pk=pk)
    made = log_records.proof_of(found)
    if made is None or not made.holds:
        raise Http404
    log_records.record_event_reading(by=acting_user(request), event=found)
    content = json.dumps(made.as_document(found), indent=1).encode() + b"\n"
    return attached(HttpResponse(content, content_type="application/json"), f"event-{found.pk}.json")


@require_POST
@permission_required("governance.view_log")
def start_check(request: HttpRequest) -> HttpResponse:
    """A verification of the whole log is asked for; the worker carries it out."""
    try:
        check = ask_log_check(by=acting_user(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
    else:
        transaction.on_commit(partial(tasks.check_log.delay, str(check.pk)), robust=True)
        messages.success(request, _("The log is being verified."))
    return redirect("governance-log")


@require_safe
@permission_required("governance.view_log")
def check_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the verification is."""
    check = get_object_or_404(LogCheck, pk=pk)
    return render(request, "parts/progress.html", {"job": log_tables.job(check)})


@require_safe
@permission_required("governance.view_log")
def checkpoint(request: HttpRequest) -> HttpResponseBase:
    """The newest checkpoint as a file: to be kept where this installation cannot reach it."""
    head = log_records.take_checkpoint(by=acting_user(request))
    if head is None:
        raise Http404
    answer = HttpResponse(head.note.encode(), content_type="text/plain; charset=utf-8")
    return attached(answer, f"log-{head.size}.checkpoint")


@require_POST
@permission_required("governance.view_log")
def leaves(request: HttpRequest) -> HttpResponseBase:
    """Every entry under the newest checkpoint, in exactly its hashed form."""
    try:
        return stream_leaves(acting_user(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
        return redirect("governance-log")


def _before(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        return None


def _pages(request: HttpRequest, found: list[Event], shown: list[Event]) -> dict[str, Any]:
    kept = {name: request.GET[name] for name in LogFilter.base_fields if request.GET.get(name)}
    further = f"?{urlencode({**kept, 'before': shown[-1].pk})}" if len(found) > len(shown) else ""
    return {"first_url": f"?{urlencode(kept)}" if request.GET.get("before") else "", "next_url": further}
