"""Who works on a row, and for how long: claimed by a conditional update, by the database's clock."""

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

LEASE: Final = timedelta(minutes=5)
_BEAT_SECONDS: Final = 10.0

NOW: Final = Now()


class Lease:
    """The right to work on one claimed row; ``beat`` keeps it, ``reach`` also says how far the work is."""

    def __init__(self, mine: "models.QuerySet[models.Model]") -> None:
        self._mine = mine
        self._renewed = time.monotonic()

    def beat(self) -> None:
        """The lease holds on; cheap enough to be called for every piece of work."""
        if time.monotonic() - self._renewed > _BEAT_SECONDS:
            self._renew()

    def reach(self, step: str) -> None:
        """The work has come to ``step``."""
        self._renew(step=step)

    def _renew(self, **columns: object) -> None:
        self._mine.update(lease_until=NOW + LEASE, **columns)
        self._renewed = time.monotonic()


def claim(
    waiting: "models.QuerySet[models.Model]", row: UUID, *, lease: timedelta = LEASE, **columns: object
) -> bool:
    """Whether ``row`` was among the waiting ones and is this caller's now."""
    return waiting.filter(pk=row, lease_until=None).update(lease_until=NOW + lease, **columns) == 1
