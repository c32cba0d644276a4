"""The signed document: versions, signatures, clauses and what happens when one is breached."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from transfer.models.transfer import Transfer
from vault.ids import new_id


class OfTransfer(models.Model):
    """A row that belongs to one transfer and so to its two parties."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="%(class)ss")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        return self.transfer.parties()

    def granted_through(self) -> Transfer:
        """An outsider let see the transfer may see what belongs to it."""
        return self.transfer


class Agreement(OfTransfer):
    """One version of the agreement. Signing refers to ``digest`` (SHA-256 over the canonical terms).

    ``parties_named`` are both firms' ids, transferor first: who is bound, for what basis, is part of the terms.
    """

    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    basis = models.CharField(max_length=20, choices=Transfer.Basis.choices, default=Transfer.Basis.MERGER)
    parties_named = models.JSONField(default=list)
    purposes = models.JSONField()
    purpose_changed = models.BooleanField(default=False)
    field_scope = models.JSONField()
    executed_document = models.UUIDField(null=True)
    executed_digest = models.CharField(max_length=64, blank=True)
    signed_on = models.DateField(null=True)
    digest = models.BinaryField(max_length=32)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "version"], name="transfer_agreement_one_per_version")
        ]


class Signature(models.Model):
    """One party's signature under one version, made with step-up by a person with the duty."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="signatures")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    signature = models.BinaryField(max_length=65)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "organisation"], name="transfer_signature_one_per_party"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Clause(models.Model):
    """One duty of the agreement, bound to an owner, an automatic check and a consequence."""

    class Side(models.TextChoices):
        TRANSFEROR = "transferor", _("Transferor")
        TRANSFEREE = "transferee", _("Transferee")
        BOTH = "both", _("Both parties")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="clauses")
    number = models.PositiveIntegerField()
    text_en = models.TextField()
    text_zh = models.TextField()
    owner_side = models.CharField(max_length=12, choices=Side.choices)
    check_code = models.CharField(max_length=40)
    due_on = models.DateField(null=True)
    consequence_en = models.TextField()
    consequence_zh = models.TextField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["agreement", "number"], name="transfer_clause_number")]

    def __str__(self) -> str:
        return str(self.pk)


class ClauseBreach(models.Model):
    """A clause found broken by its check, with the fact that showed it; decided by a person of the other side."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clause = models.ForeignKey(Clause, on_delete=models.PROTECT, related_name="breaches")
    fact = models.CharField(max_length=200)
    found_at = models.DateTimeField(auto_now_add=True)
    decision = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clause", "fact"], name="transfer_clausebreach_once_per_fact")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Reads of approvals."""

    def standing(self) -> "ApprovalQuerySet":
        """Those that count: not corrected by a later one."""
        return self.filter(correction=None)


class Approval(OfTransfer):
    """A regulator's or board's approval, with its reference and document.

    A wrong entry is never changed: another one ``corrects`` it and says why; both stay.
    """

    class Kind(models.TextChoices):
        CSRC = "csrc", _("CSRC approval")
        BOARD_TRANSFEROR = "board_transferor", _("Transferor's shareholders' resolution")
        BOARD_TRANSFEREE = "board_transferee", _("Transferee's shareholders' resolution")
        APPRAISAL = "appraisal", _("Appraisal of the client-related assets")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    reference = models.CharField(max_length=80)
    granted_on = models.DateField()
    document = models.UUIDField(null=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)
    corrects = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="correction")
    reason = models.CharField(max_length=400, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "kind"],
                condition=models.Q(corrects=None),
                name="transfer_approval_one_first_per_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(corrects=None) | ~models.Q(reason=""),
                name="transfer_approval_correction_says_why",
            ),
        ]
