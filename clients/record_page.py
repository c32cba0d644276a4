"""A client's whole record as its page shows it: masked, each field with the way to reveal it.

Invariants:
- All opened rows are masked here, inside the reading, before anything reaches a template.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from access.models import User
from access.policies import may
from access.visibility import FieldClass, field_class, mask, may_reveal, visible_fields
from audit.reading import reading
from clients.labels import ID_TYPES, label_of
from clients.models import Account, Client, Document, Holding, Relation
from clients.services.reveal import PURPOSES, SHOWN_SECONDS
from vault.rows import SealedModel, open_rows

CLIENT_FIELDS: Final = (
    "name",
    "source_no",
    "id_type",
    "id_number",
    "id_expires_on",
    "birth_date",
    "sex",
    "nationality",
    "phone",
    "email",
    "address",
    "postcode",
    "occupation",
    "education",
    "risk_level",
    "risk_expires_on",
    "investor_class",
    "aml_level",
    "unified_account",
    "commission_rate",
)
ACCOUNT_FIELDS: Final = ("number", "trading_unit", "bank", "bank_card", "balance", "frozen", "permissions")
RELATION_FIELDS: Final = ("name", "id_type", "id_number", "phone", "share_percent", "valid_until")
MOST_ROWS: Final = 100


@dataclass(frozen=True)
class Part:
    """One sealed row beside the client: its heading in the clear and its masked fields."""

    heading: str
    state: str
    state_word: str
    fields: list[dict[str, Any]]
    missing: str


@dataclass(frozen=True)
class RecordPage:
    """Everything the page shows that had to be opened."""

    name: str
    fields: list[dict[str, Any]]
    missing: str
    accounts: list[Part]
    relations: list[Part]
    documents: list[dict[str, Any]]


def record_page(client: Client, by: User) -> RecordPage:
    """The record, masked, from one recorded reading of this client.

    Raises:
        VaultError: the organisation of ``by`` holds no key of the client.
    """
    accounts = list(Account.objects.filter(client=client).order_by("kind", "id")[:MOST_ROWS])
    relations = list(Relation.objects.filter(client=client).order_by("kind", "id")[:MOST_ROWS])
    documents = list(Document.objects.filter(client=client).order_by("kind", "id")[:MOST_ROWS])
    with reading(
        actor=by,
        organisation=client.custodian_id,
        purpose="show_record",
        subjects=[client.pk],
        fields=["masked"],
    ) as right:
        rows: list[SealedModel] = [client, *accounts, *relations, *documents]
        secrets = dict(zip((row.pk for row in rows), open_rows(rows, right), strict=True))
    eye = _Eye(client, by)
    own = secrets[client.pk]
    fields, missing = eye.fields("client", client.pk, own, CLIENT_FIELDS)
    return RecordPage(
        name=mask("name", own.name),
        fields=fields,
        missing=missing,
        accounts=[
            eye.part(
                "account",
                account,
                secrets[account.pk],
                ACCOUNT_FIELDS,
                account.status,
                account.get_status_display(),
            )
            for account in accounts
        ],
        relations=[
            eye.part("relation", relation, secrets[relation.pk], RELATION_FIELDS) for relation in relations
        ],
        documents=[eye.document(document) for document in documents],
    )


def holding_counts(client: Client) -> dict[str, int]:
    """How many positions, and how many of them are frozen or pledged; nothing is opened."""
    holdings = Holding.objects.filter(client=client)
    return {
        "all": holdings.count(),
        "frozen": holdings.filter(is_frozen=True).count(),
        "pledged": holdings.filter(is_pledged=True).count(),
    }


def reveal_part(client: Client, by: User, *, part: str, row: UUID, field: str, masked: str) -> dict[str, Any]:
    """One field as ``parts/reveal.html`` takes it; without an action where ``by`` may not reveal it."""
    name = f"{part}.{field}"
    open_to = may(by, "clients.reveal_field", client) and may_reveal(by, client, name)
    secret = field_class(name) is FieldClass.C3
    return {
        "id": f"{part}-{row.hex}-{field}",
        "field": field,
        "label": label_of(field),
        "masked": masked,
        "action": reverse("clients-reveal", args=[client.pk, part, row, field])
        if open_to and not secret
        else "",
        "purposes": list(PURPOSES.items()),
        "seconds": SHOWN_SECONDS,
    }


class _Eye:
    """What one person sees of one client."""

    def __init__(self, client: Client, by: User) -> None:
        self._client, self._by = client, by
        self._clear = visible_fields(by, client)

    def part(
        self,
        name: str,
        row: Account | Relation,
        secret: msgspec.Struct,
        names: tuple[str, ...],
        state: str = "",
        word: str = "",
    ) -> Part:
        """One row beside the client."""
        fields, missing = self.fields(name, row.pk, secret, names)
        return Part(row.get_kind_display(), state, word, fields, missing)

    def fields(
        self, part: str, row: UUID, secret: msgspec.Struct, names: tuple[str, ...]
    ) -> tuple[list[dict[str, Any]], str]:
        """The fields that hold something, and in one line the names of those that do not."""
        given = {name: str(getattr(secret, name)) for name in names}
        shown = [self._field(part, row, name, value) for name, value in given.items() if value]
        return shown, " · ".join(str(label_of(name)) for name, value in given.items() if not value)

    def _field(self, part: str, row: UUID, field: str, value: str) -> dict[str, Any]:
        label: str | Promise = label_of(field)
        if field in self._clear and field_class(f"{part}.{field}") is FieldClass.C1:
            return {"label": label, "value": ID_TYPES.get(value, value) if field == "id_type" else value}
        shown = mask(f"{part}.{field}", value)
        if field_class(f"{part}.{field}") is FieldClass.C1:
            shown = "****"
        return {"reveal": reveal_part(self._client, self._by, part=part, row=row, field=field, masked=shown)}

    def document(self, document: Document) -> dict[str, Any]:
        may_open = may(self._by, "clients.reveal_field", self._client) and may_reveal(
            self._by, self._client, "document.id_image"
        )
        return {
            "kind": document.kind or _("Document"),
            "size": document.size,
            "action": reverse("clients-document", args=[self._client.pk, document.pk]) if may_open else "",
            "id": document.pk.hex,
        }
