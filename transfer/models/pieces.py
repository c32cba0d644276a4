"""The pieces in which deliveries are made and files that come back are read: one piece, one transaction."""

from django.db import models

from transfer.models.breaks import ReturnFile, Run
from vault.ids import new_id


class DeliveryPiece(models.Model):
    """A range of the clients of one run, by their ids, and the sealed file with their part of the delivery.

    Whoever makes it holds the row's lock while doing so; without a file it is still to be made. The file
    holds one section after the other (``sections``: begin, length and rows of each): the rows as CSV
    without headings, then the digests of the rows that each file to come back is compared with.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="pieces")
    number = models.PositiveIntegerField()
    first = models.UUIDField()
    last = models.UUIDField()
    clients = models.PositiveIntegerField(default=0)
    file = models.UUIDField(null=True)
    sections = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="transfer_deliverypiece_number")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ReturnPiece(models.Model):
    """A stretch of a file that came back, by its bytes, and the sealed digests of its rows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    returned = models.ForeignKey(ReturnFile, on_delete=models.PROTECT, related_name="pieces")
    number = models.PositiveIntegerField()
    begins = models.PositiveBigIntegerField()
    ends = models.PositiveBigIntegerField()
    rows = models.PositiveIntegerField()
    file = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["returned", "number"], name="transfer_returnpiece_number")
        ]

    def __str__(self) -> str:
        return str(self.pk)
