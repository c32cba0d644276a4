"""The one writer of the log."""

from collections.abc import Mapping
from enum import Enum
from typing import Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, models

from audit import registry
from audit.canonical import MAX_BODY, Entry, around_moment, code, facts_json, facts_of
from audit.context import UNSET, current, identity
from audit.errors import NotRecordable
from audit.models import Event
from vault.ids import new_id

LABEL: Final = 64
"""The longest label, request id and purpose, as the columns have it."""

Subject = models.Model | tuple[str, UUID]

# The moment is the database's own, between the two halves of the body, all in one statement. The
# pending mark is set by the database in the same statement (migrations/0002_append_only.py).
_INSERT: Final = """
INSERT INTO audit_event
       (id, at, type, actor, organisation, subject_type, subject, request_id, purpose, facts, body)
SELECT %s, moment, %s, %s, %s, %s, %s, %s, %s, %s::jsonb,
       %s::bytea
       || convert_to(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')
       || %s::bytea
  FROM clock_timestamp() AS clock(moment)
RETURNING at, body
"""


def record(
    event: Enum,
    *,
    actor: object | None = UNSET,
    subject: Subject,
    organisation: object | None = None,
    **facts: object,
) -> Event:
    """The event stands in the log if, and only if, the surrounding transaction commits.

    ``actor`` is a person, an id, or None for the system; left out, it is the one of ``audit.context``,
    which also gives request id and purpose. ``subject`` is a row or (label, id). Facts are codes, ids,
    whole numbers, digests, moments, and flat lists of these.

    Raises:
        NotRecordable: outside a transaction; the event is not registered; a fact may not be held.
    """
    if not connection.in_atomic_block:
        raise NotRecordable("record() belongs into the transaction of the act it records")
    if not isinstance(event, Enum) or not registry.is_registered(event.value):
        raise NotRecordable(f"{event!r} is not registered with audit.registry")
    return _write(_entry(event, actor, subject, organisation, facts))


def subject_key(subject: Subject) -> tuple[str, UUID]:
    """The label and id under which the log knows ``subject``.

    Raises:
        NotRecordable: it has no id yet, or the label is no code.
    """
    if isinstance(subject, models.Model):
        label, key = subject._meta.label_lower, identity(subject)
    else:
        label, key = code("the label of the subject", subject[0], LABEL), identity(subject[1])
    if key is None:
        raise NotRecordable("the subject has no id yet: save it first")
    return label, key


def _entry(
    event: Enum,
    actor: object | None,
    subject: Subject,
    organisation: object | None,
    facts: Mapping[str, object],
) -> Entry:
    surroundings = current()
    label, key = subject_key(subject)
    return Entry(
        id=new_id(),
        type=str(event.value),
        actor=identity(surroundings.actor if actor is UNSET else actor),
        organisation=identity(organisation),
        subject_type=label,
        subject=key,
        request_id=code("the request id", surroundings.request_id, LABEL),
        purpose=code("the purpose", surroundings.purpose, LABEL),
        facts=facts_of(facts),
    )


def _write(entry: Entry) -> Event:
    head, tail = around_moment(entry)
    if len(head) + len(tail) > MAX_BODY - len("2026-11-23T00:00:00.000000Z"):
        raise NotRecordable(f"the facts of {entry.type} are too long: keep a digest instead")
    columns = (
        entry.id,
        entry.type,
        entry.actor,
        entry.organisation,
        entry.subject_type,
        entry.subject,
        entry.request_id,
        entry.purpose,
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*columns, facts_json(entry.facts), head, tail])
        at, body = cursor.fetchone()
    names = [field.attname for field in Event._meta.concrete_fields]
    return Event.from_db(
        DEFAULT_DB_ALIAS,
        names,
        [entry.id, at, *columns[1:], entry.facts, bytes(body)],
    )
