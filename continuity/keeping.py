"""Keeping a short lease for as long as the work runs, so that the dead are missed soon and the slow are not.

Invariants:
- The lease is renewed by the process that works: killed, it renews nothing any more.
- Times are the database's; the machine's clock decides nothing.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

logger = logging.getLogger(__name__)
BEAT_SECONDS: Final = 5.0
LONGEST: Final = 3_600.0
"""A worker that hangs is not kept alive for ever: after an hour nobody renews its lease any more."""


@contextmanager
def kept(rows: "QuerySet[Any]", lease: timedelta) -> Iterator[None]:
    """The lease on ``rows``, which name the holder's fence, does not run out inside, however long it takes.

    It is renewed by a thread on a connection of its own, which sees only committed rows: claim first.
    """
    done = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(rows, lease, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew_until(rows: "QuerySet[Any]", lease: timedelta, done: threading.Event) -> None:
    until = time.monotonic() + LONGEST
    try:
        while not done.wait(min(BEAT_SECONDS, lease.total_seconds() / 4)) and time.monotonic() < until:
            _renew_now(rows, lease)
    finally:
        connection.close()


def _renew_now(rows: "QuerySet[Any]", lease: timedelta) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # A row that the work itself has locked needs no renewal: whoever claims skips it.
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            rows.update(lease_until=Now() + lease)
    except (DatabaseError, InterfaceError):
        logger.info("lease not renewed this time")
        connection.close()
