"""Whether each cell says something a field may say. Pure, a column at a time.

Invariants:
- A value is never repaired: it is accepted as written (blanks at its ends apart) or its line is refused.
- Codes are text. A code that went through a spreadsheet (scientific notation, a lost leading zero) is
  recognised and refused, not restored.
- A line has one fault: the first in the order of the header's columns.
"""

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from clients.fields import Field, Layout
from transfer.importing.identity import citizen_numbers_hold, credit_code_holds, residence_permit_holds
from transfer.importing.parse import Fault, Table
from transfer.importing.recognise import Column

LONG_TERM: Final = datetime.date(9999, 12, 31)
_BLANKS: Final = " \u3000\u00a0"
_CODE_BLANKS: Final = " \u3000\u00a0\t"
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,20}(\.\d{1,10})?", re.ASCII)
_GROUPED: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d{1,10})?", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})", re.ASCII)
_LONG_TERM_WORDS: Final = frozenset({"长期", "永久", "99991231", "99991230", "9999-12-31", "9999-12-30"})

Errors = dict[int, tuple[int, str]]


@dataclass
class Checked:
    """The records that stand: their lines and, per canonical field, their parsed values."""

    lines: list[int]
    values: dict[str, list[Any]]
    faults: list[Fault]
    sums: dict[str, Decimal] = field(default_factory=dict)


def check(
    table: Table, columns: Sequence[Column], layout: Layout, *, widths: dict[str, int], limit: int
) -> Checked:
    """Parse and check every column. ``sums`` adds up the summed columns over every number that can be
    read, on refused lines too: that is what a source system declares.
    """
    errors: Errors = {}
    parsed: dict[str, list[Any]] = {}
    sums: dict[str, Decimal] = {}
    for place, column in enumerate(columns):
        cells = table.columns[place]
        _refuse_characters(cells, place, errors, limit)
        item = layout.by_name.get(column.field)
        if item is None:
            parsed[column.field or f"#{place}"] = cells
            continue
        values, bad = _PARSERS[item.parse](cells, item)
        for row, code in bad.items():
            errors.setdefault(row, (place, code))
        _refuse_missing(cells, item, place, errors)
        if item.parse == "code" and item.name in widths:
            _refuse_short(values, widths[item.name], item, place, errors)
        if item.sums:
            spoiled, _ = _numbers([row[place] for row in table.refused.values() if len(row) > place], item)
            sums[item.heading] = sum(
                (value for value in [*values, *spoiled] if value is not None), Decimal(0)
            )
        parsed[item.name] = values
    _check_identities(parsed, columns, errors)
    return _standing(table, parsed, errors, sums)


def _standing(
    table: Table, parsed: dict[str, list[Any]], errors: Errors, sums: dict[str, Decimal]
) -> Checked:
    faults = [*table.faults, *(Fault(table.lines[row], place, code) for row, (place, code) in errors.items())]
    if not errors:
        return Checked(table.lines, parsed, faults, sums)
    keep = [row not in errors for row in range(len(table.lines))]
    lines = [line for line, fine in zip(table.lines, keep, strict=True) if fine]
    values = {
        name: [value for value, fine in zip(column, keep, strict=True) if fine]
        for name, column in parsed.items()
    }
    return Checked(lines, values, faults, sums)


def _refuse_characters(cells: list[str], place: int, errors: Errors, limit: int) -> None:
    """Control and direction-changing characters, and cells longer than any field may be."""
    if _FORBIDDEN.search("".join(cells)):
        for row, cell in enumerate(cells):
            if _FORBIDDEN.search(cell):
                errors.setdefault(row, (place, "control_character"))
    if cells and max(map(len, cells)) > limit:
        for row, cell in enumerate(cells):
            if len(cell) > limit:
                errors.setdefault(row, (place, "too_long"))


def _refuse_missing(cells: list[str], item: Field, place: int, errors: Errors) -> None:
    if not item.required:
        return
    for row, cell in enumerate(cells):
        if not cell.strip(_CODE_BLANKS):
            errors.setdefault(row, (place, "required_missing"))


def _refuse_short(values: list[str], width: int, item: Field, place: int, errors: Errors) -> None:
    """A key of digits that is shorter than its neighbours has lost zeros at its front."""
    if item.name not in KEYS_OF_ONE_WIDTH:
        return
    for row, value in enumerate(values):
        if len(value) < width and value.isdigit():
            errors.setdefault(row, (place, "leading_zero_lost"))


