"""What a surviving transferor must keep of the clients it has handed over: ciphertext, and nothing else."""

import uuid

from django.db import models

from access.models import Organisation
from clients.models.client import Client
from vault.ids import new_id


class SealedArchive(models.Model):
    """The rows of one batch as they stood at its release, kept by the giver because the law makes it keep them.

    Only stored and protected (PIPL 47): the rows are ciphertext, and their keys are wraps of the purpose
    ``archive``, which no ordinary reading uses. ``rows_root`` is the Merkle root over the digests of the rows.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occasion = models.UUIDField()
    move = models.UUIDField(null=True)
    holder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="archives")
    client_count = models.PositiveIntegerField()
    row_count = models.PositiveIntegerField()
    rows_root = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["occasion"], name="clients_sealedarchive_occasion")]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        return {self.holder_id}


class ArchivedRow(models.Model):
    """One sealed row of one client as it stood: its ciphertext, and the columns that lay beside it in the clear."""

    id = models.BigAutoField(primary_key=True)
    archive = models.ForeignKey(SealedArchive, on_delete=models.PROTECT, related_name="rows")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="archived_rows")
    label = models.CharField(max_length=40)
    row = models.UUIDField()
    revision = models.PositiveIntegerField()
    sealed = models.BinaryField()
    digest = models.BinaryField(max_length=32)
    clear = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["archive", "row"], name="clients_archivedrow_once")]

    def __str__(self) -> str:
        return str(self.pk)
