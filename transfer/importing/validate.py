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
from functools import lru_cache
from typing import Any, Final

from clients.fields import Field, Layout
from transfer.importing.columns import Amounts, without
from transfer.importing.identity import citizen_numbers_hold, credit_code_holds, residence_permits_hold
from transfer.importing.parse import BLANKS, FORBIDDEN, Fault, Table
from transfer.importing.recognise import Column

LONG_TERM: Final = datetime.date(9999, 12, 31)
_TEXT_BLANKS: Final = BLANKS.replace("\t", "")
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,20}(\.\d{1,10})?", re.ASCII)
_GROUPED: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d{1,10})?", re.ASCII)
# A whole column of numbers that are written as they are stored: no needless zero in front.
_PLAIN_NUMBERS: Final = re.compile(r"(?:(?:-?(?:0|[1-9]\d{0,19})(?:\.\d{1,10})?)?\n)*", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})", re.ASCII)
_LONG_TERM_WORDS: Final = frozenset({"长期", "永久", "99991231", "99991230", "9999-12-31", "9999-12-30"})

Errors = dict[int, tuple[int, str]]
"""Per row the place of the column and the code of its fault."""

Bad = dict[int, str]
"""Per row of one column the code of its fault."""


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
    look_at = table.to_look_at()
    for place, column in enumerate(columns):
        cells = table.columns[place]
        _refuse_characters(cells, place, errors, look_at)
        _refuse_long(cells, place, errors, limit if table.longest is None or table.longest > limit else None)
        item = layout.by_name.get(column.field)
        if item is None:
            parsed[column.field or f"#{place}"] = cells
            continue
        values, bad = _PARSERS[item.parse](cells, item, look_at)
        for row, code in bad.items():
            errors.setdefault(row, (place, code))
        _refuse_missing(cells, item, place, errors, look_at)
        if item.parse == "code" and item.name in widths:
            _refuse_short(values, widths[item.name], item, place, errors)
        if item.sums:
            readable = [row[place] for row in table.refused.values() if len(row) > place]
            spoiled, _ = _numbers(readable, item, range(len(readable)))
            sums[item.heading] = sum(filter(None, [*values, *spoiled]), Decimal(0))
        parsed[item.name] = values
    _check_identities(parsed, columns, errors)
    return _standing(table, parsed, errors, sums)


def _standing(
    table: Table, parsed: dict[str, list[Any]], errors: Errors, sums: dict[str, Decimal]
) -> Checked:
    faults = [*table.faults, *(Fault(table.lines[row], place, code) for row, (place, code) in errors.items())]
    if not errors:
        return Checked(table.lines, parsed, faults, sums)
    values = {name: without(column, errors) for name, column in parsed.items()}
    return Checked(without(table.lines, errors), values, faults, sums)


def _refuse_characters(cells: list[str], place: int, errors: Errors, look_at: Sequence[int]) -> None:
    """Control and direction-changing characters."""
    for row in look_at:
        if FORBIDDEN.search(cells[row]):
            errors.setdefault(row, (place, "control_character"))


def _refuse_long(cells: list[str], place: int, errors: Errors, limit: int | None) -> None:
    """Cells longer than any field may be; no limit where the whole line is shorter."""
    if limit is None or max(map(len, cells), default=0) <= limit:
        return
    for row, cell in enumerate(cells):
        if len(cell) > limit:
            errors.setdefault(row, (place, "too_long"))


def _refuse_missing(
    cells: list[str], item: Field, place: int, errors: Errors, look_at: Sequence[int]
) -> None:
    if not item.required:
        return
    empty = [] if all(cells) else [row for row, cell in enumerate(cells) if not cell]
    for row in (*empty, *(row for row in look_at if not cells[row].strip(BLANKS))):
        errors.setdefault(row, (place, "required_missing"))


def _refuse_short(values: list[str], width: int, item: Field, place: int, errors: Errors) -> None:
    """A key of digits that is shorter than its neighbours has lost zeros at its front."""
    if item.name not in KEYS_OF_ONE_WIDTH or min(map(len, values), default=width) >= width:
        return
    for row, value in enumerate(values):
        if len(value) < width and value.isdigit():
            errors.setdefault(row, (place, "leading_zero_lost"))


KEYS_OF_ONE_WIDTH: Final = frozenset({"client_no", "code"})


