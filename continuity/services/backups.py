"""Taking a backup: asked for by a person, carried out by whoever claims the row, or both at once."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone
from psycopg2 import Error as DatabaseProblem
from psycopg2 import extensions

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from continuity import dumping, manifest, measuring
from continuity.copies import copy_files
from continuity.errors import NotRestorable
from continuity.events import ContinuityEvent
from continuity.lease import NOW, Lease, claim
from continuity.manifest import Manifest, Part
from continuity.models import Backup
from stand.errors import StandError
from stand.places import private_folder
from vault.errors import VaultError
from vault.keyfiles import flush_folder

logger = logging.getLogger(__name__)
_PART_SUFFIX = ".part"


@transaction.atomic
def ask_backup(*, by: User) -> Backup:
    """A backup waits to be taken; ``tasks.make_backup`` or ``carry_out_backup`` takes it.

    Raises:
        NotAllowed: ``by`` may not.
        Refused: one is waiting or under way already (``backup.under_way``).
    """
    require(by, "continuity.take_backup")
    if Backup.objects.filter(state__in=[Backup.State.WAITING, Backup.State.RUNNING]).exists():
        raise Refused("backup.under_way")
    backup = Backup.objects.create(taken_by=by, started_at=timezone.now())
    record(ContinuityEvent.BACKUP_ASKED, actor=by, subject=backup, organisation=by.organisation_id)
    return backup


def take_backup(*, by: User) -> Backup:
    """A backup is taken; the row says whether it is whole (``done``) or why not (``failed``, ``failure``).

    Not inside a transaction: the dump sees only what is committed.

    Raises:
        NotAllowed, Refused: as ``ask_backup``.
    """
    backup = ask_backup(by=by)
    carry_out_backup(backup.pk)
    backup.refresh_from_db()
    return backup


def carry_out_backup(backup_id: UUID) -> bool:
    """The waiting backup is done or failed afterwards; False when it was not waiting.

    Whatever happens there is no half backup: its folder appears under its name only whole.
    """
    waiting = Backup.objects.filter(state=Backup.State.WAITING)
    if not claim(waiting, backup_id, state=Backup.State.RUNNING):
        return False
    try:
        written, digest = _write(backup_id, Lease(_running(backup_id)))
    except NotRestorable as problem:
        fail_backup(backup_id, problem.code)
    except VaultError:
        logger.exception("backup failed: backup=%s", backup_id)
        fail_backup(backup_id, "backup.keys_unavailable")
    except DatabaseProblem:
        logger.exception("backup failed: backup=%s", backup_id)
        fail_backup(backup_id, "backup.dump_failed")
    except (OSError, StandError):
        logger.exception("backup failed: backup=%s", backup_id)
        fail_backup(backup_id, "backup.not_written")
    else:
        _finish(backup_id, written, digest)
    return True


@transaction.atomic
def fail_backup(backup_id: UUID, code: str) -> None:
    """A running backup has failed, for the reason ``code``; nothing of its files is left."""
    ended = _running(backup_id).update(
        state=Backup.State.FAILED, failure=code, finished_at=NOW, lease_until=None
    )
    if ended:
        _remove_files(backup_id)
        backup = Backup.objects.get(pk=backup_id)
        record(ContinuityEvent.BACKUP_FAILED, actor=backup.taken_by_id, subject=backup, code=code)


def folder_of(backup: Backup) -> Path:
    """Where the finished backup lies."""
    return Path(settings.BACKUP_DIR) / backup.folder


def _write(backup_id: UUID, lease: Lease) -> tuple[Manifest, str]:
    """The backup lies whole in its folder; returns its manifest and that one's digest."""
    shutil.rmtree(_aside(backup_id), ignore_errors=True)
    aside = private_folder(_aside(backup_id))
    try:
        written = _write_parts(backup_id, aside, lease)
        lease.reach(Backup.Step.SIGNING)
        digest = manifest.write(aside, written)
        shutil.rmtree(aside / "aside", ignore_errors=True)
        aside.rename(aside.with_suffix(""))
        flush_folder(aside.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return written, digest


def _write_parts(backup_id: UUID, aside: Path, lease: Lease) -> Manifest:
    version = dumping.check_versions()
    lease.reach(Backup.Step.SNAPSHOT)
    with _snapshot() as (link, snapshot):
        measures = measuring.measure(link)
        files = measuring.sealed_files(link)
        parts = {}
        for step, name, options in (
            (Backup.Step.DATA, manifest.DATA, dumping.ALL_BUT_KEYS),
            (Backup.Step.KEYS, manifest.KEYS, dumping.THE_KEYS),
        ):
            lease.reach(step)
            facts = dumping.dump(
                aside / name, backup=backup_id, snapshot=snapshot, options=options, beat=lease.beat
            )
            parts[name] = Part(facts.size, facts.sha256)
    lease.reach(Backup.Step.FILES)
    copied = copy_files(aside, files, lease.beat)
    parts[manifest.FILES] = manifest.part_of(aside / manifest.FILES)
    return Manifest(backup=backup_id, server_version=version, parts=parts, files=copied, measures=measures)


@contextmanager
def _snapshot() -> Iterator[tuple[extensions.connection, str]]:
    """A connection of its own that sees one moment, and the name by which a dump sees the same."""
    wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        wrapper.ensure_connection()
        link = wrapper.connection
        link.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
        with link.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            yield link, cursor.fetchone()[0]
    finally:
        wrapper.close()


@transaction.atomic
def _finish(backup_id: UUID, written: Manifest, digest: str) -> None:
    size = sum(part.size for part in written.parts.values())
    ended = _running(backup_id).update(
        state=Backup.State.DONE,
        finished_at=NOW,
        lease_until=None,
        snapshot_at=written.measures.at,
        folder=str(backup_id),
        manifest=msgspec.to_builtins(written),
        manifest_digest=digest,
        bytes=size,
    )
    if not ended:  # It was given up meanwhile.
        _remove_files(backup_id)
        return
    backup = Backup.objects.get(pk=backup_id)
    record(
        ContinuityEvent.BACKUP_TAKEN,
        actor=backup.taken_by_id,
        subject=backup,
        manifest=digest,
        bytes=size,
        files=written.files,
        log_size=written.measures.log.size,
    )


def _running(backup_id: UUID) -> "QuerySet[Backup]":
    return Backup.objects.filter(pk=backup_id, state=Backup.State.RUNNING)


def _remove_files(backup_id: UUID) -> None:
    for folder in (_aside(backup_id), _aside(backup_id).with_suffix("")):
        shutil.rmtree(folder, ignore_errors=True)


def _aside(backup_id: UUID) -> Path:
    return Path(settings.BACKUP_DIR) / f"{backup_id}{_PART_SUFFIX}"
