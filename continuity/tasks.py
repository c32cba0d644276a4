"""Backups and drills as tasks. The rows are the queue: a task may run at any time, any number of times."""

import logging
import uuid

from celery import shared_task

from continuity.lease import NOW
from continuity.models import Backup, RestoreDrill
from continuity.services.backups import carry_out_backup, fail_backup
from continuity.services.drills import carry_out_drill, fail_drill

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)
def make_backup(backup_id: str) -> None:
    """The waiting backup is taken; one that is not waiting is left alone."""
    key = uuid.UUID(backup_id)
    try:
        carry_out_backup(key)
    except Exception:  # The row must not stay under way for a defect of ours.
        logger.exception("backup failed: backup=%s", key)
        fail_backup(key, "backup.failed")


@shared_task(acks_late=True, ignore_result=True)
def make_drill(drill_id: str) -> None:
    """The waiting drill is run; one that is not waiting is left alone."""
    key = uuid.UUID(drill_id)
    try:
        carry_out_drill(key)
    except Exception:  # The row must not stay under way for a defect of ours.
        logger.exception("drill failed: drill=%s", key)
        fail_drill(key, "drill.failed")


@shared_task(acks_late=True, ignore_result=True)
def reap_continuity() -> None:
    """What waits is asked for again, and what lost its worker has failed, from the rows alone."""
    running = Backup.objects.filter(state=Backup.State.RUNNING)
    for key in running.filter(lease_until__lt=NOW).values_list("pk", flat=True):
        fail_backup(key, "backup.worker_lost")
    for key in RestoreDrill.objects.filter(ok=None, lease_until__lt=NOW).values_list("pk", flat=True):
        fail_drill(key, "drill.worker_lost")
    for key in Backup.objects.filter(state=Backup.State.WAITING).values_list("pk", flat=True):
        make_backup.delay(str(key))
    for key in RestoreDrill.objects.filter(ok=None, lease_until=None).values_list("pk", flat=True):
        make_drill.delay(str(key))
