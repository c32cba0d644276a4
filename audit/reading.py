"""The right to open sealed rows, given only after the reading stands in the log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from audit.context import acting, identity
from audit.events import AuditEvent
from audit.models import Event
from audit.services import record
from audit.tree import root_of_set
from vault.rows import Reading
from vault.wraps import CUSTODY

ONE: Final = "vault.subject"
"""The label of a reading of one subject, whose id is plain in the event."""

MANY: Final = "vault.subjects"
"""The label of a reading of several; the id is that of the organisation whose wraps are used."""


@contextmanager
def reading(
    *,
    actor: object | None,
    organisation: UUID,
    purpose: str,
    subjects: Iterable[UUID],
    fields: Sequence[str] = (),
    wraps: str = CUSTODY,
) -> Iterator[Reading]:
    """Gives the right to open what is sealed for ``subjects``, as ``organisation``, for ``purpose``.

    One event is recorded first, and committed before the block begins unless a transaction is open
    already: then it commits with that. The event holds count and Merkle root of the ids (of one
    subject the id itself) and the names of the fields. ``wraps`` names the purpose of the wraps that
    are to open: custody, or archive for the retention officer of a surviving transferor.

    Raises:
        NotRecordable: purpose or a field is no code; nothing can be opened then.
    """
    wanted = frozenset(subjects)
    event = _record(actor, organisation, purpose, wanted, {"fields": list(fields), "wraps": wraps})
    yield Reading(
        actor=identity(actor),
        organisation=organisation,
        purpose=purpose,
        subjects=wanted,
        event=event.id,
        wraps=wraps,
    )


def _record(
    actor: object | None,
    organisation: UUID,
    purpose: str,
    wanted: frozenset[UUID],
    facts: Mapping[str, object],
) -> Event:
    one = next(iter(wanted)) if len(wanted) == 1 else None
    root = {} if one is not None else {"subjects_root": root_of_set(subject.bytes for subject in wanted)}
    own_transaction = nullcontext() if connection.in_atomic_block else transaction.atomic()
    with own_transaction, acting(purpose=purpose):
        return record(
            AuditEvent.DATA_READ,
            actor=actor,
            subject=(MANY, organisation) if one is None else (ONE, one),
            organisation=organisation,
            count=len(wanted),
            **root,
            **facts,
        )
