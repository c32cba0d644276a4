"""The parts of a page that shows one run: its delivery, what came back, its reconciliation. One piece for all runs."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.policies import may
from transfer.forms.runs import RETURNS, ReturnForm, returns_of
from transfer.models import Break, Run, Transfer
from transfer.policies import BOTH, side_of
from transfer.services.returns import newest_returns
from transfer.views.doors import problem_words
from transfer.views.frame import person

Words = dict[str, Any]

STATES: dict[str, tuple[str, str | Promise]] = {
    Run.State.PREPARING: ("preparing", gettext_lazy("delivery being made")),
    Run.State.DELIVERED: ("waiting", gettext_lazy("delivery made, waiting for returns")),
    Run.State.RECONCILING: ("running", gettext_lazy("being reconciled")),
    Run.State.DONE: ("done", gettext_lazy("Reconciled")),
}


def run_title(run: Run) -> str:
    """How people call a run."""
    if run.kind == Run.Kind.CUTOVER:
        return _("Cutover")
    return _("Rehearsal %(number)s") % {"number": run.number}


def run_context(request: HttpRequest, transfer: Transfer, run: Run, form: ReturnForm | None = None) -> Words:
    """Everything ``transfer/run_parts.html`` shows."""
    user = person(request)
    newest = newest_returns(run)
    ended = run.state == Run.State.DONE and run.kind == Run.Kind.REHEARSAL
    side = side_of(transfer, user.organisation_id)
    receives = side in BOTH and may(user, "transfer.receive_return", transfer)
    return {
        "run": run,
        "run_title": run_title(run),
        "job": job_of(run),
        "returns": returns_table(run),
        "missing": len(RETURNS) - len(newest),
        "return_form": form or ReturnForm(side=side, initial={"what": _next_wanted(newest, side)}),
        "may_receive": receives and run.delivery_file is not None and not ended,
        "may_reconcile": receives
        and len(newest) == len(RETURNS)
        and not ended
        and run.state != Run.State.RECONCILING,
        "may_download": side in BOTH
        and run.delivery_file is not None
        and may(user, "transfer.download_delivery", transfer),
        "compared": compared_table(run),
        "break_counts": break_counts(run),
        "delivery_facts": delivery_facts(run),
    }


def job_of(run: Run) -> Words:
    """The work on a run that is under way or waits, as the progress part shows it."""
    reconciling = run.state == Run.State.RECONCILING
    job: Words = {
        "id": str(run.pk),
        "title": _("Reconciliation") if reconciling else _("Delivery to the transferee's system"),
        "poll_url": reverse("transfer-run-progress", args=[run.transfer_id, run.pk]),
        "resume_url": reverse("transfer-run-retry", args=[run.transfer_id, run.pk]),
        "unit": _("clients"),
        "state": job_state(run),
        "sentence": problem_words(run.problem),
    }
    if job["state"] == "running" and not reconciling:
        job |= {"done": run.reached, "total": run.client_count} | _rate(run)
    return job


def job_state(run: Run) -> str:
    """queued, running, failed, waiting or done."""
    if run.problem:
        return "failed"
    if run.state != Run.State.RECONCILING:
        if run.delivery_file is not None:
            return "done"
        if run.kind == Run.Kind.CUTOVER and run.transfer.state == Transfer.State.CUTTING_OVER:
            return "waiting"
    return "running" if run.lease_until is not None and run.lease_until > timezone.now() else "queued"


def _rate(run: Run) -> Words:
    since = run.transfer.no_return_at if run.kind == Run.Kind.CUTOVER else run.asked_at
    seconds = (timezone.now() - (since or run.asked_at)).total_seconds()
    if not run.reached or seconds < 1:
        return {}
    rate = run.reached / seconds
    return {"rate": round(rate), "seconds_left": (run.client_count - run.reached) / rate}


def delivery_facts(run: Run) -> list[Words]:
    """What is known about the delivery file."""
    if run.delivery_file is None:
        return []
    disguised = run.kind == Run.Kind.REHEARSAL
    return [
        {"term": _("Clients in it"), "value": run.client_count},
        {"term": _("SHA-256"), "value": {"kind": "code", "value": run.delivery_digest}},
        {
            "term": _("Identity fields"),
            "value": _("tokens under a throw-away key")
            if disguised
            else _("in clear: this is the real delivery"),
        },
    ]


def returns_table(run: Run) -> Words:
    """Every file that must come back, and whether it has."""
    newest = newest_returns(run)
    rows = []
    for what, title in RETURNS:
        source, _slash, kind = what.partition("/")
        returned = newest.get((source, kind))
        if returned is None:
            state = {"kind": "state", "value": "waiting", "word": _("not back yet")}
            rows.append([title, state, None, None, "—", "—"])
        else:
            state = {"kind": "state", "value": "done", "word": _("came back")}
            rows.append(
                [
                    title,
                    state,
                    returned.rows,
                    returned.version,
                    returned.uploaded_at,
                    returned.uploaded_by.name,
                ]
            )
    return {
        "caption": _("What must come back"),
        "columns": [
            {"title": _("File")},
            {"title": _("State")},
            {"title": _("Rows"), "number": True},
            {"title": _("Version"), "number": True},
            {"title": _("Uploaded")},
            {"title": _("By")},
        ],
        "rows": rows,
    }


def compared_table(run: Run) -> Words:
    """How many rows of each file were equal."""
    titles = dict(RETURNS)
    rows = [
        [titles[name], counts["expected"], counts["actual"], counts["equal"]]
        for name in titles
        if (counts := run.compared.get(name)) is not None
    ]
    return {
        "caption": _("What was compared"),
        "columns": [
            {"title": _("File")},
            {"title": _("Expected"), "number": True},
            {"title": _("Came back"), "number": True},
            {"title": _("Equal"), "number": True},
        ],
        "rows": rows,
    }


def break_counts(run: Run) -> list[Words]:
    """How many breaks stand in each state; every count opens exactly its rows."""
    found = dict(Break.objects.filter(run=run).values_list("state").annotate(Count("pk")).order_by())
    ledger = reverse("transfer-breaks", args=[run.transfer_id])
    return [
        {
            "label": state.label,
            "value": found.get(state.value, 0),
            "url": f"{ledger}?run={run.pk}&state={state.value}",
        }
        for state in Break.State
    ]


def _next_wanted(newest: dict[tuple[str, str], Any], side: str) -> str:
    offered = [what for what, _title in returns_of(side)]
    return next((what for what in offered if tuple(what.split("/")) not in newest), offered[0])
