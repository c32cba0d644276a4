"""The log's tables. Rows are added and never change; only pending marks go, when their leaf is written.

No foreign key leaves the room: an event outlives the person and the thing it speaks of.
"""

from django.db import models
from django.db.models.lookups import Exact, LessThanOrEqual
from django.utils import timezone

from audit.canonical import MAX_BODY, Entry, canonical
from audit.tree import HASH_BYTES, TILE_WIDTH
from vault.ids import new_id


class OctetLength(models.Func):
    """Length of a binary column, for constraints."""

    function = "octet_length"
    output_field = models.IntegerField()


class Event(models.Model):
    """One act: who, what, on which thing, for whom, when, with which facts.

    ``body`` holds the canonical bytes (docs/formats/audit-leaf.md); the other columns repeat it for
    searching. ``services.record`` is the only writer; the moment is the database's.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    type = models.CharField(max_length=64)
    actor = models.UUIDField(null=True)
    organisation = models.UUIDField(null=True)
    subject_type = models.CharField(max_length=64)
    subject = models.UUIDField()
    request_id = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=64, blank=True)
    facts = models.JSONField()
    body = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="audit_event_subject"),
            models.Index(fields=["actor", "id"], name="audit_event_actor"),
            models.Index(fields=["organisation", "id"], name="audit_event_organisation"),
            models.Index(fields=["type", "id"], name="audit_event_type"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=LessThanOrEqual(OctetLength("body"), MAX_BODY), name="audit_event_body_length"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def canonical(self) -> bytes:
        """The bytes the columns give; they differ from ``body`` only if somebody changed one of them."""
        entry = Entry(
            id=self.id,
            type=self.type,
            actor=self.actor,
            organisation=self.organisation,
            subject_type=self.subject_type,
            subject=self.subject,
            request_id=self.request_id,
            purpose=self.purpose,
            facts=self.facts,
        )
        return canonical(entry, self.at)


class Pending(models.Model):
    """The mark of an event that has no leaf yet. The database sets it together with the event."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="pending")

    def __str__(self) -> str:
        return str(self.pk)


class Leaf(models.Model):
    """The place of an event in the log: dense numbers from 0, and the leaf hash of RFC 6962.

    Without a database constraint to the event, which would write to every event's row once more;
    verification finds a leaf whose event is gone.
    """

    index = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.DO_NOTHING, related_name="leaf", db_constraint=False)
    hash = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(index__gte=0), name="audit_leaf_from_zero"),
            models.CheckConstraint(
                condition=Exact(OctetLength("hash"), HASH_BYTES), name="audit_leaf_hash_length"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Tile(models.Model):
    """A full tile: 256 hashes of one level, and the root above them, which the next level holds."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "index"], name="audit_tile_place"),
            models.CheckConstraint(
                condition=Exact(OctetLength("hashes"), HASH_BYTES * TILE_WIDTH), name="audit_tile_full"
            ),
            models.CheckConstraint(
                condition=Exact(OctetLength("root"), HASH_BYTES), name="audit_tile_root_length"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed head of the log; ``note`` is the whole signed note (docs/formats/checkpoint.md)."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=1), name="audit_checkpoint_size"),
            models.CheckConstraint(
                condition=Exact(OctetLength("root"), HASH_BYTES), name="audit_checkpoint_root_length"
            ),
        ]

    def __str__(self) -> str:
        return str(self.size)
