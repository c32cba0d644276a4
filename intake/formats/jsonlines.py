"""JSON Lines as records: the first line's names are the header, in its order.

Invariants:
- Numbers come out with the digits they were written with; names that stand twice, NaN, values within
  values, and names that the first line lacks are refused with their line.
- Only UTF-8, as the format demands; a byte order mark is tolerated.
"""

import json
from collections.abc import Iterator
from typing import IO, Any, Final, NoReturn

from intake import bounds
from intake.errors import Unreadable
from intake.pipes import RecordWriter

_LONGEST_LINE: Final = 4 * 1024**2


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def read(handle: IO[bytes], writer: RecordWriter) -> None:
    """The header as record 1 (its line is the first object's), then one record per line.

    Raises:
        Unreadable: not JSON Lines, not UTF-8, too long a line, or a value that is no simple value.
    """
    names: list[str] = []
    for number, text in _lines(handle):
        if writer.full:
            return
        row = _object(text, number)
        if not names:
            names = list(row)
            writer.put(0, "", names)
        _refuse_unknown(row, names, number)
        cells, kinds = [], []
        for place, name in enumerate(names, 1):
            text_of, kind = _cell(row.get(name), number, place)
            cells.append(text_of)
            kinds.append(kind)
        writer.put(number, "".join(kinds), cells)
    if not names:
        raise Unreadable("file.empty")


def _lines(handle: IO[bytes]) -> Iterator[tuple[int, str]]:
    number = 0
    while data := handle.readline(_LONGEST_LINE + 1):
        number += 1
        if len(data) > _LONGEST_LINE:
            raise Unreadable("file.line_too_long", line=number, limit=_LONGEST_LINE)
        if number == 1:
            data = data.removeprefix(b"\xef\xbb\xbf")
        if b"\x00" in data:
            raise Unreadable("file.nul_byte", line=number, column=data.index(b"\x00") + 1)
        try:
            text = data.decode()
        except UnicodeDecodeError as problem:
            raise Unreadable("file.encoding", line=number, column=problem.start + 1) from None
        if text.strip():
            yield number, text


def _object(text: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(
            text,
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as problem:
        raise Unreadable("file.not_json", line=number, column=problem.pos + 1) from None
    except _Twice as twice:
        raise Unreadable("file.duplicate_header", field=str(twice)[:80]) from None
    except (RecursionError, ValueError):
        raise Unreadable("file.not_json", line=number, column=1) from None
    if not isinstance(found, dict) or not found:
        raise Unreadable("file.not_json", line=number, column=1)
    if len(found) > bounds.MOST_COLUMNS:
        raise Unreadable("file.too_many_columns", line=number, limit=bounds.MOST_COLUMNS)
    return found


class _Twice(Exception):  # noqa: N818  it says what the name does
    """A name stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_unknown(row: dict[str, Any], names: list[str], number: int) -> None:
    if row.keys() <= set(names):
        return
    stranger = next(name for name in row if name not in names)
    raise Unreadable("file.new_name", field=stranger[:80], line=number)


def _cell(value: Any, line: int, column: int) -> tuple[str, str]:
    if value is None:
        return "", "t"
    if isinstance(value, _Number):
        return str(value), "n"
    if isinstance(value, str):
        return value, "t"
    if isinstance(value, bool):
        return ("true" if value else "false"), "b"
    raise Unreadable("file.nested_value", line=line, column=column)
