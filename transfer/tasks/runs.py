"""Deliveries and reconciliations as tasks. The run is the queue: a task may run at any time, any number of times."""

import uuid

from celery import shared_task
from django.db.models import Q
from django.db.models.functions import Now

from transfer.models import Run, Transfer
from transfer.services.leases import claim_run, give_back
from transfer.services.pieces import make_next_piece
from transfer.services.reconciling import reconcile_step
from transfer.services.runs import deliver_step
from transfer.tasks.attempts import work_on
from transfer.tasks.cutover import run_cutover


@shared_task(acks_late=True, ignore_result=True)
def deliver(run_id: str) -> None:
    """The run's delivery is one step nearer, if it may have one by now, and the next step is asked for.

    Five at once do each step once: one of them holds the lease.
    """
    run = claim_run(uuid.UUID(run_id))
    if run is None:
        return
    steps: list[bool] = []
    fresh = not run.pieces.exists()
    if work_on(run, lambda: steps.append(deliver_step(run=run))) and not steps[0]:
        deliver.delay(run_id)
        if fresh and run.pieces.count() > 1:
            make_piece.delay(run_id)


@shared_task(acks_late=True, ignore_result=True)
def make_piece(run_id: str) -> None:
    """One more piece of the delivery is made beside whoever leads the work, so that two workers share it.

    It holds no lease: the lock on the piece is enough. When no piece is free any more, whoever made the
    last one sees to it that the delivery is put together.
    """
    run = Run.objects.select_related("transfer", "asked_by").get(pk=uuid.UUID(run_id))
    if run.delivery_file is not None or run.problem:
        return
    if make_next_piece(run, leading=False) is not None:
        make_piece.delay(run_id)
    else:
        deliver.delay(run_id)


@shared_task(acks_late=True, ignore_result=True)
def reconcile_run(run_id: str) -> None:
    """The run's reconciliation is one step nearer, in the name of whoever asked, and the next is asked for."""
    run = claim_run(uuid.UUID(run_id))
    if run is None:
        return
    if run.state != Run.State.RECONCILING or run.reconcile_by is None:
        give_back(run)
        return
    by = run.reconcile_by
    if work_on(run, lambda: reconcile_step(run=run, by=by)) and run.state == Run.State.RECONCILING:
        reconcile_run.delay(run_id)


@shared_task(acks_late=True, ignore_result=True)
def reap_runs() -> None:
    """Whatever was lost (a killed worker, a wiped queue) is asked for again, from the rows alone."""
    idle = Run.objects.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), problem="")
    deliverable = Q(kind=Run.Kind.REHEARSAL) | Q(transfer__state=Transfer.State.RECONCILING)
    for run_id in idle.filter(deliverable, delivery_file=None).values_list("pk", flat=True):
        deliver.delay(str(run_id))
    for run_id in idle.filter(state=Run.State.RECONCILING).values_list("pk", flat=True):
        reconcile_run.delay(str(run_id))
    cutting = idle.filter(kind=Run.Kind.CUTOVER, transfer__state=Transfer.State.CUTTING_OVER)
    for transfer_id in cutting.values_list("transfer_id", flat=True):
        run_cutover.delay(str(transfer_id))
