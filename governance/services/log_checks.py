"""Verifying the log: asked for by a person, carried out by whoever claims the row."""

import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.faults import Report
from audit.models import Leaf
from audit.services import record
from audit.verification import verify
from continuity.lease import claim
from governance.events import LogEvent
from governance.models import LogCheck
from vault.errors import VaultError

logger = logging.getLogger(__name__)
FAULTS_KEPT: Final = 100
LEASE: Final = timedelta(hours=1)
"""A verification is one look at one moment and cannot be cut into pieces."""


@transaction.atomic
def ask_log_check(*, by: User) -> LogCheck:
    """A verification of the whole log waits to be carried out.

    Raises:
        NotAllowed: ``by`` may not see the log.
        Refused: one is waiting or under way already (``log.check_under_way``).
    """
    require(by, "governance.view_log")
    if LogCheck.objects.filter(finished_at=None).exists():
        raise Refused("log.check_under_way")
    check = LogCheck.objects.create(asked_by=by, asked_at=timezone.now())
    record(LogEvent.CHECK_ASKED, actor=by, subject=check, organisation=by.organisation_id)
    return check


def carry_out_log_check(check_id: UUID) -> bool:
    """The waiting verification has its result afterwards; False when it was not waiting."""
    if not claim(LogCheck.objects.filter(finished_at=None), check_id, lease=LEASE):
        return False
    try:
        report = verify()
    except VaultError:
        logger.exception("verification failed: check=%s", check_id)
        fail_log_check(check_id, "log.check_failed")
    else:
        _finish(check_id, report)
    return True


@transaction.atomic
def fail_log_check(check_id: UUID, code: str) -> None:
    """A verification under way has broken off for the reason ``code``."""
    check = LogCheck.objects.select_for_update().get(pk=check_id)
    if check.finished_at is not None:
        return
    check.finished_at, check.failure = timezone.now(), code
    check.save(update_fields=["finished_at", "failure"])
    record(LogEvent.CHECK_FAILED, actor=check.asked_by_id, subject=check, code=code)


@transaction.atomic
def _finish(check_id: UUID, report: Report) -> None:
    check = LogCheck.objects.select_for_update().get(pk=check_id)
    if check.finished_at is not None:
        return
    last = Leaf.objects.filter(index=report.leaves - 1).select_related("event").first()
    check.finished_at = timezone.now()
    check.leaves, check.pending, check.checkpoints = report.leaves, report.pending, report.checkpoints
    check.root = report.root
    check.last_at = last.event.at if last is not None else None
    check.fault_count = report.fault_count
    check.faults = [{"kind": fault.kind.value, "where": fault.where} for fault in report.faults[:FAULTS_KEPT]]
    check.save()
    record(
        LogEvent.CHECKED,
        actor=check.asked_by_id,
        subject=check,
        leaves=report.leaves,
        root=report.root,
        faults=report.fault_count,
    )
