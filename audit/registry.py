"""Which events exist.

Invariants:
- ``services.record`` accepts only members of a registered enum.
- A value has the form ``room.thing_acted`` and belongs to one enum only.
"""

import re
from enum import StrEnum
from typing import Final, TypeVar

from django.utils.functional import Promise

VALUE: Final = re.compile(r"[a-z]+(\.[a-z][a-z0-9_]*)+")
MAX_LENGTH: Final = 64

_members: dict[str, StrEnum] = {}
Events = TypeVar("Events", bound=type[StrEnum])


def register_events(enum_class: Events) -> Events:
    """A decorator: the members of ``enum_class`` may be recorded afterwards.

    Members of a ``TextChoices`` carry a label for people; others are shown by their value.

    Raises:
        ValueError: a value is malformed, too long, or another enum has it already.
    """
    for member in enum_class:
        value = member.value
        if not VALUE.fullmatch(value) or len(value) > MAX_LENGTH:
            raise ValueError(f"{value!r} is no event type: write room.thing_acted")
        known = _members.get(value)
        if known is not None and type(known).__qualname__ != enum_class.__qualname__:
            raise ValueError(f"{value!r} is registered already by {type(known).__qualname__}")
    _members.update({member.value: member for member in enum_class})
    return enum_class


def is_registered(event: str) -> bool:
    """Whether ``event`` may be recorded."""
    return str(event) in _members


def types() -> list[str]:
    """Every registered event type, sorted."""
    return sorted(_members)


def label(event: str) -> str | Promise:
    """The event in words, in the reader's language where its room gave it a label; else its value."""
    member = _members.get(str(event))
    found: str | Promise = getattr(member, "label", str(event))
    return found
