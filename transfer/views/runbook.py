"""The runbook: steps with planned and actual time, outside parties, and the war room that refreshes itself."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.policies import may, permission_required
from transfer.forms.runbook import PartyForm
from transfer.models import OutsideParty, RunbookStep, Transfer
from transfer.policies import side_of
from transfer.services.runbooks import draft_runbook, finish_step, prove_party, start_step
from transfer.views.acts import Act, perform
from transfer.views.breaks import OWNERS
from transfer.views.doors import address, carry_out, of_transfer
from transfer.views.frame import find_open_transfer, person, show

CHECKS: dict[str, str | Promise] = {
    "said": gettext_lazy("the owner's word"),
    "party_ready": gettext_lazy("every party of this kind has proved that it is ready"),
    "backup_proved": gettext_lazy("a young backup was restored and compared"),
    "begun": gettext_lazy("the cutover has begun"),
    "all_accepted": gettext_lazy("every client is accepted, none is in between"),
    "delivered": gettext_lazy("the delivery file is made"),
    "returned:transferee": gettext_lazy("the transferee's system has answered"),
    "returned:depository": gettext_lazy("the depository has answered"),
    "returned:bank": gettext_lazy("the banks have answered"),
    "reconciled": gettext_lazy("reconciled, and no write-off waits"),
}


@require_http_methods(["GET", "POST"])
@permission_required("transfer.view_transfer")
def runbook(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The steps and the outside parties; the first draft is made here."""
    transfer = find_open_transfer(request, pk)
    if request.method == "POST":
        carry_out(
            request,
            lambda: draft_runbook(transfer=transfer, by=person(request)),
            _("The runbook is drafted."),
        )
        return redirect("transfer-runbook", pk)
    return show(
        request,
        "transfer/runbook.html",
        transfer,
        parties=_parties(transfer),
        empty=_empty(),
        may_run=may(person(request), "transfer.run_runbook", transfer),
        **_steps(request, transfer),
    )


@require_GET
@permission_required("transfer.view_transfer")
def steps(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The table of steps alone, for the war room that asks for it every few seconds."""
    transfer = find_open_transfer(request, pk)
    return render(request, "transfer/runbook_steps.html", {"transfer": transfer, **_steps(request, transfer)})


@require_POST
@permission_required("transfer.run_runbook")
def move_step(request: HttpRequest, pk: UUID, step_pk: UUID, way: str) -> HttpResponse:
    """A step is started or finished."""
    transfer = find_open_transfer(request, pk)
    step = of_transfer(RunbookStep.objects.all(), transfer, step_pk)
    act, words = {
        "start": (start_step, _("Step %(number)s has begun.")),
        "finish": (finish_step, _("Step %(number)s is done.")),
    }[way]
    carry_out(request, lambda: act(step=step, by=person(request)), words % {"number": step.number})
    return redirect("transfer-runbook", pk)


@require_http_methods(["GET", "POST"])
@permission_required("transfer.run_runbook")
def party(request: HttpRequest, pk: UUID, party_pk: UUID) -> HttpResponse:
    """An outside party's readiness is proved by a test with a date and a reference."""
    transfer = find_open_transfer(request, pk)
    found = of_transfer(OutsideParty.objects.all(), transfer, party_pk)
    act = Act(
        title=_("Readiness of %(name)s") % {"name": found.name},
        sentence=gettext_lazy("Readiness is proved by a test, not assumed."),
        submit=gettext_lazy("Record the proof"),
        back=address("transfer-runbook", pk),
        done=gettext_lazy("The party is ready."),
    )
    form = PartyForm(request.POST or None)
    return perform(
        request, transfer, form, act, lambda words: prove_party(party=found, by=person(request), **words)
    )


def _steps(request: HttpRequest, transfer: Transfer) -> dict[str, Any]:
    rows = list(RunbookStep.objects.filter(transfer=transfer).select_related("party", "done_by"))
    user = person(request)
    mine = side_of(transfer, user.organisation_id) if may(user, "transfer.run_runbook", transfer) else ""
    chinese = (get_language() or "").startswith("zh")
    waiting = next((row for row in rows if row.state == RunbookStep.State.WAITING), None)
    return {
        "steps": [
            {
                "row": row,
                "title": row.title_zh if chinese else row.title_en,
                "rollback": row.rollback_zh if chinese else row.rollback_en,
                "owner": OWNERS.get(row.owner_side, row.owner_side),
                "check": CHECKS.get(row.check_code, row.check_code),
                "may_start": mine == row.owner_side and row is waiting,
                "may_finish": mine == row.owner_side and row.state == RunbookStep.State.RUNNING,
            }
            for row in rows
        ],
        "sentence": _sentence(rows),
    }


def _sentence(rows: list[RunbookStep]) -> str:
    if not rows:
        return _("There is no runbook yet.")
    done = sum(row.state == RunbookStep.State.DONE for row in rows)
    turn = next((row for row in rows if row.state != RunbookStep.State.DONE), None)
    if turn is None:
        return _("All %(count)s steps are done.") % {"count": len(rows)}
    return _("%(done)s of %(count)s steps are done. Next move: %(owner)s, step %(number)s.") % {
        "done": done,
        "count": len(rows),
        "owner": OWNERS.get(turn.owner_side, turn.owner_side),
        "number": turn.number,
    }


def _parties(transfer: Transfer) -> dict[str, Any]:
    rows = OutsideParty.objects.filter(transfer=transfer).select_related("ready_by").order_by("kind", "name")
    return {
        "caption": _("Outside parties"),
        "columns": [
            {"title": _("Party")},
            {"title": _("Kind")},
            {"title": _("State")},
            {"title": _("Tested on")},
            {"title": _("Reference of the evidence")},
            {"title": _("Recorded by")},
        ],
        "rows": [
            [
                {"value": row.name, "url": address("transfer-party", transfer.pk, row.pk)},
                row.get_kind_display(),
                {
                    "kind": "state",
                    "value": "met" if row.ready_at else "unmet",
                    "word": _("ready") if row.ready_at else _("not proved"),
                },
                row.tested_on or "—",
                row.evidence_reference or "—",
                row.ready_by.name if row.ready_by else "—",
            ]
            for row in rows
        ],
    }


def _empty() -> dict[str, Any]:
    return {
        "title": _("No runbook yet"),
        "icon": "list-details",
        "what": _(
            "The steps of the cutover with planned time, owner, check and way back, and the outside "
            "parties that must be ready."
        ),
        "why": _(
            "Gate 8 needs at least fifteen steps, and every outside party proved ready. Plan the cutover first."
        ),
    }
