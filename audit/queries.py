"""Reading the log: by subject, by person, by time; newest first, never by OFFSET."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.context import identity
from audit.models import Event
from audit.reading import ONE
from audit.services import Subject, subject_key

NEWEST_FIRST: Final = "-id"
CLOCKS_APART: Final = timedelta(minutes=10)
"""How far the moment in an id, made by an application's clock, may lie from the database's."""


@dataclass(frozen=True)
class History:
    """Which events to show; what is left out does not narrow. ``since`` is included, ``until`` is not.

    ``subject`` is a thing under its label, ``subject_id`` an id under whatever label.
    """

    types: Sequence[str] = ()
    actor: UUID | None = None
    organisation: UUID | None = None
    subject: Subject | None = None
    subject_id: UUID | None = None
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def events_of(subject: Subject) -> QuerySet[Event]:
    """What happened to ``subject``, newest first; readings of it alone are among them."""
    return Event.objects.filter(_about(subject)).order_by(NEWEST_FIRST)


def events_by(actor: object) -> QuerySet[Event]:
    """What ``actor`` (a person or an id) did, newest first."""
    return Event.objects.filter(actor=identity(actor)).order_by(NEWEST_FIRST)


def history(wanted: History, *, before: UUID | None = None, limit: int = 50) -> list[Event]:
    """At most ``limit`` events, newest first, older than the event ``before``.

    The next page begins before the last event of this one; events recorded meanwhile shift nothing.
    """
    found = Event.objects.filter(_narrowed(wanted))
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by(NEWEST_FIRST)[:limit])


def _narrowed(wanted: History) -> Q:
    exact = {"actor": wanted.actor, "organisation": wanted.organisation, "subject": wanted.subject_id}
    condition = Q(**{column: value for column, value in exact.items() if value is not None})
    if wanted.types:
        condition &= Q(type__in=[str(kind) for kind in wanted.types])
    if wanted.subject is not None:
        condition &= _about(wanted.subject)
    if wanted.request_id:
        condition &= Q(request_id=wanted.request_id)
    # The bound on the id lets the index find the time; the moment itself decides.
    if wanted.since is not None:
        condition &= Q(at__gte=wanted.since, id__gte=_id_at(wanted.since - CLOCKS_APART))
    if wanted.until is not None:
        condition &= Q(at__lt=wanted.until, id__lt=_id_at(wanted.until + CLOCKS_APART))
    return condition


def _about(subject: Subject) -> Q:
    label, key = subject_key(subject)
    return Q(subject=key, subject_type__in=[label, ONE])


def _id_at(at: datetime) -> UUID:
    """The least UUIDv7 of that millisecond."""
    milliseconds = max(int(at.timestamp() * 1000), 0)
    return UUID(int=milliseconds << 80)