KEYS_OF_ONE_WIDTH: Final = frozenset({"client_no", "code"})


def _texts(cells: list[str], _item: Field) -> tuple[list[str], dict[int, str]]:
    return [cell.strip(_BLANKS) for cell in cells], {}


def _codes(cells: list[str], _item: Field) -> tuple[list[str], dict[int, str]]:
    values = [cell.strip(_CODE_BLANKS) for cell in cells]
    bad = {
        row: "scientific_notation"
        for row, value in enumerate(values)
        if ("E" in value or "e" in value) and _SCIENTIFIC.fullmatch(value)
    }
    return values, bad


def _identities(cells: list[str], item: Field) -> tuple[list[str], dict[int, str]]:
    values, bad = _codes(cells, item)
    return [value.upper() for value in values], bad


def _numbers(cells: list[str], _item: Field) -> tuple[list[Decimal | None], dict[int, str]]:
    values: list[Decimal | None] = []
    bad: dict[int, str] = {}
    for row, cell in enumerate(cells):
        text = cell.strip(_CODE_BLANKS)
        if not text:
            values.append(None)
        elif _NUMBER.fullmatch(text):
            values.append(Decimal(text))
        elif _GROUPED.fullmatch(text):
            values.append(Decimal(text.replace(",", "")))
        else:
            values.append(None)
            bad[row] = "scientific_notation" if _SCIENTIFIC.fullmatch(text) else "number_invalid"
    return values, bad


def _memoised(cells: list[str], read: Callable[[str], Any]) -> list[Any]:
    known = {cell: read(cell.strip(_CODE_BLANKS)) for cell in set(cells)}
    return [known[cell] for cell in cells]


_WRONG: Final = object()


def _day(text: str) -> Any:
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if match is None:
        return _WRONG
    try:
        return datetime.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return _WRONG


def _expiry(text: str) -> Any:
    return LONG_TERM if text in _LONG_TERM_WORDS else _day(text)


def _parsed(cells: list[str], read: Callable[[str], Any], code: str) -> tuple[list[Any], dict[int, str]]:
    values = _memoised(cells, read)
    return values, {row: code for row, value in enumerate(values) if value is _WRONG}


def _dates(cells: list[str], _item: Field) -> tuple[list[Any], dict[int, str]]:
    return _parsed(cells, _day, "date_invalid")


def _expiries(cells: list[str], _item: Field) -> tuple[list[Any], dict[int, str]]:
    return _parsed(cells, _expiry, "date_invalid")


def _choices(cells: list[str], item: Field) -> tuple[list[Any], dict[int, str]]:
    words = {"": "", **dict(item.choices)}
    return _parsed(cells, lambda text: words.get(text, _WRONG), "value_unknown")


_PARSERS: Final[dict[str, Callable[[list[str], Field], tuple[list[Any], dict[int, str]]]]] = {
    "text": _texts,
    "code": _codes,
    "identity": _identities,
    "number": _numbers,
    "date": _dates,
    "expiry": _expiries,
    "choice": _choices,
}


def _check_identities(parsed: dict[str, list[Any]], columns: Sequence[Column], errors: Errors) -> None:
    """The number must hold for the type of document that stands beside it."""
    if "id_number" not in parsed or "id_type" not in parsed:
        return
    place = next(at for at, column in enumerate(columns) if column.field == "id_number")
    numbers, types = parsed["id_number"], parsed["id_type"]
    citizens = [row for row, kind in enumerate(types) if kind == "id_card" and numbers[row]]
    holds = citizen_numbers_hold([numbers[row] for row in citizens])
    for row, fine in zip(citizens, holds, strict=True):
        if not fine:
            _note(errors, row, place, "id_checksum")
    for row, kind in enumerate(types):
        if kind == "residence_permit" and numbers[row] and not residence_permit_holds(numbers[row]):
            _note(errors, row, place, "id_checksum")
        elif kind == "uscc" and numbers[row] and not credit_code_holds(numbers[row]):
            _note(errors, row, place, "uscc_checksum")


def _note(errors: Errors, row: int, place: int, code: str) -> None:
    """Keep the fault whose column comes first."""
    if row not in errors or errors[row][0] > place:
        errors[row] = (place, code)
