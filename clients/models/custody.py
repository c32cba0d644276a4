"""Who is responsible for which client's data, and the two signatures under each move."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation
from clients.models.client import Client
from vault.ids import new_id


class CustodyMove(models.Model):
    """One batch of clients passing from one organisation to another.

    Released means the giver has signed and the batch waits for the taker; accepted means the taker has
    signed, holds the wraps, and the giver's wraps are gone. ``occasion`` is the transfer it belongs to.
    """

    class State(models.TextChoices):
        RELEASED = "released", _("Released")
        ACCEPTED = "accepted", _("Accepted")
        RECALLED = "recalled", _("Recalled")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occasion = models.UUIDField()
    number = models.PositiveIntegerField()
    giver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RELEASED)
    mandate_digest = models.BinaryField(max_length=32)
    client_count = models.PositiveIntegerField()
    members_root = models.BinaryField(max_length=32)
    released_at = models.DateTimeField()
    release_signature = models.BinaryField(max_length=65)
    accepted_at = models.DateTimeField(null=True)
    acceptance_signature = models.BinaryField(max_length=65, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occasion", "number"], name="clients_custodymove_number"),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="clients_custodymove_two_parties"),
            models.CheckConstraint(
                condition=~Q(state="accepted")
                | Q(acceptance_signature__isnull=False, accepted_at__isnull=False),
                name="clients_custodymove_accepted_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        return {self.giver_id, self.taker_id}


class CustodyMember(models.Model):
    """One client in one move, with what both signatures attest about it."""

    id = models.BigAutoField(primary_key=True)
    # The index of a move's members is the first column of the constraints below.
    move = models.ForeignKey(CustodyMove, on_delete=models.PROTECT, related_name="members", db_index=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="custody_members")
    position = models.PositiveIntegerField()
    record_digest = models.BinaryField(max_length=32)
    key_commitment = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["move", "client"], name="clients_custodymember_once_per_move"),
            models.UniqueConstraint(fields=["move", "position"], name="clients_custodymember_position"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
