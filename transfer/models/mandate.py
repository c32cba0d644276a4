"""The mandate under which batches are signed: go/no-go by two people from each side."""

import uuid

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


class MandateExtension(models.Model):
    """A later end of a mandate's window; it counts once two people of each side have signed it as well."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="extensions")
    number = models.PositiveIntegerField()
    not_after = models.DateTimeField()
    reason = models.CharField(max_length=300)
    digest = models.BinaryField(max_length=32)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    complete_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mandate", "number"], name="transfer_mandateextension_number"),
            models.UniqueConstraint(
                fields=["mandate"],
                condition=Q(complete_at=None, withdrawn_at=None),
                name="transfer_mandateextension_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(complete_at=None) | Q(withdrawn_at=None),
                name="transfer_mandateextension_complete_stays",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        return self.mandate.parties()


class ExtensionSignature(models.Model):
    """One person's go to an extension, given with step-up, signed with the organisation's custody key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    extension = models.ForeignKey(MandateExtension, on_delete=models.PROTECT, related_name="signatures")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    signature = models.BinaryField(max_length=65)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["extension", "signed_by"], name="transfer_extensionsignature_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
