"""Extracts, the runs that read them, their ledger of chunks, and what was refused or noticed.

No personal data lies here in the clear: a reject names its line, the line itself stays in the sealed extract.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from clients.models import Client
from transfer.models.agreement import OfTransfer
from transfer.models.mapping import ExtractMapping
from vault.ids import new_id


class Extract(OfTransfer):
    """One uploaded file of one side, recognised and mapped.

    ``header`` lists the headings in the file's order and words. ``reading_file`` is what
    the import reads where that is not the file itself: the sealed CSV made of a foreign format or an index.
    ``how`` says how its records lie (``importing.how.How``); ``mapping`` is who declared it, where somebody
    had to.
    """

    class Kind(models.TextChoices):
        CLIENTS = "clients", _("Clients")
        ACCOUNTS = "accounts", _("Accounts")
        RELATIONS = "relations", _("Related persons")
        HOLDINGS = "holdings", _("Holdings")
        TRADES = "trades", _("Trades")
        PREFERENCES = "preferences", _("Preferences")
        DOCUMENTS = "documents", _("Documents")

    class Purpose(models.TextChoices):
        FULL = "full", _("Full extract")
        MENDED = "mended", _("Mended rejects")
        DELTA = "delta", _("Delta at cutover")

    side = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.FULL)
    file = models.UUIDField(unique=True)
    reading_file = models.UUIDField(null=True)
    format = models.CharField(max_length=8)
    encoding = models.CharField(max_length=12)
    header = models.JSONField()
    widths = models.JSONField(default=dict)
    how = models.JSONField(default=dict)
    mapping = models.ForeignKey(ExtractMapping, on_delete=models.PROTECT, null=True, related_name="extracts")
    declared_rows = models.PositiveBigIntegerField(null=True)
    declared_totals = models.JSONField(default=dict)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)


class ImportRun(models.Model):
    """One pass over one extract: a look (profile) or a load. The row is the queue."""

    class Mode(models.TextChoices):
        PROFILE = "profile", _("Data health")
        LOAD = "load", _("Load")

    class State(models.TextChoices):
        PLANNING = "planning", _("Planning")
        RUNNING = "running", _("Running")
        FINISHING = "finishing", _("Finishing")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        STOPPED = "stopped", _("Stopped")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    extract = models.ForeignKey(Extract, on_delete=models.PROTECT, related_name="runs")
    mode = models.CharField(max_length=8, choices=Mode.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNING)
    as_of = models.DateField()
    chunks_total = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    accepted = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    totals = models.JSONField(default=dict)
    refusal_code = models.CharField(max_length=40, blank=True)
    refusal_params = models.JSONField(default=dict)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["extract", "mode"],
                condition=~Q(state__in=["refused", "stopped"]),
                name="transfer_importrun_one_live_per_extract",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        return {self.extract.side_id}


class ImportChunk(models.Model):
    """A slice of the file; committed together with the rows it loaded, so nothing loads twice."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CLAIMED = "claimed", _("Claimed")
        DONE = "done", _("Done")
        PARKED = "parked", _("Parked after three tries")

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="chunks")
    number = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField()
    length = models.PositiveBigIntegerField()
    first_line = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict)
    rows_root = models.BinaryField(max_length=32, null=True)
    problem = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="transfer_importchunk_number")]

    def __str__(self) -> str:
        return str(self.pk)


class Reject(models.Model):
    """One refused line: where, which column, why; and what was decided about it.

    ``source_digest`` stands for the line's source key and ``rest_digest`` for all its cells but the refused
    one: by either a mended line is recognised.
    """

    class Decision(models.TextChoices):
        OPEN = "open", _("Open")
        MENDED = "mended", _("Mended and loaded")
        LEFT_OUT = "left_out", _("Left out")

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="rejects")
    chunk = models.ForeignKey(ImportChunk, on_delete=models.PROTECT, related_name="rejects", null=True)
    line = models.PositiveBigIntegerField()
    column = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=24)
    source_digest = models.BinaryField(max_length=16, null=True)
    rest_digest = models.BinaryField(max_length=16, null=True)
    decision = models.CharField(max_length=8, choices=Decision.choices, default=Decision.OPEN)
    reason = models.CharField(max_length=200, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "line"], name="transfer_reject_once_per_line"),
            models.CheckConstraint(
                condition=~Q(decision="left_out") | Q(decided_by__isnull=False, reason__gt=""),
                name="transfer_reject_left_out_has_reason",
            ),
        ]
        indexes = [models.Index(fields=["run"], condition=Q(decision="open"), name="transfer_reject_open")]

    def __str__(self) -> str:
        return str(self.pk)


class Finding(models.Model):
    """Something noticed about the data of one line: a health finding, not a refusal."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="findings")
    code = models.CharField(max_length=24)
    line = models.PositiveBigIntegerField()
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, null=True, related_name="+", db_constraint=False
    )
    client_digest = models.BinaryField(max_length=16)

    class Meta:
        indexes = [
            models.Index(fields=["run", "code", "id"], name="transfer_finding_run_code"),
            models.Index(fields=["client_digest"], name="transfer_finding_client"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ImportKey(models.Model):
    """Keyed tokens of one run by which duplicates are found; deleted when the run is done."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=12)
    token = models.BigIntegerField()
    line = models.PositiveBigIntegerField()
    client_digest = models.BinaryField(max_length=16)

    class Meta:
        indexes = [models.Index(fields=["run", "kind", "token"], name="transfer_importkey_token")]

    def __str__(self) -> str:
        return str(self.pk)


class ClientSum(models.Model):
    """What one client is worth by one extract, per currency: the money behind the health findings.

    While a run is under way there is a row per chunk, known by the chunk's first ``line``; the finished
    run keeps one row per client and currency, with line 0.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="sums")
    line = models.PositiveBigIntegerField()
    client_digest = models.BinaryField(max_length=16)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=30, decimal_places=4)

    class Meta:
        indexes = [models.Index(fields=["run", "client_digest"], name="transfer_clientsum_client")]

    def __str__(self) -> str:
        return str(self.pk)
