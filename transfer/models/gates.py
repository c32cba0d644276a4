"""Exceptions to gates. Gates themselves have no row: they are computed."""

from django.db import models
from django.db.models import F, Q

from access.models import User
from transfer.models.agreement import OfTransfer


class GateException(OfTransfer):
    """Leave to pass one closed gate, asked by one person and granted by another with the duty.

    It covers the facts that did not hold when it was granted (``facts``, their codes), and no other.
    """

    gate = models.PositiveSmallIntegerField()
    reason = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "gate"],
                condition=Q(granted_at=None),
                name="transfer_gateexception_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(gate__gte=1, gate__lte=8), name="transfer_gateexception_known_gate"
            ),
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("asked_by")),
                name="transfer_gateexception_four_eyes",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="transfer_gateexception_has_reason"),
        ]
