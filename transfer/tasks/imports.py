"""The import's work as tasks. The rows are the queue: every task may run at any time, any number of times."""

import logging
import uuid
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.conf import settings
from django.db import connection, transaction

from audit.services import record
from continuity.keeping import kept
from transfer.events import ImportEvent
from transfer.importing.chunks import MOST_ATTEMPTS, LeaseLost, claim_next, work_on
from transfer.importing.finishing import finish
from transfer.importing.planning import plan
from transfer.models import ImportChunk, ImportRun
from transfer.tasks.attempts import may_pass
from vault.room import has_room

logger = logging.getLogger(__name__)

CHAINS: Final = 4
"""How many slices of one run may be under way at a time before the reaper looks again."""


@shared_task(acks_late=True, ignore_result=True)
def plan_run(run_id: str) -> None:
    """The run has its slices, and work on them is under way."""
    plan(uuid.UUID(run_id))
    for _ in range(CHAINS):
        load_chunk.delay(run_id)


@shared_task(acks_late=True, ignore_result=True)
def load_chunk(run_id: str) -> None:
    """The next waiting slice of the run is loaded; then the next is asked for, or the end of the run.

    A slice that fails is tried again by whoever comes next, three times in all, and then parked. While the
    disk is full or the database away nothing is tried: the reaper asks again.
    """
    if not has_room():
        return
    chunk = claim_next(uuid.UUID(run_id))
    if chunk is None:
        finish_run.delay(run_id)
    elif attempt(chunk):
        load_chunk.delay(run_id)


def attempt(chunk: ImportChunk) -> bool:
    """One try at a claimed slice: done, given back, or parked with the reason. False: better not now."""
    mine = ImportChunk.objects.filter(pk=chunk.pk, fence=chunk.fence, state=ImportChunk.State.CLAIMED)
    try:
        with kept(mine, timedelta(seconds=settings.IMPORT_LEASE_SECONDS)):
            work_on(chunk)
    except LeaseLost:
        logger.info("slice taken over: chunk=%s", chunk.pk)
    except Exception as problem:  # One bad slice must not hold up the rest.
        if may_pass(problem):
            logger.warning("slice given back: chunk=%s", chunk.pk)  # The try does not count.
            connection.close_if_unusable_or_obsolete()
            _give_back(chunk)
            return False
        logger.exception("slice failed: chunk=%s", chunk.pk)
        note_failure(chunk, type(problem).__name__)
    return True


def _give_back(chunk: ImportChunk) -> None:
    ImportChunk.objects.filter(pk=chunk.pk, fence=chunk.fence, state=ImportChunk.State.CLAIMED).update(
        state=ImportChunk.State.WAITING, attempts=max(chunk.attempts - 1, 0), lease_until=None
    )


@transaction.atomic
def note_failure(chunk: ImportChunk, problem: str) -> None:
    """The slice waits for another try, or is parked when there is none left."""
    parked = chunk.attempts >= MOST_ATTEMPTS
    changed = ImportChunk.objects.filter(
        pk=chunk.pk, fence=chunk.fence, state=ImportChunk.State.CLAIMED
    ).update(
        state=ImportChunk.State.PARKED if parked else ImportChunk.State.WAITING,
        problem=problem,
        lease_until=None,
    )
    if changed and parked:
        run = ImportRun.objects.select_related("extract").get(pk=chunk.run_id)
        record(
            ImportEvent.CHUNK_PARKED,
            actor=None,
            subject=run,
            organisation=run.extract.side_id,
            number=chunk.number,
            problem=problem,
        )


@shared_task(acks_late=True, ignore_result=True)
def finish_run(run_id: str) -> None:
    """The run is done, if all its slices are."""
    finish(uuid.UUID(run_id))


@shared_task(acks_late=True, ignore_result=True)
def reap_imports() -> None:
    """Whatever was lost (a killed worker, a wiped queue) is asked for again, from the rows alone."""
    _park_worn_out()
    for run_id, state in ImportRun.objects.filter(
        state__in=[ImportRun.State.PLANNING, ImportRun.State.RUNNING, ImportRun.State.FINISHING]
    ).values_list("pk", "state"):
        if state == ImportRun.State.PLANNING:
            plan_run.delay(str(run_id))
        elif state == ImportRun.State.FINISHING:
            finish_run.delay(str(run_id))
        elif not _is_worked_on(run_id):
            for _ in range(CHAINS):
                load_chunk.delay(str(run_id))


def _is_worked_on(run_id: uuid.UUID) -> bool:
    """Whether somebody holds a living lease on a slice; that chain asks for the next one itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM transfer_importchunk WHERE run_id = %s AND state = 'claimed'"
            " AND lease_until >= clock_timestamp())",
            [run_id],
        )
        return bool(cursor.fetchone()[0])


def _park_worn_out() -> None:
    """Slices whose last allowed try ended without a word: the worker was killed each time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM transfer_importchunk WHERE state = 'claimed' AND attempts >= %s"
            " AND lease_until < clock_timestamp()",
            [MOST_ATTEMPTS],
        )
        worn_out = [row[0] for row in cursor.fetchall()]
    for chunk in ImportChunk.objects.filter(pk__in=worn_out):
        note_failure(chunk, "worker_lost")
