"""Verifications as tasks. The rows are the queue: a task may run at any time, any number of times."""

import logging
import uuid

from celery import shared_task

from continuity.lease import NOW
from governance.models import LogCheck
from governance.services.log_checks import carry_out_log_check, fail_log_check

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)
def check_log(check_id: str) -> None:
    """The waiting verification is carried out; one that is not waiting is left alone."""
    key = uuid.UUID(check_id)
    try:
        carry_out_log_check(key)
    except Exception:  # The row must not stay under way for a defect of ours.
        logger.exception("verification failed: check=%s", key)
        fail_log_check(key, "log.check_failed")


@shared_task(acks_late=True, ignore_result=True)
def reap_log_checks() -> None:
    """What waits is asked for again, and what lost its worker has broken off, from the rows alone."""
    open_checks = LogCheck.objects.filter(finished_at=None)
    for key in open_checks.filter(lease_until__lt=NOW).values_list("pk", flat=True):
        fail_log_check(key, "log.worker_lost")
    for key in open_checks.filter(lease_until=None).values_list("pk", flat=True):
        check_log.delay(str(key))
