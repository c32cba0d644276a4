"""What a buyer may look at before a share transfer: figures in which nobody can be singled out."""

from django.db import models

from access.models import User
from transfer.models.agreement import OfTransfer


class DiligenceProfile(OfTransfer):
    """One released profile of the book: counts and sums, small groups suppressed; its content never changes.

    Looks at it stand in the log under its digest. Profiles are numbered; a new one is only released when it
    differs enough that comparing the two tells nothing about anybody.
    """

    number = models.PositiveIntegerField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "number"], name="transfer_diligenceprofile_number")
        ]
