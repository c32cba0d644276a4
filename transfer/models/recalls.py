"""Clients whose consent ended after their data had been handed over."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from clients.models import Client, ConsentRecord
from transfer.models.agreement import OfTransfer


class Recall(OfTransfer):
    """One client to be given back, or kept by the client's own new word; open until somebody decides.

    What was done under the consent stays lawful (PIPL 15); from the withdrawal on the client is in limbo, and
    the transfer cannot close.
    """

    class Outcome(models.TextChoices):
        OPEN = "open", _("Open")
        RETURNED = "returned", _("Given back")
        KEPT = "kept", _("Stays by the client's own new word")

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="recalls")
    withdrawal = models.OneToOneField(ConsentRecord, on_delete=models.PROTECT, related_name="recall")
    opened_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.OPEN)
    words = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "client"], condition=Q(outcome="open"), name="transfer_recall_one_open"
            ),
            models.CheckConstraint(
                condition=Q(outcome="open") | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="transfer_recall_decided_by_somebody",
            ),
        ]
