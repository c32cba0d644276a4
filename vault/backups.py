"""The sealed streams of backups, under the installation's backup key: the one door to that key.

Their keys lie in the keyring and never in the database, so a backup opens where the database is gone.
"""

from collections.abc import Iterator
from pathlib import Path

from vault.keyring import installation_key
from vault.streams import StreamSealer, open_stream

_KEY = "backup"


def seal_backup(path: Path, *, context: bytes) -> StreamSealer:
    """Seals a part of a backup into ``path``; see ``StreamSealer``."""
    return StreamSealer(path, key=installation_key(_KEY), context=context)


def open_backup(path: Path, *, context: bytes) -> Iterator[bytes]:
    """The plaintext of a part of a backup; see ``open_stream``."""
    return open_stream(path, key=installation_key(_KEY), context=context)
