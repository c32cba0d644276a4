"""The assessment of a transfer's impact on the people whose data moves (PIPL, articles 55 and 56)."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from transfer.models import Transfer
from vault.ids import new_id


class ImpactAssessment(models.Model):
    """One version of a transfer's assessment: drafted by one person, approved by another, then unchanged.

    A later version replaces an earlier one; all are kept until ``kept_until``, which the rule
    ``kept_by`` of the pack gives.
    """

    class Conclusion(models.TextChoices):
        ACCEPT = "accept", _("The transfer may go on with these measures")
        REJECT = "reject", _("The transfer may not go on like this")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="assessments")
    version = models.PositiveIntegerField()
    necessity = models.TextField(max_length=20_000)
    risks = models.TextField(max_length=20_000)
    measures = models.TextField(max_length=20_000)
    conclusion = models.CharField(max_length=6, choices=Conclusion.choices)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    kept_until = models.DateField()
    kept_by = models.CharField(max_length=20)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "version"], name="governance_assessment_one_per_version"
            ),
            # Four eyes: nobody approves what they wrote.
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("author")),
                name="governance_assessment_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="governance_assessment_approved_whole",
            ),
            models.CheckConstraint(
                condition=Q(conclusion__in=["accept", "reject"]),
                name="governance_assessment_conclusion_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def state(self) -> str:
        """Whether the second person has spoken."""
        return "proposed" if self.approved_at is None else "approved"

    def parties(self) -> set[uuid.UUID]:
        """Those of the transfer."""
        return self.transfer.parties()

    def granted_through(self) -> Transfer:
        """Whoever was let see the transfer may see its assessment."""
        return self.transfer
