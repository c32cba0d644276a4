"""One company transfer, from draft to closed."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from clients.models import Book
from vault.ids import new_id


class Transfer(models.Model):
    """The handing over of one firm's clients to another.

    The state moves forward only, one stage at a time and only through an open gate; ``aborted`` is
    possible until the point of no return. The rule pack is pinned by digest: a change of law raises a
    review and never changes a running transfer by itself.
    """

    class Basis(models.TextChoices):
        MERGER = "merger", _("Absorption merger or division")
        ASSET_SALE = "asset_sale", _("Asset or book sale")
        SHARE_TRANSFER = "share_transfer", _("Share transfer")
        DUE_DILIGENCE = "due_diligence", _("Due diligence")
        LICENCE_WITHDRAWN = "licence_withdrawn", _("Licence withdrawn")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LOADING = "loading", _("Loading")
        REVIEWING = "reviewing", _("Reviewing")
        NOTIFYING = "notifying", _("Notifying")
        READY = "ready", _("Ready")
        CUTTING_OVER = "cutting_over", _("Cutting over")
        RECONCILING = "reconciling", _("Reconciling")
        SETTLED = "settled", _("Settled")
        CLOSED = "closed", _("Closed")
        ABORTED = "aborted", _("Aborted")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)
    transferor = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="transfers_out")
    transferee = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="transfers_in", null=True
    )
    basis = models.CharField(max_length=20, choices=Basis.choices, default=Basis.MERGER)
    jurisdiction = models.CharField(max_length=2, default="CN")
    state = models.CharField(max_length=14, choices=State.choices, default=State.DRAFT)
    book = models.OneToOneField(Book, on_delete=models.PROTECT, related_name="transfer")
    taker_book = models.OneToOneField(
        Book, on_delete=models.PROTECT, null=True, related_name="transfer_matched"
    )
    planned_cutover = models.DateTimeField(null=True)
    pack_name = models.CharField(max_length=20, default="cn")
    pack_digest = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    counsel_word_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    counsel_word_at = models.DateTimeField(null=True)
    no_return_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(transferee=None) | ~Q(transferor=F("transferee")),
                name="transfer_transfer_two_parties",
            ),
            models.CheckConstraint(
                condition=~Q(state="aborted") | Q(no_return_at=None),
                name="transfer_transfer_no_abort_after_no_return",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        """Both firms; the transferee from the moment it is named."""
        return {party for party in (self.transferor_id, self.transferee_id) if party is not None}
