"""The canonical bytes of an event: what is hashed, exported and compared (docs/formats/audit-leaf.md).

Invariants:
- Equal events give equal bytes; the bytes hold every column of the event.
- The bytes are ``handover-event/1``, a line feed, and a JSON object with sorted keys, without
  insignificant space, in UTF-8; with the facts that are allowed they are plain ASCII.
- Facts are codes, ids, whole numbers, digests and moments. No free text, so no name and nothing
  Chinese can enter; nothing that looks like an identity number, a telephone or an account.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

import msgspec

from audit.errors import NotRecordable

PREFIX: Final = b"handover-event/1\n"
MAX_BODY: Final = 65_535
"""The longest body, so that its length fits the two bytes before it in an export."""

MAX_CODE: Final = 200
CODE: Final = re.compile(r"[A-Za-z0-9_.:/+-]*")
FACT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
# A telephone, an identity number or an account number; dates have eight digits, digests more than twenty.
NUMBER_OF_A_PERSON: Final = re.compile(r"\+?[0-9]{9,20}[Xx]?")
# Beyond this other languages' JSON readers round (RFC 7493, section 2.2).
LARGEST_INTEGER: Final = 2**53 - 1

# Sequences to Python, but one value here.
_ONE_VALUE: Final = (str, bytes, bytearray, memoryview)

Scalar = str | int | bool | None
Facts = dict[str, Scalar | list[Scalar]]


@dataclass(frozen=True)
class Entry:
    """An event but for its moment, which the database's clock gives. Ids may come spelled out."""

    id: UUID | str
    type: str
    actor: UUID | str | None
    organisation: UUID | str | None
    subject_type: str
    subject: UUID | str
    request_id: str
    purpose: str
    facts: Facts


def around_moment(entry: Entry) -> tuple[bytes, bytes]:
    """The bytes before and after the moment, so that the database can put its own between them."""
    actor = b"null" if entry.actor is None else b'"%s"' % str(entry.actor).encode()
    rest = msgspec.json.encode(
        {
            "facts": entry.facts,
            "id": entry.id,
            "organisation": entry.organisation,
            "purpose": entry.purpose,
            "request_id": entry.request_id,
            "subject": entry.subject,
            "subject_type": entry.subject_type,
            "type": entry.type,
        },
        order="sorted",
    )
    return PREFIX + b'{"actor":' + actor + b',"at":"', b'",' + rest[1:]


def facts_json(facts: Facts) -> str:
    """The facts as canonical JSON, for the searchable column."""
    return msgspec.json.encode(facts, order="sorted").decode()


def canonical(entry: Entry, at: datetime | str) -> bytes:
    """The bytes of ``entry`` at the moment ``at``, which may come spelled out."""
    head, tail = around_moment(entry)
    return head + (at if isinstance(at, str) else moment(at)).encode() + tail


def moment(at: datetime) -> str:
    """The moment in UTC with exactly six decimals, as ``2026-11-23T08:00:00.000000Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def facts_of(given: Mapping[str, object]) -> Facts:
    """``given`` as the log keeps it: plain JSON values and flat lists of them.

    Raises:
        NotRecordable: a name or a value is not of the allowed kinds.
    """
    facts: Facts = {}
    for name, value in given.items():
        if not FACT_NAME.fullmatch(name):
            raise NotRecordable(f"{name!r} is no name of a fact")
        if isinstance(value, Sequence | set | frozenset) and not isinstance(value, _ONE_VALUE):
            members = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            facts[name] = [_scalar(name, member) for member in members]
        else:
            facts[name] = _scalar(name, value)
    return facts


def code(name: str, value: str, longest: int = MAX_CODE) -> str:
    """``value`` if it is a code; raises ``NotRecordable`` otherwise, without repeating the value."""
    if not CODE.fullmatch(value):
        raise NotRecordable(f"{name} is no code: the log holds no free text")
    if len(value) > longest:
        raise NotRecordable(f"{name} is too long: at most {longest} characters")
    return value


def _scalar(name: str, value: object) -> Scalar:
    """One plain value; the error never repeats what was refused, since it may be personal."""
    value = value.value if isinstance(value, Enum) else value
    match value:
        case None | bool():
            return value
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise NotRecordable(f"{name} is too large a number: give it as a Decimal")
            return value
        case str():
            if NUMBER_OF_A_PERSON.fullmatch(value):
                raise NotRecordable(f"{name} looks like the number of a person or an account")
            return code(name, value)
        case _:
            return code(name, _spelled(name, value))


def _spelled(name: str, value: object) -> str:
    """The spelling of ids, digests, moments, days and decimal numbers."""
    match value:
        case UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case Decimal() if value.is_finite():
            return f"{value:f}"
        case _:
            raise NotRecordable(f"{name} is a {type(value).__name__}: the log holds codes, ids and numbers")
