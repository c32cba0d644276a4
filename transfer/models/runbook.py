"""The cutover runbook and the parties outside both firms."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models import User
from transfer.models.agreement import OfTransfer


class OutsideParty(OfTransfer):
    """A depository, exchange, bank, fund house or vendor whose readiness is proved, not assumed."""

    class Kind(models.TextChoices):
        DEPOSITORY = "depository", _("Depository")
        EXCHANGE = "exchange", _("Exchange")
        BANK = "bank", _("Custodian bank")
        FUND_HOUSE = "fund_house", _("Fund house")
        VENDOR = "vendor", _("Vendor")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=120)
    tested_on = models.DateField(null=True)
    evidence_reference = models.CharField(max_length=80, blank=True)
    ready_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ready_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "kind", "name"], name="transfer_outsideparty_once"),
            models.CheckConstraint(
                condition=models.Q(ready_at=None)
                | models.Q(tested_on__isnull=False, evidence_reference__gt="", ready_by__isnull=False),
                name="transfer_outsideparty_ready_is_proved",
            ),
        ]


class RunbookStep(OfTransfer):
    """One step of the cutover: who, when, what shows that it is done, how to undo it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")

    number = models.PositiveIntegerField()
    title_en = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200)
    owner_side = models.CharField(max_length=12)
    party = models.ForeignKey(OutsideParty, on_delete=models.PROTECT, null=True, related_name="steps")
    check_code = models.CharField(max_length=40)
    planned_at = models.DateTimeField(null=True)
    rollback_en = models.CharField(max_length=200)
    rollback_zh = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["transfer", "number"], name="transfer_runbookstep_number")
        ]
