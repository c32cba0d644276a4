"""Keys of a surviving transferor's archive, and the next version of a data key.

Invariants:
- An archive wrap holds the same data key as the custody wrap it is made from, under the holder's archive
  key: no reading for custody opens it.
- A next version is a fresh random key for its holder alone. What is sealed from then on opens for nobody
  who holds only earlier versions.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from vault.errors import VaultError
from vault.keyring import wrapping_cipher
from vault.sealing import KEY_BYTES, NONCE_BYTES
from vault.wraps import (
    CUSTODY,
    _Binding,
    _copy_wraps,
    commitment_to,
    lock_active_epoch,
    open_key_versions,
    withdraw_wraps,
)

ARCHIVE: Final = "archive"


@transaction.atomic
def add_archive_wraps(subjects: Iterable[UUID], *, holder: UUID) -> int:
    """``holder`` keeps every key version it holds in custody as an archive wrap too; returns wraps written.

    A wrap that is there already is left alone, so repeating it changes nothing.

    Raises:
        VaultError: ``holder`` lacks a custody wrap of a subject, or has no active archive key.
    """
    wanted = set(subjects)
    keys = {place: key.key for place, key in open_key_versions(wanted, holder=holder).items()}
    missing = len(wanted - {subject for subject, _version in keys})
    if missing:
        raise VaultError(f"no key is held for {missing} of {len(wanted)} subjects")
    present = open_key_versions(wanted, holder=holder, purpose=ARCHIVE)
    return _write({place: key for place, key in keys.items() if place not in present}, holder, ARCHIVE)


def withdraw_archive_wraps(subjects: Iterable[UUID], *, holder: UUID) -> int:
    """``holder`` cannot open its archive of these subjects any more; returns wraps removed."""
    return withdraw_wraps(list(subjects), holder=holder, purpose=ARCHIVE)


@transaction.atomic
def next_key_version(subjects: Iterable[UUID], *, holder: UUID) -> int:
    """Each subject has a fresh data key, one version up, wrapped for ``holder`` alone; returns wraps written.

    Rows sealed before stay under the version that they name; whatever is sealed next takes the new one.

    Raises:
        VaultError: ``holder`` lacks a custody wrap of a subject's newest version.
    """
    wanted = set(subjects)
    newest = _newest_versions(wanted)
    held = set(open_key_versions(wanted, holder=holder))
    missing = sum((subject, newest.get(subject, 0)) not in held for subject in wanted)
    if missing:
        raise VaultError(f"no key is held for {missing} of {len(wanted)} subjects")
    fresh = {(subject, newest[subject] + 1): os.urandom(KEY_BYTES) for subject in sorted(wanted)}
    return _write(fresh, holder, CUSTODY)


def _newest_versions(subjects: set[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, max(key_version) FROM vault_wrap WHERE subject = ANY(%s) GROUP BY subject",
            [list(subjects)],
        )
        return dict(cursor.fetchall())


def _write(keys: Mapping[tuple[UUID, int], bytes], holder: UUID, purpose: str) -> int:
    with connection.cursor() as cursor:
        epoch = lock_active_epoch(cursor, holder, purpose)
        suite, cipher = wrapping_cipher(holder, purpose, epoch)
        bind = _Binding(holder, purpose)
        rows = []
        for (subject, version), key in keys.items():
            nonce = os.urandom(NONCE_BYTES)
            sealed = cipher.encrypt(nonce, key, bind.to(subject, version, epoch))
            wrapped = b"%c%b%b" % (suite, nonce, sealed)
            rows.append((subject, version, epoch, wrapped, commitment_to(subject, version, key)))
        return _copy_wraps(cursor, holder, purpose, rows)
