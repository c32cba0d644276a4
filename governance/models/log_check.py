"""A verification of the audit log, carried out by a worker and kept with its result."""

from django.db import models
from django.db.models import Q

from access.models import User
from vault.ids import new_id


class LogCheck(models.Model):
    """The log compared with itself from the first entry to the last, as it stood at one moment.

    ``faults`` holds the first of what was found, as kind and place; ``fault_count`` counts all. A check
    that broke off says why in ``failure`` and has found nothing, neither good nor bad.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    leaves = models.PositiveBigIntegerField(default=0)
    pending = models.PositiveBigIntegerField(default=0)
    checkpoints = models.PositiveBigIntegerField(default=0)
    root = models.CharField(max_length=64, blank=True)
    last_at = models.DateTimeField(null=True)
    fault_count = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list)
    failure = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) | Q(leaves=0, fault_count=0, failure=""),
                name="governance_logcheck_result_when_finished",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def state(self) -> str:
        """How far it is, as a long work."""
        if self.finished_at is None:
            return "queued" if self.lease_until is None else "running"
        return "failed" if self.failure else "done"

    @property
    def whole(self) -> bool:
        """It ended, and nothing was wrong."""
        return self.finished_at is not None and not self.failure and not self.fault_count
