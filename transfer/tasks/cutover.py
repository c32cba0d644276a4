"""The cutover as tasks: one batch, one task. A worker killed between release and acceptance loses nothing."""

import uuid

from celery import current_app, shared_task

from transfer.models import Run, Transfer
from transfer.services.cutover import finish_cutover, move_next_batch
from transfer.services.leases import claim_run, give_back, renew
from transfer.tasks.attempts import work_on


@shared_task(acks_late=True, ignore_result=True)
def run_cutover(transfer_id: str) -> None:
    """One more batch has passed from firm to firm, and the next is asked for; at the end the delivery is.

    Five at once move each client once: one of them holds the lease, and each batch claims its clients.
    """
    begun = Run.objects.filter(transfer=uuid.UUID(transfer_id), kind=Run.Kind.CUTOVER).first()
    run = claim_run(begun.pk) if begun is not None else None
    if run is None:
        return
    if run.transfer.state != Transfer.State.CUTTING_OVER:
        give_back(run)
        return
    if work_on(run, lambda: _one_step(run)):
        follow_up(run)


def follow_up(run: Run) -> None:
    """Ask for what comes next; lost, the reaper asks for it again."""
    run.transfer.refresh_from_db(fields=["state"])
    if run.transfer.state == Transfer.State.CUTTING_OVER:
        run_cutover.delay(str(run.transfer_id))
    else:
        current_app.send_task("transfer.tasks.runs.deliver", [str(run.pk)])


def _one_step(run: Run) -> None:
    """Move one batch; when nobody is left, the cutover is finished."""
    moved = move_next_batch(transfer=run.transfer)
    if moved:
        renew(run, reached=run.reached + moved)
    else:
        finish_cutover(transfer=run.transfer)
        renew(run, reached=0)
