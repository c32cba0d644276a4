"""Who works on a row: a lease, taken and renewed by the database's own clock.

Invariants:
- Of any number of workers that claim a run at once, one gets it; the others find nothing to do.
- A worker whose lease ran out and was taken over writes nothing more: its fence is no longer the row's.
- A lease is short, and whoever works keeps it (``continuity.keeping``): a killed worker's row is free
  again within ``LEASE``, and a slow one is not taken for dead.
"""

import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from audit.errors import Refused
from transfer.models import Run

LEASE: Final = datetime.timedelta(seconds=20)


class LeaseLost(Exception):  # noqa: N818
    """Another worker has taken the run over; this one stops without a word."""


def claim_run(run_id: UUID) -> Run | None:
    """The run, leased to the caller; None when somebody is at work on it."""
    with transaction.atomic():
        free = Run.objects.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), pk=run_id)
        # A row that somebody's transaction holds is worked on, whatever its lease says.
        if free.select_for_update(skip_locked=True).values_list("pk", flat=True).first() is None:
            return None
        free.update(fence=F("fence") + 1, lease_until=Now() + LEASE, problem="")
    return Run.objects.select_related("transfer", "asked_by", "reconcile_by").get(pk=run_id)


def renew(run: Run, *, reached: int) -> None:
    """The lease runs anew from now, and the page shows how far the work is.

    Raises:
        LeaseLost: the run is another worker's by now.
    """
    if not _mine(run).update(reached=reached, lease_until=Now() + LEASE):
        raise LeaseLost


def give_back(run: Run, *, problem: str = "") -> None:
    """Nobody works on the run any more; ``problem`` says on which refusal it stopped."""
    _mine(run).update(lease_until=None, problem=problem[:60])


def try_again(run: Run) -> None:
    """The work that stopped on a refusal is wanted again.

    Raises:
        Refused: it has not stopped.
    """
    if not Run.objects.filter(pk=run.pk).exclude(problem="").update(problem="", lease_until=None):
        raise Refused("run.not_stopped")


def _mine(run: Run) -> QuerySet[Run]:
    return Run.objects.filter(pk=run.pk, fence=run.fence)
