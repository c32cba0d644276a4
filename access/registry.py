"""Which duty may do what: one table, to which every room adds its own permissions at start.

Invariants:
- A permission is "room.verb_noun" and is declared once; declaring it anew with other duties is an error.
- A permission nobody declared belongs to no duty, so it is refused to everybody.
"""

import re
from collections.abc import Iterable, Mapping

from access.duties import Duty

_SHAPE = re.compile(r"[a-z]+\.[a-z][a-z_]*")
_table: dict[str, frozenset[Duty]] = {}


def grant_to_duties(permissions: Mapping[str, Iterable[Duty | str]]) -> None:
    """Declare permissions and the duties that carry them. Called from a room's ``ready()``.

    Raises:
        ValueError: a name is not "room.verb_noun", a duty does not exist, or the permission is
            declared already with other duties.
    """
    for permission, duties in permissions.items():
        if not _SHAPE.fullmatch(permission):
            raise ValueError(f"{permission!r} is not of the form room.verb_noun")
        wanted = frozenset(Duty(duty) for duty in duties)
        if _table.get(permission, wanted) != wanted:
            raise ValueError(f"{permission} is declared already with other duties")
        _table[permission] = wanted


def duties_for(permission: str) -> frozenset[Duty]:
    """The duties that carry this permission; none for one that nobody declared."""
    return _table.get(permission, frozenset())


def declared() -> frozenset[str]:
    """Every permission declared so far."""
    return frozenset(_table)


def permissions_of(duty: Duty) -> frozenset[str]:
    """Everything this duty permits, for the page that shows a person what a duty means."""
    return frozenset(permission for permission, duties in _table.items() if duty in duties)
