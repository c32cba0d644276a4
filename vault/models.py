"""What the database knows of keys and sealed files: never a key in clear."""

from django.db import models
from django.db.models.lookups import Exact
from django.utils import timezone

from vault.ids import new_id
from vault.sealing import SUITES

CHUNK_BYTES = 1024 * 1024
"""Plaintext in one chunk of a sealed file; the last one may be shorter."""


class OctetLength(models.Func):
    """Length of a binary column, for constraints."""

    function = "octet_length"
    output_field = models.IntegerField()


class KeyPurpose(models.TextChoices):
    """What a wrapping key is for; wraps of one purpose do not open under another."""

    CUSTODY = "custody"
    ARCHIVE = "archive"
    FILE = "file"


class Epoch(models.Model):
    """One generation of an organisation's wrapping key; the key itself lies in the keyring.

    A transaction that writes wraps holds ``FOR KEY SHARE`` on the row; whoever retires the epoch
    takes ``FOR UPDATE`` first, so no wrap can be written under a key that is going.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        RETIRED = "retired"

    org = models.UUIDField()
    purpose = models.CharField(max_length=16, choices=KeyPurpose.choices)
    number = models.PositiveIntegerField()
    suite = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "purpose", "number"], name="vault_epoch_number_unique"),
            models.UniqueConstraint(
                fields=["org", "purpose"],
                condition=models.Q(state="active"),
                name="vault_epoch_one_active",
            ),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="vault_epoch_number_from_one"),
            models.CheckConstraint(
                condition=models.Q(suite__in=sorted(SUITES)), name="vault_epoch_suite_known"
            ),
            models.CheckConstraint(
                condition=models.Q(purpose__in=KeyPurpose.values), name="vault_epoch_purpose_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "retired"]), name="vault_epoch_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.org} {self.purpose} {self.number}"


class Wrap(models.Model):
    """A subject's data key, encrypted for one organisation.

    It is written and withdrawn, never altered. There is no foreign key to its epoch: it would make
    bulk loads four times slower; the lock on the epoch row takes its place.
    """

    pk = models.CompositePrimaryKey("subject", "key_version", "holder", "purpose")
    subject = models.UUIDField()
    key_version = models.PositiveSmallIntegerField()
    holder = models.UUIDField()
    purpose = models.CharField(max_length=16, choices=KeyPurpose.choices)
    epoch = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    commitment = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key_version__gte=1), name="vault_wrap_version_from_one"
            ),
            models.CheckConstraint(condition=models.Q(epoch__gte=1), name="vault_wrap_epoch_from_one"),
            models.CheckConstraint(
                condition=Exact(OctetLength("commitment"), 32), name="vault_wrap_commitment_length"
            ),
            models.CheckConstraint(condition=Exact(OctetLength("wrapped"), 61), name="vault_wrap_length"),
            models.CheckConstraint(
                condition=models.Q(purpose__in=KeyPurpose.values), name="vault_wrap_purpose_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.key_version} for {self.holder} ({self.purpose})"


class FilePurpose(models.TextChoices):
    """Why a sealed file is kept. An upload is one that no act has claimed yet."""

    UPLOAD = "upload"
    EXTRACT = "extract"
    DOCUMENT = "document"
    EVIDENCE = "evidence"
    REJECT = "reject"
    EXPORT = "export"
    LETTER = "letter"
    RETURN = "return"
    DELIVERY = "delivery"
    PIECE = "piece"
    CERTIFICATE = "certificate"
    BACKUP = "backup"


class SealedFile(models.Model):
    """A file that lies sealed in the files folder. The row exists only once the file is whole.

    ``key_subject`` names the data key that seals it: the file's own id, or a client's. Name and plain
    digest are sealed; ``digest`` is keyed, so it shows equality and nothing else.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    holder = models.UUIDField(db_index=True)
    purpose = models.CharField(max_length=16, choices=FilePurpose.choices)
    key_subject = models.UUIDField(db_index=True)
    sealed_description = models.BinaryField()
    size = models.PositiveBigIntegerField()
    digest = models.BinaryField()
    chunks = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    complete = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(complete=True), name="vault_file_complete"),
            models.CheckConstraint(
                condition=models.Q(purpose__in=FilePurpose.values), name="vault_file_purpose_known"
            ),
            models.CheckConstraint(
                condition=Exact(OctetLength("digest"), 32), name="vault_file_digest_length"
            ),
            # One chunk even when empty, and otherwise exactly as many as the size asks for.
            models.CheckConstraint(
                condition=models.Q(chunks__gte=1)
                & models.Q(size__lte=models.F("chunks") * CHUNK_BYTES)
                & (models.Q(chunks=1) | models.Q(size__gt=(models.F("chunks") - 1) * CHUNK_BYTES)),
                name="vault_file_chunks_fit_size",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def has_own_key(self) -> bool:
        """Whether the file is sealed under a key of its own instead of a client's."""
        return self.key_subject == self.pk
