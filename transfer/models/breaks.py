"""Rehearsal and cutover runs, what came back from outside, and the differences found."""

import uuid

import msgspec
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from clients.models import Client
from transfer.models.agreement import OfTransfer
from vault.ids import new_id
from vault.rows import SealedModel


class Run(OfTransfer):
    """A rehearsal (without effect) or the cutover (with effect).

    The row is the queue of its work: whoever holds a living lease works on it, and ``fence`` tells an
    older worker that it was taken over. ``reached`` counts what the work has done so far; ``problem`` is
    the code of the refusal on which it stopped, and stays until a person asks for another try. ``progress``
    says how far the reconciliation is; the key of a rehearsal's disguise lies sealed in a file of its own
    until the delivery is whole.
    """

    class Kind(models.TextChoices):
        REHEARSAL = "rehearsal", _("Rehearsal")
        CUTOVER = "cutover", _("Cutover")

    class State(models.TextChoices):
        PREPARING = "preparing", _("Preparing")
        DELIVERED = "delivered", _("Delivered")
        RECONCILING = "reconciling", _("Reconciling")
        DONE = "done", _("Done")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PREPARING)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    delivery_file = models.UUIDField(null=True)
    delivery_digest = models.CharField(max_length=64, blank=True)
    client_count = models.PositiveIntegerField(default=0)
    compared = models.JSONField(default=dict)
    progress = models.JSONField(default=dict)
    disguise_file = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    reached = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=60, blank=True)
    reconcile_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "kind", "number"], name="transfer_run_number"),
            models.UniqueConstraint(
                fields=["transfer"], condition=Q(kind="cutover"), name="transfer_run_one_cutover"
            ),
        ]


class ReturnFile(models.Model):
    """A file that came back: from the transferee's system, the depository or the banks."""

    class Source(models.TextChoices):
        TRANSFEREE = "transferee", _("Transferee's system")
        DEPOSITORY = "depository", _("Depository")
        BANK = "bank", _("Banks")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="returns")
    source = models.CharField(max_length=12, choices=Source.choices)
    kind = models.CharField(max_length=12)
    version = models.PositiveIntegerField(default=1)
    file = models.UUIDField(unique=True)
    rows = models.PositiveBigIntegerField(default=0)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "source", "kind", "version"], name="transfer_returnfile_version"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class BreakSecret(msgspec.Struct, array_like=True, frozen=True):
    """The two values that differ, and the source key by which people find the record."""

    source_key: str
    expected: str = ""
    actual: str = ""


class Break(SealedModel):
    """One difference found by reconciliation.

    A break with a client is sealed under that client's key; one without (a row the transferor never had)
    holds only its line. ``seen`` is the number of the last reconciliation that found it.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        EXPLAINED = "explained", _("Explained")
        CORRECTED = "corrected", _("Corrected")
        WRITE_OFF_ASKED = "asked", _("Write-off asked")
        WRITTEN_OFF = "written_off", _("Written off")

    sealed_label = "transfer.break"
    sealed_type = BreakSecret

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="breaks")
    source = models.CharField(max_length=12, choices=ReturnFile.Source.choices)
    kind = models.CharField(max_length=24)
    field = models.CharField(max_length=40, blank=True)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, related_name="breaks")
    row = models.CharField(max_length=40)
    line = models.PositiveBigIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    owner_side = models.CharField(max_length=12, default="transferee")
    found_at = models.DateTimeField(auto_now_add=True)
    seen = models.PositiveIntegerField(default=0)
    explanation = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "source", "kind", "row", "field"], name="transfer_break_once_per_difference"
            ),
            models.CheckConstraint(
                condition=~Q(state="written_off")
                | (Q(asked_by__isnull=False, decided_by__isnull=False) & ~Q(asked_by=F("decided_by"))),
                name="transfer_break_written_off_by_two",
            ),
        ]

    @property
    def key_subject(self) -> uuid.UUID:
        if self.client_id is None:
            raise ValueError("a break without a client holds no sealed values")
        return self.client_id

    def parties(self) -> set[uuid.UUID]:
        return self.run.parties()
