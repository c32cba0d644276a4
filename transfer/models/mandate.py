"""The mandate under which batches are signed: go/no-go by two people from each side."""

from django.db import models
from django.db.models import F, Q

from access.models import Organisation, User
from transfer.models.agreement import OfTransfer
from vault.ids import new_id


class Mandate(OfTransfer):
    """What may be handed over, when and on which facts; complete with two signatures from each side."""

    client_count = models.PositiveIntegerField()
    clients_root = models.BinaryField(max_length=32)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    facts = models.JSONField()
    digest = models.BinaryField(max_length=32)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer"], condition=Q(withdrawn_at=None), name="transfer_mandate_one_live"
            ),
            models.CheckConstraint(
                condition=Q(not_after__gt=F("not_before")), name="transfer_mandate_window"
            ),
        ]


class MandateSignature(models.Model):
    """One person's go, given with step-up; the signature is made with the organisation's custody key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="signatures")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    signature = models.BinaryField(max_length=65)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mandate", "signed_by"], name="transfer_mandatesignature_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
