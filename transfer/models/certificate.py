"""The handover certificate, its draft that both firms sign, and the regulator's pack."""

from django.db import models
from django.db.models import Q

from access.models import Organisation, User
from transfer.models.agreement import OfTransfer
from vault.ids import new_id


class CertificateDraft(OfTransfer):
    """A statement that is frozen for both firms to sign: its bytes lie sealed, its digest never changes.

    It names one officer of each firm; only they can sign. A newer draft withdraws it, with what was signed.
    """

    number = models.CharField(max_length=30)
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    client_count = models.PositiveIntegerField()
    root = models.BinaryField(max_length=32)
    file = models.UUIDField()
    digest = models.CharField(max_length=64)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer"], condition=Q(withdrawn_at=None), name="transfer_certificatedraft_one_live"
            )
        ]


class CertificateSignature(models.Model):
    """What one firm's named officer does about a draft: nothing yet, or signed it with the firm's certificate key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(CertificateDraft, on_delete=models.PROTECT, related_name="signatures")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    signer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)
    signature = models.BinaryField(max_length=65, null=True)
    public = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "organisation"], name="transfer_certificatesignature_one_per_firm"
            ),
            models.UniqueConstraint(
                fields=["draft", "signer"], name="transfer_certificatesignature_two_people"
            ),
            models.CheckConstraint(
                condition=Q(signed_at=None, signature=None, public=None)
                | Q(signed_at__isnull=False, signature__isnull=False, public__isnull=False),
                name="transfer_certificatesignature_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class CertificateTile(models.Model):
    """256 hashes of the tree over all clients of a draft: what inclusion proofs are read from.

    ``first`` is the first client whose leaf lies in a tile of level 0, so a client's leaf is found at once.
    """

    id = models.BigAutoField(primary_key=True)
    draft = models.ForeignKey(CertificateDraft, on_delete=models.CASCADE, related_name="tiles")
    level = models.PositiveSmallIntegerField()
    index = models.PositiveIntegerField()
    first = models.UUIDField(null=True)
    hashes = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "level", "index"], name="transfer_certificatetile_place")
        ]
        indexes = [models.Index(fields=["draft", "first"], name="transfer_certificatetile_first")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class Certificate(OfTransfer):
    """The statement, signed by both organisations, that anybody can check offline.

    ``issued_by`` is whoever signed last: with that signature it was issued.
    """

    draft = models.OneToOneField(
        CertificateDraft, on_delete=models.PROTECT, null=True, related_name="certificate"
    )
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
