"""Who saw a client, what happened to it, and in whose custody it was; nothing here opens anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from audit.events import AuditEvent
from audit.models import Event, Leaf
from audit.queries import events_of
from clients.events import ClientEvent, CustodyEvent, NoticeEvent
from clients.labels import label_of
from clients.models import Client, CustodyMember, CustodyMove
from clients.services.custody import acceptance_bytes, release_bytes
from clients.services.reveal import PURPOSES
from vault.errors import VaultError
from vault.signing import signer, verify

SHOWN: Final = 50

READS: Final[dict[str, str | Promise]] = {
    "show_record": gettext_lazy("opened the record, masked"),
    "search_client": gettext_lazy("found it by exact search"),
    "list_clients": gettext_lazy("saw it in a list, masked"),
    "match_clients": gettext_lazy("compared identity numbers of both firms"),
    "compare_banks": gettext_lazy("compared its banks"),
    "load_import": gettext_lazy("loaded it"),
}

ACTS: Final[dict[str, str | Promise]] = {
    ClientEvent.CHANGED: gettext_lazy("changed the record"),
    ClientEvent.FIELD_REVEALED: gettext_lazy("revealed a field"),
    ClientEvent.DOCUMENT_OPENED: gettext_lazy("opened a document"),
    CustodyEvent.RELEASED: gettext_lazy("released it"),
    CustodyEvent.ACCEPTED: gettext_lazy("accepted it"),
    NoticeEvent.OBJECTION_ENTERED: gettext_lazy("entered an objection"),
    NoticeEvent.OBJECTION_DECIDED: gettext_lazy("decided an objection"),
}


@dataclass(frozen=True)
class Signature:
    """One of the two signatures under a move, checked now with the key kept here."""

    organisation: str
    at: datetime | None
    text: str
    holds: bool


@dataclass(frozen=True)
class Move:
    """One passage of the client from one firm to another."""

    move: CustodyMove
    signatures: list[Signature]


def log_address(event: Event) -> str:
    """Where the log shows this event."""
    return f"/audit/{event.pk}/"


def drawer_of(client: Client, reader: User) -> dict[str, Any]:
    """What ``parts/drawer.html`` shows: acts on the client, and everybody who opened it alone."""
    events = list(events_of(client)[: 2 * SHOWN])
    people = _people({event.actor for event in events if event.actor}, reader)
    numbers = dict(Leaf.objects.filter(event__in=events).values_list("event_id", "index"))
    seen = [event for event in events if event.type == AuditEvent.DATA_READ]
    done = [event for event in events if event.type != AuditEvent.DATA_READ]
    return {
        "id": "record",
        "title": _("History of this client"),
        "entries": [
            {
                "at": event.at,
                "who": _who(event, people),
                "what": _what(event),
                "number": numbers.get(event.pk),
                "url": log_address(event),
            }
            for event in done[:SHOWN]
        ],
        "seen_by": [
            {"at": event.at, "who": _who(event, people), "purpose": purpose_of(event)}
            for event in seen[:SHOWN]
        ],
    }


def purpose_of(event: Event) -> str:
    """Why somebody opened something, in the reader's words; with the fields, when it was a reveal."""
    code = event.purpose
    if code.startswith("reveal_"):
        fields = ", ".join(
            str(label_of(str(name).rpartition(".")[2])) for name in event.facts.get("fields", [])
        )
        purpose = PURPOSES.get(code.removeprefix("reveal_"), code)
        return _("%(purpose)s: %(fields)s") % {"purpose": purpose, "fields": fields}
    return str(READS.get(code, code.replace("_", " ")))


def _what(event: Event) -> str:
    return str(ACTS.get(event.type, event.type))


def _people(ids: set[UUID], reader: User) -> dict[UUID, str]:
    """Names within the reader's own house; of others the organisation only."""
    people = User.objects.filter(pk__in=ids).select_related("organisation")
    return {
        person.pk: person.name
        if person.organisation_id == reader.organisation_id
        else person.organisation.name
        for person in people
    }


def _who(event: Event, people: dict[UUID, str]) -> str:
    return people.get(event.actor, _("somebody")) if event.actor else _("the system")


def moves_of(client: Client) -> list[Move]:
    """Every move of this client, oldest first, with both signatures checked."""
    members = CustodyMember.objects.filter(client=client).select_related("move__giver", "move__taker")
    return [_checked(member.move) for member in members.order_by("move__released_at")]


def _checked(move: CustodyMove) -> Move:
    signatures = [
        Signature(
            move.giver.name,
            move.released_at,
            bytes(move.release_signature).hex(),
            _holds(move.giver_id, release_bytes(move), bytes(move.release_signature)),
        )
    ]
    if move.acceptance_signature:
        signatures.append(
            Signature(
                move.taker.name,
                move.accepted_at,
                bytes(move.acceptance_signature).hex(),
                _holds(move.taker_id, acceptance_bytes(move), bytes(move.acceptance_signature)),
            )
        )
    return Move(move, signatures)


def _holds(owner: UUID, statement: bytes, signature: bytes) -> bool:
    try:
        verify(signer("custody", owner).public, statement, signature)
    except VaultError:
        return False
    return True