def _stripped(cells: list[str], blanks: str, look_at: Sequence[int]) -> list[str]:
    """The cells without blanks at their ends; the same list where none had any."""
    differing = {row: text for row in look_at if (text := cells[row].strip(blanks)) != cells[row]}
    if not differing:
        return cells
    values = cells.copy()
    for row, text in differing.items():
        values[row] = text
    return values


def _texts(cells: list[str], _item: Field, look_at: Sequence[int]) -> tuple[list[str], Bad]:
    return _stripped(cells, _TEXT_BLANKS, look_at), {}


def _codes(cells: list[str], _item: Field, look_at: Sequence[int]) -> tuple[list[str], Bad]:
    values = _stripped(cells, BLANKS, look_at)
    letters = "".join(values)
    if "E" not in letters and "e" not in letters:
        return values, {}
    bad = {
        row: "scientific_notation"
        for row, value in enumerate(values)
        if ("E" in value or "e" in value) and _SCIENTIFIC.fullmatch(value)
    }
    return values, bad


def _identities(cells: list[str], item: Field, look_at: Sequence[int]) -> tuple[list[str], Bad]:
    values, bad = _codes(cells, item, look_at)
    # One credit code in some ten thousand is digits around a single E: its own check says that it is whole.
    bad = {row: code for row, code in bad.items() if not credit_code_holds(values[row].upper())}
    letters = "".join(values)
    return (values if letters.upper() == letters else [value.upper() for value in values]), bad


def _numbers(cells: list[str], _item: Field, look_at: Sequence[int]) -> tuple[Amounts, Bad]:
    values = _stripped(cells, BLANKS, look_at)
    lines = "\n".join(values) + "\n"
    if lines.count("\n") == len(values) and _PLAIN_NUMBERS.fullmatch(lines):
        return Amounts((Decimal(text) if text else None for text in values), values), {}
    read = list(map(_number, values))
    bad = {row: value for row, value in enumerate(read) if isinstance(value, str)}
    return Amounts([None if isinstance(value, str) else value for value in read]), bad


def _number(text: str) -> Decimal | str | None:
    """The number a text says, None for no text; else the code of what is wrong with it."""
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    if _GROUPED.fullmatch(text):
        return Decimal(text.replace(",", ""))
    return "scientific_notation" if _SCIENTIFIC.fullmatch(text) else "number_invalid"


_WRONG: Final = object()


@lru_cache(maxsize=32_768)
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


def _parsed(cells: list[str], read: Callable[[str], Any], code: str) -> tuple[list[Any], Bad]:
    """Each text that occurs is read once."""
    distinct = set(cells)
    known = dict(zip(distinct, map(read, distinct), strict=True))
    values = [known[cell] for cell in cells]
    if type(_WRONG) not in set(map(type, known.values())):
        return values, {}
    return values, {row: code for row, value in enumerate(values) if value is _WRONG}


def _dates(cells: list[str], _item: Field, look_at: Sequence[int]) -> tuple[list[Any], Bad]:
    return _parsed(_stripped(cells, BLANKS, look_at), _day, "date_invalid")


def _expiries(cells: list[str], _item: Field, look_at: Sequence[int]) -> tuple[list[Any], Bad]:
    return _parsed(_stripped(cells, BLANKS, look_at), _expiry, "date_invalid")


def _choices(cells: list[str], item: Field, look_at: Sequence[int]) -> tuple[list[Any], Bad]:
    words = {"": "", **dict(item.choices)}
    return _parsed(_stripped(cells, BLANKS, look_at), lambda text: words.get(text, _WRONG), "value_unknown")


_PARSERS: Final[dict[str, Callable[[list[str], Field, Sequence[int]], tuple[list[Any], Bad]]]] = {
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
    for type_, (hold, code) in _RULES_BY_TYPE.items():
        rows = [row for row, kind in enumerate(types) if kind == type_ and numbers[row]]
        for row, fine in zip(rows, hold([numbers[row] for row in rows]), strict=True):
            if not fine:
                _note(errors, row, place, code)


_RULES_BY_TYPE: Final[dict[str, tuple[Callable[[list[str]], list[bool]], str]]] = {
    "id_card": (citizen_numbers_hold, "id_checksum"),
    "residence_permit": (residence_permits_hold, "id_checksum"),
    "uscc": (lambda codes: list(map(credit_code_holds, codes)), "uscc_checksum"),
}


def _note(errors: Errors, row: int, place: int, code: str) -> None:
    """Keep the fault whose column comes first."""
    if row not in errors or errors[row][0] > place:
        errors[row] = (place, code)
