"""What becomes of each client in one transfer."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from transfer.models.agreement import OfTransfer


class ClientCase(OfTransfer):
    """One client in one transfer: exactly one state, with the reasons behind it.

    ``reasons`` are ``rule id|article|code`` strings from the verdict, never personal data.
    """

    class State(models.TextChoices):
        IN_SCOPE = "in_scope", _("In scope")
        NOTIFIED = "notified", _("Notified")
        CLEARED = "cleared", _("Cleared")
        OBJECTED = "objected", _("Objected")
        LEAVING = "leaving", _("Leaving")
        LEFT = "left", _("Left")
        PARKED = "parked", _("Parked")
        UNDELIVERABLE = "undeliverable", _("Undeliverable")
        EXCLUDED = "excluded", _("Excluded")
        RELEASED = "released", _("Released")
        ACCEPTED = "accepted", _("Accepted")
        RECALLED = "recalled", _("Recalled")

    class Served(models.TextChoices):
        NOT = "", _("Not served")
        INDIVIDUALLY = "individually", _("Individually")
        ANNOUNCEMENT = "announcement", _("By announcement")

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="cases")
    state = models.CharField(max_length=14, choices=State.choices, default=State.IN_SCOPE)
    since = models.DateTimeField(auto_now_add=True)
    requirement = models.CharField(max_length=20, blank=True)
    served = models.CharField(max_length=14, choices=Served.choices, blank=True)
    served_on = models.DateField(null=True)
    window_ends_on = models.DateField(null=True)
    reasons = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "client"], name="transfer_clientcase_once")
        ]
        indexes = [
            models.Index(fields=["transfer", "state", "id"], name="transfer_clientcase_state"),
            # The first and the last end of the windows that still run.
            models.Index(
                fields=["transfer", "window_ends_on"],
                condition=Q(state="notified"),
                name="transfer_clientcase_windows",
            ),
        ]
