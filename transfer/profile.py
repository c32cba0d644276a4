"""Figures of a book in which nobody can be singled out. Pure.

Invariants:
- A group of fewer than ``LEAST`` clients is never shown, and never follows from the others: where the groups
  left out together hold fewer than ``LEAST``, or only one is left out, the next smallest is left out too.
- A sum is shown for at least ``LEAST`` clients, only if no one of them makes up half of it, and rounded to
  three figures.
- Two profiles of one book never differ by fewer than ``LEAST`` clients in any figure.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

LEAST: Final = 10
DIGITS: Final = 3

Groups = dict[str, int | None]


def suppressed(counts: Mapping[str, int]) -> Groups:
    """The groups with small ones left out (none in place of the figure), so that none follows from the rest."""
    shown = {name: count for name, count in counts.items() if count}
    hidden = [name for name, count in shown.items() if count < LEAST]
    rest = sorted((count, name) for name, count in shown.items() if count >= LEAST)
    while hidden and rest and (len(hidden) < 2 or sum(shown[name] for name in hidden) < LEAST):
        hidden.append(rest.pop(0)[1])
    return {name: None if name in hidden else count for name, count in sorted(shown.items())}


def safe_sum(total: Decimal, *, clients: int, largest: Decimal) -> str | None:
    """The sum in three figures; none where it could say something about one client."""
    if clients < LEAST or total <= 0 or largest * 2 > total:
        return None
    return f"{total:.{DIGITS - 1}E}" if total >= 10**DIGITS else str(int(total))


def too_close(before: object, after: object) -> bool:
    """True when any count of two profiles differs by some clients but fewer than ``LEAST``."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return any(too_close(before.get(name), after.get(name)) for name in {*before, *after})
    if isinstance(before, int) and isinstance(after, int):
        return 0 < abs(before - after) < LEAST
    # A group that appears or disappears has crossed the limit by who knows how few.
    return (before is None) != (after is None)
