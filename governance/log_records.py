"""The log as its readers ask for it: what they filtered by, one event with its proof, and that they looked."""

import base64
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from audit import checkpoints
from audit.models import Checkpoint, Event, Leaf
from audit.proofs import inclusion_proof
from audit.queries import History
from audit.services import record
from audit.tree import ProofError, verify_inclusion
from governance.events import LogEvent
from vault.ids import INSTALLATION

LOG = ("audit.log", INSTALLATION)


@dataclass(frozen=True)
class Proof:
    """That an event is in the log: its place, and the way from its hash to a signed root."""

    index: int
    leaf: bytes
    path: list[bytes]
    head: Checkpoint
    holds: bool

    def as_document(self, event: Event) -> dict[str, Any]:
        """Everything a verifier needs besides the log's key."""
        return {
            "format": "handover-log-proof-1",
            "event": str(event.pk),
            "body": base64.b64encode(bytes(event.body)).decode(),
            "index": self.index,
            "size": self.head.size,
            "leaf": self.leaf.hex(),
            "path": [each.hex() for each in self.path],
            "checkpoint": self.head.note,
        }


def history_of(filters: Mapping[str, Any]) -> History:
    """What the cleaned filters ask for; a day is a day of the installation's time zone."""
    day: datetime.date | None = filters.get("day")
    since = None
    if day is not None:
        since = timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
    return History(
        types=[filters["type"]] if filters.get("type") else (),
        actor=filters.get("actor"),
        subject_id=filters.get("subject"),
        since=since,
        until=None if since is None else since + datetime.timedelta(days=1),
    )


def numbers_of(events: list[Event]) -> dict[UUID, int]:
    """The places of these events in the log; one that still waits for its place has none."""
    return dict(Leaf.objects.filter(event__in=events).values_list("event_id", "index"))


def proof_of(event: Event) -> Proof | None:
    """The event's proof under the first checkpoint that covers it; None while it waits for its place."""
    leaf = Leaf.objects.filter(event=event).first()
    head = None if leaf is None else checkpoints.at_or_after(leaf.index + 1)
    if leaf is None or head is None:
        return None
    try:
        path = inclusion_proof(leaf.index, head.size)
        verify_inclusion(bytes(leaf.hash), leaf.index, head.size, path, bytes(head.root))
    except ProofError:
        return Proof(leaf.index, bytes(leaf.hash), [], head, holds=False)
    return Proof(leaf.index, bytes(leaf.hash), path, head, holds=True)


@transaction.atomic
def record_reading(*, by: User, filters: Mapping[str, Any], shown: int) -> None:
    """That somebody looked at the log stands in the log: by what they filtered, and how much was shown."""
    used = sorted(name for name, value in filters.items() if value)
    record(LogEvent.READ, actor=by, subject=LOG, organisation=by.organisation_id, filters=used, shown=shown)


@transaction.atomic
def record_event_reading(*, by: User, event: Event) -> None:
    """That somebody looked at one event stands in the log."""
    record(LogEvent.READ, actor=by, subject=event, organisation=by.organisation_id)


@transaction.atomic
def take_checkpoint(*, by: User) -> Checkpoint | None:
    """The newest checkpoint, whose taking stands in the log; None while there is none."""
    head = checkpoints.latest()
    if head is not None:
        record(
            LogEvent.CHECKPOINT_TAKEN, actor=by, subject=LOG, organisation=by.organisation_id, size=head.size
        )
    return head
