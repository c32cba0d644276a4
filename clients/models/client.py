"""Books of clients, clients, and the people related to them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Branch, Organisation
from clients.sealed import ClientSecret, RelationSecret
from vault.ids import new_id
from vault.rows import SealedModel


class Book(models.Model):
    """Client records of one firm that were loaded together and share one space of source keys."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="books")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        """The organisations this book belongs to."""
        return {self.owner_id}


class ClientQuerySet(models.QuerySet["Client"]):
    """Reads of clients; every door starts from ``visible_to``."""

    def in_custody_of(self, organisation: uuid.UUID) -> "ClientQuerySet":
        return self.filter(custodian=organisation)


class Client(SealedModel):
    """One client of one firm. Personal data lies in ``sealed``; what SQL must count lies in the clear.

    ``custodian`` is the organisation responsible for the data; it changes only through an accepted
    custody move, together with the wraps.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        INSTITUTION = "institution", _("Institution")
        PRODUCT = "product", _("Product")

    class Status(models.TextChoices):
        NORMAL = "normal", _("Normal")
        DORMANT = "dormant", _("Dormant")
        UNQUALIFIED = "unqualified", _("Unqualified")
        CLOSED = "closed", _("Account closed")

    sealed_label = "clients.client"
    sealed_type = ClientSecret

    # Neither key has an index of its own: each is the first column of one below.
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="clients", db_index=False)
    custodian = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="clients_in_custody",
        db_column="custodian",
        db_index=False,
    )
    source_digest = models.BinaryField(max_length=16)
    import_run = models.UUIDField()
    source_line = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(max_length=12, choices=Status.choices)
    jurisdiction = models.CharField(max_length=2, default="CN")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, null=True, related_name="clients")
    staff_no = models.CharField(max_length=20, blank=True)
    opened_on = models.DateField(null=True)
    is_minor = models.BooleanField(default=False)
    is_under14 = models.BooleanField(default=False)
    is_frozen = models.BooleanField(default=False)
    is_pledged = models.BooleanField(default=False)
    reveal_suspended = models.BooleanField(default=False)
    id_token = models.BigIntegerField(null=True)
    phone_token = models.BigIntegerField(null=True)
    email_token = models.BigIntegerField(null=True)
    name_birth_token = models.BigIntegerField(null=True)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "source_digest"], name="clients_client_one_per_source_key"
            ),
            models.CheckConstraint(
                condition=Q(is_under14=False) | Q(is_minor=True), name="clients_client_under14_is_minor"
            ),
        ]
        indexes = [
            models.Index(fields=["custodian", "id"], name="clients_client_custodian"),
            models.Index(fields=["id_token"], name="clients_client_id_token"),
            models.Index(fields=["phone_token"], name="clients_client_phone_token"),
            models.Index(fields=["email_token"], name="clients_client_email_token"),
            models.Index(fields=["name_birth_token"], name="clients_client_name_birth"),
        ]

    @property
    def key_subject(self) -> uuid.UUID:
        return self.pk

    def parties(self) -> set[uuid.UUID]:
        """The one organisation that may see this client: its custodian."""
        return {self.custodian_id}


class ClientRow(SealedModel):
    """What every sealed row beside a client shares: it is sealed under that client's key."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="%(class)ss")
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    source_digest = models.BinaryField(max_length=16)
    import_run = models.UUIDField()
    source_line = models.PositiveIntegerField()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["book", "source_digest"], name="%(app_label)s_%(class)s_one_per_source_key"
            )
        ]

    @property
    def key_subject(self) -> uuid.UUID:
        return self.client_id

    def parties(self) -> set[uuid.UUID]:
        return self.client.parties()


class Relation(ClientRow):
    """A person who acts for, guards or owns a client."""

    class Kind(models.TextChoices):
        GUARDIAN = "guardian", _("Guardian")
        AGENT = "agent", _("Agent")
        OWNER = "owner", _("Beneficial owner")

    sealed_label = "clients.relation"
    sealed_type = RelationSecret

    kind = models.CharField(max_length=12, choices=Kind.choices)

    class Meta(ClientRow.Meta):
        pass
