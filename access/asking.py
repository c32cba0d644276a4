"""A person's duties, read once for a reading and anew for every act.

Invariants:
- Only inside ``asked_once`` is anything remembered, and only until its block ends, in this thread or task.
- Acts are never inside: they ask after they hold their locks, so a duty that ended meanwhile no longer counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from access.duties import Duty

_remembered: ContextVar[dict[UUID, frozenset[Duty]] | None] = ContextVar("access_duties", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, the duties of each person are read once; for pages that show and for searches."""
    token = _remembered.set({} if _remembered.get() is None else _remembered.get())
    try:
        yield
    finally:
        _remembered.reset(token)


def remembered(person: UUID) -> frozenset[Duty] | None:
    """What was read of this person within the surrounding block; None when nothing was."""
    known = _remembered.get()
    return None if known is None else known.get(person)


def remember(person: UUID, duties: frozenset[Duty]) -> frozenset[Duty]:
    """``duties``, which the surrounding block knows from now on; outside any block nothing is kept."""
    known = _remembered.get()
    if known is not None:
        known[person] = duties
    return duties
