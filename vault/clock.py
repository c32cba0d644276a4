"""The one clock by which anything expires, opens or closes: the database's.

Invariants:
- What this says runs on evenly, whatever happens to the clock of the machine: it may stand a day ahead or
  behind, or be set in the middle of the work, and no session, window or lease lives longer or shorter.
- All processes agree, on however many machines, because they ask the same server.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

ASKED_AGAIN_AFTER: Final = 600.0
"""In between the machine's count of seconds since its start is trusted, which nobody can set."""


@dataclass
class _Asked:
    """What the database said, and when by the machine's own count."""

    at: datetime | None = None
    counted: float = 0.0


_asked = _Asked()


def now() -> datetime:
    """What time it is by the database's clock, in UTC; asks it at most every few minutes."""
    counted = time.clock_gettime(time.CLOCK_BOOTTIME)
    if _asked.at is None or not 0 <= counted - _asked.counted < ASKED_AGAIN_AFTER:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            # Counted afterwards: what this says may lag by the way of the answer, and never runs ahead.
            _asked.at, _asked.counted = cursor.fetchone()[0], time.clock_gettime(time.CLOCK_BOOTTIME)
        return _asked.at
    return _asked.at + timedelta(seconds=counted - _asked.counted)


def today() -> date:
    """The day in the installation's zone, by the database's clock."""
    return timezone.localdate(now())
