"""Restore drills: a backup is restored aside, compared with what was recorded, timed, and torn down."""

import logging
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from psycopg2 import Error as DatabaseProblem
from psycopg2 import extensions

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from continuity import dumping, manifest, measuring
from continuity.comparing import Comparison, all_equal, as_rows, compare_log, compare_rows
from continuity.copies import check_files, compare_files
from continuity.errors import NotRestorable
from continuity.events import ContinuityEvent
from continuity.lease import Lease, claim
from continuity.manifest import Manifest
from continuity.models import Backup, RestoreDrill
from continuity.restored import check_head, open_sample, recompute_log
from continuity.scratch import connected, scratch_server
from continuity.services.backups import folder_of
from stand.errors import StandError
from vault.errors import VaultError

logger = logging.getLogger(__name__)
SAMPLE: Final = 20
"""At least so many clients are opened, or all where there are fewer."""


class _Outcome:
    """What a drill has found so far; kept also when it breaks off."""

    def __init__(self) -> None:
        self.compared: list[Comparison] = []
        self.rows_opened = 0

    def judge(self, found: Sequence[Comparison], code: str) -> None:
        """Keeps what was compared; a difference raises ``NotRestorable`` with ``code``."""
        self.compared += found
        if not all_equal(found):
            raise NotRestorable(code)


@transaction.atomic
def ask_drill(*, backup: Backup, by: User) -> RestoreDrill:
    """A drill waits to be run; ``tasks.make_drill`` or ``carry_out_drill`` runs it.

    Raises:
        NotAllowed: ``by`` may not.
        Refused: the backup is not done (``backup.not_done``), or a drill is waiting or under way
            (``drill.under_way``).
    """
    require(by, "continuity.run_drill")
    if Backup.objects.select_for_update().get(pk=backup.pk).state != Backup.State.DONE:
        raise Refused("backup.not_done")
    if RestoreDrill.objects.filter(ok=None).exists():
        raise Refused("drill.under_way")
    drill = RestoreDrill.objects.create(backup=backup, run_by=by, started_at=timezone.now())
    record(
        ContinuityEvent.DRILL_ASKED,
        actor=by,
        subject=drill,
        organisation=by.organisation_id,
        backup=backup.pk,
    )
    return drill


def run_drill(*, backup: Backup, by: User) -> RestoreDrill:
    """The backup was restored aside and compared; the row says with what result and how long it took.

    Raises:
        NotAllowed, Refused: as ``ask_drill``.
    """
    drill = ask_drill(backup=backup, by=by)
    carry_out_drill(drill.pk)
    drill.refresh_from_db()
    return drill


def carry_out_drill(drill_id: UUID) -> bool:
    """The waiting drill has passed or failed afterwards; False when it was not waiting.

    The live database is read only for the rows of drill and backup; nothing of the scratch server is left.
    """
    if not claim(RestoreDrill.objects.filter(ok=None), drill_id):
        return False
    drill = RestoreDrill.objects.select_related("backup", "run_by").get(pk=drill_id)
    began, began_at, outcome, failure = time.monotonic(), timezone.now(), _Outcome(), ""
    took = 0.0
    try:
        took = _restore_and_compare(drill, outcome, began)
    except NotRestorable as problem:
        logger.warning("drill failed: drill=%s code=%s %s", drill_id, problem.code, problem.params)
        _note_part(outcome, problem)
        failure = problem.code
    except VaultError:
        logger.exception("drill failed: drill=%s", drill_id)
        failure = "drill.sample_closed"
    except (OSError, StandError, DatabaseProblem):
        logger.exception("drill failed: drill=%s", drill_id)
        failure = "drill.failed"
    finish_drill(drill_id, outcome, failure, took, began_at)
    return True


@transaction.atomic
def finish_drill(
    drill_id: UUID, outcome: _Outcome, failure: str, seconds: float = 0.0, began_at: datetime | None = None
) -> None:
    """A drill under way has ended: passed without ``failure``, else failed for that reason."""
    drill = RestoreDrill.objects.select_for_update().select_related("backup").get(pk=drill_id)
    if drill.ok is not None:
        return
    drill.ok, drill.failure, drill.lease_until = not failure, failure, None
    drill.compared, drill.rows_opened = as_rows(outcome.compared), outcome.rows_opened
    drill.finished_at = timezone.now()
    if began_at is not None and drill.backup.snapshot_at is not None:
        drill.recovery_point_seconds = round((began_at - drill.backup.snapshot_at).total_seconds())
        drill.recovery_seconds = None if failure else round(seconds)
    drill.save()
    record(
        ContinuityEvent.DRILL_FAILED if failure else ContinuityEvent.DRILL_PASSED,
        actor=drill.run_by_id,
        subject=drill,
        backup=drill.backup_id,
        compared=len(outcome.compared),
        differing=sum(not each.equal for each in outcome.compared),
        **({"code": failure} if failure else {}),
    )


def fail_drill(drill_id: UUID, code: str) -> None:
    """A drill whose worker is gone has failed for the reason ``code``."""
    finish_drill(drill_id, _Outcome(), code)


def _restore_and_compare(drill: RestoreDrill, outcome: _Outcome, began: float) -> float:
    """Verifies, restores, compares and opens; returns the seconds until the copy could have served."""
    folder = folder_of(drill.backup)
    lease = Lease(_under_way(drill.pk))
    lease.reach(RestoreDrill.Step.VERIFYING)
    recorded = manifest.read(folder, digest=drill.backup.manifest_digest)
    for name, part in recorded.parts.items():
        manifest.check_part(folder / name, part)
        lease.beat()
    files = check_files(folder, lease.beat)
    check_head(recorded.measures.log)
    with scratch_server(drill.pk) as server:
        lease.reach(RestoreDrill.Step.RESTORING)
        for name in (manifest.DATA, manifest.KEYS):
            dumping.restore(folder / name, backup=recorded.backup, server=server, beat=lease.beat)
        with connected(server) as link:
            _compare(link, recorded, files, outcome, lease)
            _open(link, drill.run_by, outcome, lease)
        return time.monotonic() - began


def _compare(
    link: extensions.connection, recorded: Manifest, files: list[str], outcome: _Outcome, lease: Lease
) -> None:
    lease.reach(RestoreDrill.Step.COMPARING)
    restored = measuring.measure(link)
    outcome.judge(compare_rows(recorded.measures, restored), "drill.rows_differ")
    outcome.judge(compare_log(recorded.measures, restored, recompute_log(link)), "drill.log_differs")
    outcome.judge(compare_files(files, measuring.sealed_files(link)), "drill.files_differ")


def _open(link: extensions.connection, person: User | None, outcome: _Outcome, lease: Lease) -> None:
    lease.reach(RestoreDrill.Step.OPENING)
    with closing(link.cursor()) as cursor:
        asked, outcome.rows_opened = open_sample(cursor, SAMPLE, actor=person)
    opened = Comparison("sample", "opened", str(asked), str(outcome.rows_opened))
    outcome.judge([opened], "drill.sample_closed")


def _note_part(outcome: _Outcome, problem: NotRestorable) -> None:
    """The part that did not fit stands among what was compared."""
    if part := problem.params.get("part"):
        outcome.compared.append(Comparison("part", str(part), "fits", problem.code))


def _under_way(drill_id: UUID) -> QuerySet[RestoreDrill]:
    return RestoreDrill.objects.filter(pk=drill_id, ok=None)
