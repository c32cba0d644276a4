"""Acts on the runbook: drafted from the template, outside parties proved ready, steps started and finished."""

import datetime

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from transfer.bases import refuse_unless_data_moves
from transfer.events import RunbookEvent
from transfer.models import OutsideParty, RunbookStep, Transfer
from transfer.runbook_checks import holds
from transfer.runbook_template import PARTIES, STEPS
from transfer.services.locking import lock_transfer


@transaction.atomic
def draft_runbook(*, transfer: Transfer, by: User) -> list[RunbookStep]:
    """The runbook's steps and outside parties stand, planned around the planned cutover.

    Raises:
        NotAllowed: ``by`` may not run the runbook of this transfer.
        Refused: no cutover is planned, or there is a runbook already.
    """
    refuse_unless_data_moves(transfer)
    transfer = lock_transfer(transfer)
    require(by, "transfer.run_runbook", transfer)
    if transfer.planned_cutover is None:
        raise Refused("runbook.no_cutover_planned")
    if RunbookStep.objects.filter(transfer=transfer).exists():
        raise Refused("runbook.drafted_already")
    parties: dict[str, OutsideParty] = {}
    for kind, name in PARTIES:
        party, _ = OutsideParty.objects.get_or_create(transfer=transfer, kind=kind, name=name)
        parties.setdefault(kind, party)
    steps = RunbookStep.objects.bulk_create(
        RunbookStep(
            transfer=transfer,
            number=number,
            title_en=step.title_en,
            title_zh=step.title_zh,
            owner_side=step.owner,
            party=parties.get(step.party),
            check_code=step.check,
            planned_at=transfer.planned_cutover + datetime.timedelta(hours=step.hours),
            rollback_en=step.rollback_en,
            rollback_zh=step.rollback_zh,
        )
        for number, step in enumerate(STEPS, start=1)
    )
    record(RunbookEvent.DRAFTED, actor=by, subject=transfer, steps=len(steps), parties=len(PARTIES))
    return steps


@transaction.atomic
def prove_party(
    *, party: OutsideParty, tested_on: datetime.date, evidence_reference: str, by: User
) -> OutsideParty:
    """The outside party's readiness rests on a test with a date and the reference of its evidence.

    Raises:
        NotAllowed: ``by`` may not run the runbook of this transfer.
        Refused: the date lies in the future, or there is no reference.
    """
    transfer = lock_transfer(party.transfer_id)
    require(by, "transfer.run_runbook", transfer)
    if tested_on > timezone.localdate():
        raise Refused("transfer.date_in_future", date=tested_on.isoformat())
    if not evidence_reference.strip():
        raise Refused("runbook.evidence_missing")
    party = OutsideParty.objects.select_for_update(of=("self",)).get(pk=party.pk)
    party.tested_on = tested_on
    party.evidence_reference = evidence_reference.strip()
    party.ready_by = by
    party.ready_at = timezone.now()
    party.save(update_fields=["tested_on", "evidence_reference", "ready_by", "ready_at"])
    record(
        RunbookEvent.PARTY_READY, actor=by, subject=party, transfer=str(transfer.pk), tested_on=str(tested_on)
    )
    return party


@transaction.atomic
def start_step(*, step: RunbookStep, by: User) -> RunbookStep:
    """The step has begun, by a person of the side that owns it.

    Raises:
        NotAllowed: ``by`` may not run the runbook, or is of the other side.
        Refused: it has begun already, or an earlier step has not.
    """
    transfer, step = _lock(step, by)
    if step.state != RunbookStep.State.WAITING:
        raise Refused("runbook.started_already")
    earlier = RunbookStep.objects.filter(transfer=transfer, number__lt=step.number)
    if earlier.filter(state=RunbookStep.State.WAITING).exists():
        raise Refused("runbook.out_of_order")
    step.state = RunbookStep.State.RUNNING
    step.started_at = timezone.now()
    step.save(update_fields=["state", "started_at"])
    record(RunbookEvent.STEP_STARTED, actor=by, subject=step, transfer=str(transfer.pk), number=step.number)
    return step


@transaction.atomic
def finish_step(*, step: RunbookStep, by: User) -> RunbookStep:
    """The step is done: its check holds on the facts, not on somebody's word, wherever there is one.

    Raises:
        NotAllowed: ``by`` may not run the runbook, or is of the other side.
        Refused: the step is not running, or its check does not hold.
    """
    transfer, step = _lock(step, by)
    if step.state != RunbookStep.State.RUNNING:
        raise Refused("runbook.not_running")
    if not holds(transfer, step):
        raise Refused("runbook.check_fails", number=step.number)
    step.state = RunbookStep.State.DONE
    step.done_at = timezone.now()
    step.done_by = by
    step.save(update_fields=["state", "done_at", "done_by"])
    record(
        RunbookEvent.STEP_FINISHED,
        actor=by,
        subject=step,
        transfer=str(transfer.pk),
        number=step.number,
        check=step.check_code,
    )
    return step


def _lock(step: RunbookStep, by: User) -> tuple[Transfer, RunbookStep]:
    transfer = lock_transfer(step.transfer_id)
    require(by, "transfer.run_runbook", transfer)
    step = RunbookStep.objects.select_for_update(of=("self",)).get(pk=step.pk)
    side = {transfer.transferor_id: "transferor", transfer.transferee_id: "transferee"}.get(
        by.organisation_id
    )
    if side != step.owner_side:
        raise Refused("runbook.other_side", number=step.number)
    return transfer, step
