"""Who acts, why, and in which request: the surroundings of an event.

Invariants:
- What is set by ``acting`` holds inside its block only, in this thread or task only.
- Whatever a nested block leaves out stays as the outer block set it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID


@dataclass(frozen=True)
class Acting:
    """The surroundings: ``actor`` is a person (anything with ``pk``), an id, or None for the system."""

    request_id: str = ""
    actor: object | None = None
    purpose: str = ""


_acting: ContextVar[Acting] = ContextVar("audit_acting", default=Acting())  # noqa: B039  it is frozen


class _Unset:
    """The value of a parameter that was left out, where None means something."""


UNSET: Final = _Unset()


@contextmanager
def acting(
    *, request_id: str | UUID | None = None, actor: object | None = UNSET, purpose: str | None = None
) -> Iterator[Acting]:
    """Events recorded inside the block carry these surroundings unless they say otherwise."""
    inherited = current()
    surroundings = replace(
        inherited,
        request_id=inherited.request_id if request_id is None else str(request_id),
        actor=inherited.actor if actor is UNSET else actor,
        purpose=inherited.purpose if purpose is None else purpose,
    )
    token = _acting.set(surroundings)
    try:
        yield surroundings
    finally:
        _acting.reset(token)


def current() -> Acting:
    """The surroundings of this moment."""
    return _acting.get()


def identity(who: object | None) -> UUID | None:
    """The id of a person, organisation or row: an UUID as it is, else its ``pk``; None stays None.

    A whole number (the key of some small models) becomes the UUID of that value. Someone without
    a key, such as an anonymous visitor, is None.

    Raises:
        TypeError: ``who`` is neither.
    """
    key = getattr(who, "pk", None) if hasattr(who, "pk") else who
    if key is None or isinstance(key, UUID):
        return key
    if isinstance(key, int) and not isinstance(key, bool) and key >= 0:
        return UUID(int=key)
    raise TypeError(f"{type(who).__name__} has no id the log can hold")
