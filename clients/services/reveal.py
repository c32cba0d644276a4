"""Showing one sealed field, or one document, to one person for a stated purpose."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.errors import NotAllowed
from access.models import User
from access.policies import require
from access.visibility import FieldClass, field_class, may_reveal
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.events import ClientEvent
from clients.models import Account, Client, Document, Holding, Relation, Reveal
from clients.sealed import RevealSecret
from vault.files import open_file
from vault.models import SealedFile
from vault.rows import Reading, SealedModel
from vault.wraps import open_data_keys

SHOWN_SECONDS: Final = 60

PURPOSES: Final[dict[str, str | Promise]] = {
    "client_asked": _("The client asked for it"),
    "identity_check": _("To check who somebody is"),
    "contact": _("To reach the client"),
    "correction": _("To correct the record"),
    "complaint": _("To answer a complaint"),
    "transfer_case": _("To decide the client's case in a transfer"),
    "authority": _("An authority asked for it"),
}

PARTS: Final[dict[str, type[SealedModel]]] = {
    "client": Client,
    "account": Account,
    "relation": Relation,
    "holding": Holding,
    "document": Document,
}


@dataclass(frozen=True)
class Revealed:
    """A value on its way to one person, and the reading under which it was opened."""

    value: str
    event: UUID


@transaction.atomic
def reveal_field(
    *, client: Client, part: str, row: UUID, field: str, purpose: str, words: str, by: User
) -> Revealed:
    """One field in the clear. The reading stands in the log, with purpose and field, before it is opened.

    Raises:
        NotAllowed: no duty of ``by`` shows this field, or the client is another firm's.
        Refused: no purpose or words are given, or the client is parked with reveal suspended.
        ObjectDoesNotExist: the client has no such row.
    """
    name = f"{part}.{field}"
    _require(client, name, purpose, words, by)
    found = PARTS[part]._base_manager.get(pk=row)
    if found.key_subject != client.pk:
        raise NotAllowed("clients.reveal_field")
    with reading(
        actor=by,
        organisation=client.custodian_id,
        purpose=f"reveal_{purpose}",
        subjects=[client.pk],
        fields=[name],
    ) as right:
        _note(client, name, purpose, words, by, right)
        record(
            ClientEvent.FIELD_REVEALED,
            actor=by,
            subject=client,
            organisation=client.custodian_id,
            field=name,
            reason=purpose,
        )
        return Revealed(str(getattr(found.open(right), field)), right.event)


@transaction.atomic
def open_document(*, document: Document, purpose: str, words: str, by: User) -> Iterator[bytes]:
    """The bytes of a client's document; recorded like a revealed field.

    Raises:
        NotAllowed, Refused: as ``reveal_field``.
    """
    client = document.client
    _require(client, "document.id_image", purpose, words, by)
    with reading(
        actor=by,
        organisation=client.custodian_id,
        purpose=f"reveal_{purpose}",
        subjects=[client.pk],
        fields=["document.id_image"],
    ) as right:
        _note(client, "document.id_image", purpose, words, by, right)
        record(
            ClientEvent.DOCUMENT_OPENED,
            actor=by,
            subject=client,
            organisation=client.custodian_id,
            document=document.pk,
            reason=purpose,
        )
        return open_file(SealedFile.objects.get(pk=document.file), right)


def _require(client: Client, name: str, purpose: str, words: str, by: User) -> None:
    require(by, "clients.reveal_field", client)
    if purpose not in PURPOSES:
        raise Refused("reveal.purpose_missing")
    if not words.strip():
        raise Refused("reveal.words_missing")
    if client.reveal_suspended:
        raise Refused("reveal.suspended")
    if field_class(name) is FieldClass.C3 or not may_reveal(by, client, name):
        raise NotAllowed("clients.reveal_field")


def _note(client: Client, name: str, purpose: str, words: str, by: User, right: Reading) -> None:
    """Keep what the person said, sealed under the client's key."""
    key = open_data_keys([client.pk], holder=right.organisation)[client.pk]
    note = Reveal(client=client, by=by, field=name, purpose=purpose, event=right.event)
    note.seal_new(RevealSecret(words.strip()[:200]), key).save(force_insert=True)
