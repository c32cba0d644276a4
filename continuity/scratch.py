"""A PostgreSQL server for one drill, in a folder of its own, and gone afterwards.

Invariants:
- One drill at a time on a machine: a lock that the kernel gives back however the process ends.
- Whatever a killed drill left (a server, a folder) is ended and removed before the next one starts.
- The live database is never in reach of anything done here.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg2
from django.conf import settings
from psycopg2 import extensions

from continuity.errors import NotRestorable
from stand.errors import StandError
from stand.places import private_folder
from stand.postgres import Server
from stand.roles import MIGRATOR

FOLDER: Final = "drills"
# Its loss costs nothing, and one big transaction without WAL restores fastest.
_SETTINGS: Final = {
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "10",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    "maintenance_work_mem": "256MB",
    "checkpoint_timeout": "1h",
    "max_wal_size": "16GB",
}


@contextmanager
def scratch_server(drill: UUID) -> Iterator[Server]:
    """An empty server inside; nothing of it afterwards, whatever happened.

    Raises:
        NotRestorable: another drill is under way on this machine, or the server does not start.
    """
    folder = private_folder(Path(settings.STATE) / FOLDER)
    with _alone(folder):
        remove_leftovers(folder)
        server = Server(folder / drill.hex[-12:], durable=False, settings=_SETTINGS)
        try:
            try:
                server.start()
            except StandError as problem:
                raise NotRestorable("drill.server_failed") from problem
            yield server
        finally:
            server.remove()


def remove_leftovers(folder: Path) -> None:
    """Nothing of an earlier drill runs or lies in ``folder``; the caller holds its lock."""
    for left in folder.iterdir():
        if left.is_dir():
            Server(left, durable=False).remove()


@contextmanager
def connected(server: Server) -> Iterator[extensions.connection]:
    """A connection to the restored database that sees one snapshot and changes nothing."""
    link = psycopg2.connect(server.url(MIGRATOR))
    try:
        link.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield link
    finally:
        link.close()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotRestorable("drill.under_way") from None
        yield
