"""Figures kept because counting a million rows for every page would take too long; never the only truth."""

from django.db import models

from transfer.models.transfer import Transfer


class CaseCount(models.Model):
    """How many clients entered (or, negative, left) a state of a transfer's cases.

    A trigger adds a line in the very transaction that changes cases, whoever changes them; the sum of the
    lines is the funnel. Nothing else writes here but the folding of many lines into one.
    """

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=14)
    clients = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.pk)


class KeptFigures(models.Model):
    """Figures computed once, beside the digest of what they depend on; used while that is the same."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=80)
    depends_on = models.BinaryField(max_length=32)
    figures = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transfer", "name"], name="transfer_keptfigures_once")]

    def __str__(self) -> str:
        return str(self.pk)
