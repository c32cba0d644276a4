"""PostgreSQL's own dump and restore programs, between a database and a sealed stream.

Invariants:
- A dump never lies on a disk in clear: it goes from the program through compression into the seal, and
  back the same way.
- Passwords reach the programs by their environment only; they are not in any command line.
"""

import logging
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import zstandard
from django.db import connection

from continuity.errors import NotRestorable
from continuity.measuring import SESSIONS, WRAPS
from stand.binaries import find_postgres
from stand.postgres import Server
from stand.roles import DATABASE, MIGRATOR, OWNER
from vault.backups import open_backup, seal_backup
from vault.errors import OpeningError
from vault.sealing import length_prefixed
from vault.streams import StreamFacts

logger = logging.getLogger(__name__)

THE_KEYS: Final = ("--data-only", f"--table=public.{WRAPS}")
ALL_BUT_KEYS: Final = (f"--exclude-table-data=public.{WRAPS}", f"--exclude-table-data=public.{SESSIONS}")
_LABEL: Final = b"handover/backup/v1"
_LEVEL: Final = 3
_PIPE_BYTES: Final = 256 * 1024

Beat = Callable[[], None]
"""Called between pieces of the work, so that its lease does not run out."""


def context_of(backup: UUID, part: str) -> bytes:
    """What a stream is sealed for: another backup's, or another part, does not open in its place."""
    return length_prefixed(_LABEL, backup.bytes, part.encode())


def check_versions() -> int:
    """The server's major version, which the dump program can read.

    Raises:
        NotRestorable: the server is newer than the program.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        server = int(cursor.fetchone()[0])
    if server > find_postgres().major:
        raise NotRestorable("backup.server_newer")
    return server


def dump(path: Path, *, backup: UUID, snapshot: str, options: Sequence[str], beat: Beat) -> StreamFacts:
    """``path`` holds what ``options`` choose of the live database at ``snapshot``, compressed and sealed.

    Raises:
        NotRestorable: the program ended with an error; nothing is left at ``path``.
    """
    command = [str(find_postgres().program("pg_dump")), "--format=custom", "--compress=0", "--no-sync"]
    command += [f"--snapshot={snapshot}", *options]
    sealer = seal_backup(path, context=context_of(backup, path.name))
    with tempfile.TemporaryFile() as said, sealer:
        packer = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
        with _started(command, _live_environment(), said, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            while piece := program.stdout.read(_PIPE_BYTES):
                sealer.write(packer.compress(piece))
                beat()
        _refuse_failure(program, said, "backup.dump_failed")
        sealer.write(packer.flush())
        return sealer.complete()


def restore(path: Path, *, backup: UUID, server: Server, beat: Beat) -> None:
    """What was dumped into ``path`` stands in the scratch server, owned by the owner's role.

    Raises:
        NotRestorable: the stream does not open, or the program ended with an error.
    """
    command = [str(server.program("pg_restore")), "--no-owner", "--no-privileges", f"--role={OWNER}"]
    command += ["--exit-on-error", "--single-transaction", f"--dbname={DATABASE}"]
    pieces = open_backup(path, context=context_of(backup, path.name))
    with tempfile.TemporaryFile() as said:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        with _started(command, _scratch_environment(server), said, stdin=subprocess.PIPE) as program:
            assert program.stdin is not None
            try:
                # When the program has ended early its status says why, not the broken pipe.
                with suppress(BrokenPipeError):
                    for piece in pieces:
                        program.stdin.write(unpacker.decompress(piece))
                        beat()
            except OpeningError:
                program.kill()
                raise NotRestorable("backup.part_closed", part=path.name) from None
            except BaseException:
                program.kill()
                raise
            finally:
                with suppress(BrokenPipeError):
                    program.stdin.close()
        _refuse_failure(program, said, "drill.restore_failed")


def _started(
    command: list[str],
    environment: Mapping[str, str],
    said: IO[bytes],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs
        command, stdin=stdin, stdout=stdout, stderr=said, env=find_postgres().environment(environment)
    )


def _refuse_failure(program: "subprocess.Popen[bytes]", said: IO[bytes], code: str) -> None:
    if program.returncode:
        said.seek(0)
        # Later lines may quote rows.
        logger.error("%s: %s", code, said.readline(400).decode("utf-8", "replace").strip())
        raise NotRestorable(code)


def _live_environment() -> dict[str, str]:
    """How the application itself reaches the live database: its own role, nobody else's."""
    known = connection.settings_dict
    named = {
        "PGHOST": known["HOST"],
        "PGPORT": known["PORT"],
        "PGUSER": known["USER"],
        "PGPASSWORD": known["PASSWORD"],
        "PGDATABASE": known["NAME"],
        "PGOPTIONS": known["OPTIONS"].get("options", ""),
        "PGSSLMODE": known["OPTIONS"].get("sslmode", ""),
        "PGSSLROOTCERT": known["OPTIONS"].get("sslrootcert", ""),
    }
    return {name: str(value) for name, value in named.items() if value}


def _scratch_environment(server: Server) -> dict[str, str]:
    return {
        "PGHOST": str(server.socket),
        "PGPORT": "5432",
        "PGUSER": MIGRATOR,
        "PGPASSWORD": server.passwords()[MIGRATOR],
    }
