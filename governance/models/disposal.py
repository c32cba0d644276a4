"""The plan for disposing of the data, which the authority is told before a large merger (网络数据安全管理条例 32)."""

import uuid

from django.db import models
from django.db.models import F, Q

from access.models import User
from transfer.models import Transfer
from vault.ids import new_id


class DisposalPlan(models.Model):
    """One version of a transfer's disposal plan: drafted, approved by another person, reported, then unchanged.

    What it says of data, recipient and numbers is read from the transfer when it is printed; here stands what
    only people can say. A later version replaces an earlier one that was not reported.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="disposal_plans")
    version = models.PositiveIntegerField()
    recipient_contact = models.CharField(max_length=200)
    safeguards = models.TextField(max_length=20_000)
    timetable = models.TextField(max_length=20_000)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    authority = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    reported_on = models.DateField(null=True)
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "version"], name="governance_disposalplan_one_per_version"
            ),
            # Four eyes: nobody approves what they wrote.
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("author")),
                name="governance_disposalplan_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="governance_disposalplan_approved_whole",
            ),
            # Reported means approved before, to somebody, under a reference, by somebody.
            models.CheckConstraint(
                condition=Q(reported_on=None, reported_by=None, authority="", reference="")
                | (
                    Q(reported_on__isnull=False, reported_by__isnull=False, approved_at__isnull=False)
                    & ~Q(authority="")
                    & ~Q(reference="")
                ),
                name="governance_disposalplan_reported_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def state(self) -> str:
        """How far it is."""
        if self.reported_on is not None:
            return "done"
        return "proposed" if self.approved_at is None else "approved"

    def parties(self) -> set[uuid.UUID]:
        """Those of the transfer."""
        return self.transfer.parties()

    def granted_through(self) -> Transfer:
        """Whoever was let see the transfer may see its plan."""
        return self.transfer
