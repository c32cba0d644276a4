"""The handover certificate and the regulator's pack."""

from django.db import models

from access.models import User
from transfer.models.agreement import OfTransfer


class Certificate(OfTransfer):
    """The statement, signed by both organisations, that anybody can check offline."""

    number = models.CharField(max_length=30, unique=True)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    client_count = models.PositiveIntegerField()
    root = models.BinaryField(max_length=32)
    file = models.UUIDField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer"], name="transfer_certificate_one_per_transfer")
        ]


class PackDocument(OfTransfer):
    """One document of the regulator's pack, sealed, with its digest."""

    kind = models.CharField(max_length=30)
    language = models.CharField(max_length=8)
    file = models.UUIDField()
    digest = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "kind", "language"], name="transfer_packdocument_once"
            )
        ]
