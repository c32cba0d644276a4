"""Who is a minor and who a child, by the ages of the transfer's rule pack. Pure.

Invariants:
- A person's birth date is the stated one, else the one the citizen number carries; without any, and for
  who is no person, no age is known and nobody is a minor.
- The figures are the pack's (``rules.ages``); on a day on which its rule does not apply nobody is one.
"""

import datetime
from dataclasses import dataclass
from typing import Final

from rules.ages import age_band
from rules.packs import Pack
from transfer.importing.identity import birth_date_in
from transfer.importing.records import Values

_LONGEST_LIFE: Final = 150 * 366
_NEVER: Final = datetime.date.max


@dataclass(frozen=True)
class Ages:
    """The first birth dates with which a person is still a minor, and still a child, on one day."""

    minors_from: datetime.date
    children_from: datetime.date


def ages_on(pack: Pack, day: datetime.date) -> Ages:
    """The birth dates that the pack's ages mean on ``day``."""
    return Ages(
        minors_from=_first_birth(pack, day, {"child", "minor"}),
        children_from=_first_birth(pack, day, {"child"}),
    )


def _first_birth(pack: Pack, day: datetime.date, bands: set[str]) -> datetime.date:
    """Found by halving: who is born later is never older."""
    low, high = day.toordinal() - _LONGEST_LIFE, day.toordinal() + 1
    while low < high:
        middle = (low + high) // 2
        if age_band(pack, datetime.date.fromordinal(middle), on=day) in bands:
            high = middle
        else:
            low = middle + 1
    born_today = low <= day.toordinal()
    return datetime.date.fromordinal(low) if born_today else _NEVER


def births(values: Values, count: int) -> list[datetime.date | None]:
    """Each person's birth date: as stated, else as the citizen number carries it."""
    stated = values.get("birth_date") or [None] * count
    if None not in stated:
        return stated
    numbers, types = values.get("id_number") or [""] * count, values["id_type"]
    return [
        day or (birth_date_in(number) if kind == "id_card" else None)
        for day, number, kind in zip(stated, numbers, types, strict=True)
    ]


def born_from(first: datetime.date, values: Values, births_: list[datetime.date | None]) -> list[bool]:
    """Which persons were born on ``first`` or later."""
    return [
        birth is not None and birth >= first and kind == "person"
        for kind, birth in zip(values["kind"], births_, strict=True)
    ]
