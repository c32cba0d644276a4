"""Retention minimums: of several laws the one that keeps longest wins.

Invariants:
- A minimum runs from the latest of its starting events; while one of them has not happened it does not
  run, and nothing may be destroyed under it.
- The winner is the minimum that ends last, not the one with the largest figure: ten years from the end
  of the relationship can outlast twenty from an early record.
- Statutes and our own recommendations compete alike, and the answer says which it was.
"""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from rules.deadlines import add
from rules.packs import Pack
from rules.schema import Category, Nature, Retention, Text


class Minimum(Struct, frozen=True):
    """Until when one rule has a category kept; `until` is none while the time has not begun to run."""

    rule_id: str
    citation: Text
    category: Category
    duration: int
    calendar: str
    starts: tuple[str, ...]
    nature: Nature
    until: date | None


def minimums(pack: Pack, category: Category, events: Mapping[str, date], *, on: date) -> tuple[Minimum, ...]:
    """Return every minimum in force for the category, the longest first.

    `events` maps starting events (account_closed, record_created, relationship_ended, trade_made) to the
    days they happened; one that is missing has not happened.
    """
    found = [
        Minimum(
            rule.id,
            rule.citation,
            category,
            entry.duration,
            entry.calendar,
            entry.starts,
            entry.nature,
            _until(pack, entry, events),
        )
        for rule in pack.in_force(on)
        for entry in rule.retention
        if entry.category == category
    ]
    return tuple(sorted(found, key=lambda each: (each.until is None, each.until or on), reverse=True))


def longest_minimum(
    pack: Pack, category: Category, events: Mapping[str, date], *, on: date
) -> Minimum | None:
    """Return the minimum that keeps the category longest, none if no rule in force keeps it at all."""
    found = minimums(pack, category, events, on=on)
    return found[0] if found else None


def _until(pack: Pack, entry: Retention, events: Mapping[str, date]) -> date | None:
    if any(start not in events for start in entry.starts):
        return None
    return add(pack, max(events[start] for start in entry.starts), entry.duration, entry.calendar)
