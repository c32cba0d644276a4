"""A workbook's first sheet as records, by calamine; and where its formulas are.

Invariants:
- Text cells are taken as they are; numbers, dates, truth values, errors and formulas are marked as such.
- A record's number is the sheet's row.
- XML that declares a document type or an entity, or is not UTF-8, is refused before it is parsed.
- In old workbooks (BIFF) a formula cannot be told from its stored result, which is what is read.
"""

import datetime
import re
import zipfile
from array import array
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import IO, Any, Final

from python_calamine import CalamineError, CalamineWorkbook, ZipError

from intake import bounds
from intake.errors import Unreadable
from intake.formats.archive import open_archive, pieces
from intake.pipes import RecordWriter

_CELL_OR_FORMULA: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"|<(?:\w+:)?f[\s/>]')
# What a formula's element begins with, with or without a prefix; looked for before any parsing.
_FORMULA_MARKS: Final = tuple(
    lead + end for lead in (b"<f", b":f") for end in (b">", b" ", b"/", b"\n", b"\t", b"\r")
)
_FAR_COLUMN: Final = re.compile(rb'\br="([A-Z]{3})\d')
_SHEET_PATH: Final = re.compile(rb'Target="/?(?:xl/)?(worksheets/[^"]+)"')
_FORBIDDEN_XML: Final = (b"<!DOCTYPE", b"<!ENTITY")
_ROWS: Final = 1_048_576
_OVERLAP: Final = 64 * 1024


def read(handle: IO[bytes], writer: RecordWriter, *, is_old: bool, most: int = 0) -> None:
    """The rows of the first sheet, from its first used row.

    Raises:
        Unreadable: the workbook is broken, empty, unsafe, or larger than a reading may be.
    """
    formulas = array("H") if is_old else _formulas(handle, most)
    handle.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(handle)
        if not book.sheet_names:
            raise Unreadable("file.empty")
        sheet = book.get_sheet_by_index(0)
    except (CalamineError, ZipError, OSError, ValueError):
        raise Unreadable("file.truncated", line="end") from None
    if sheet.start is None:
        raise Unreadable("file.empty")
    first_row, first_column = sheet.start
    margin = [""] * first_column
    rows = islice(sheet.iter_rows(), first_row, most + first_row if most else None)
    for number, cells in enumerate(rows, first_row + 1):
        texts, kinds = _texts(margin + cells if margin else cells)
        if number < len(formulas) and formulas[number]:
            kinds = _with_formula(kinds, formulas[number] - 1)
        if any(texts):
            writer.put(number, kinds, texts)


def _texts(cells: list[Any]) -> tuple[list[str], str]:
    texts, kinds, plain = [], [], True
    for cell in cells:
        if isinstance(cell, str):
            texts.append(cell)
            kinds.append("t")
        else:
            plain = False
            text, kind = _plain(cell)
            texts.append(text)
            kinds.append(kind)
    return texts, "" if plain else "".join(kinds)


def _plain(cell: Any) -> tuple[str, str]:
    if isinstance(cell, bool):
        return str(cell), "b"
    if isinstance(cell, datetime.datetime | datetime.date):
        return cell.strftime("%Y%m%d"), "d"
    if isinstance(cell, float):
        return (str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")), "n"
    return str(cell), "n"


def _with_formula(kinds: str, place: int) -> str:
    letters = list(kinds.ljust(place + 1, "t"))
    letters[place] = "f"
    return "".join(letters)


def _formulas(handle: IO[bytes], most: int) -> "array[int]":
    """Per sheet row the place of its first formula, counted from 1; read from the sheet's own XML.

    Raises:
        Unreadable: the XML declares entities, is not UTF-8, or uses a larger area than may be read.
    """
    with open_archive(handle) as archive:
        for part in (
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/sharedStrings.xml",
            "xl/styles.xml",
        ):
            _refuse_unsafe_xml(next(pieces(archive, part), b""))
        return _scan(pieces(archive, _first_sheet_path(archive)), most)


def _refuse_unsafe_xml(head: bytes) -> None:
    if any(mark in head[:_OVERLAP] for mark in _FORBIDDEN_XML):
        raise Unreadable("file.archive_unsafe", name="entities")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head[:4]:
        raise Unreadable("file.archive_unsafe", name="encoding")


def _scan(stream: Iterator[bytes], most: int) -> "array[int]":
    found = array("H", bytes(2 * (min(most or _ROWS, _ROWS) + 2)))
    tail = b""
    for block in stream:
        if not tail:
            _refuse_unsafe_xml(block)
        data = tail + block
        if any(mark in data for mark in _FORMULA_MARKS):
            _note_formulas(data, found)
        if any(_place(letters) >= bounds.MOST_COLUMNS for letters in _FAR_COLUMN.findall(data)):
            raise Unreadable("file.too_many_columns", line=1, limit=bounds.MOST_COLUMNS)
        tail = data[-_OVERLAP:]
    return found


def _note_formulas(data: bytes, found: "array[int]") -> None:
    row = place = 0
    for match in _CELL_OR_FORMULA.finditer(data):
        if match[1]:
            row, place = int(match[2]), _place(match[1]) + 1
        elif 0 < row < len(found) and not found[row]:
            found[row] = place


def _first_sheet_path(archive: zipfile.ZipFile) -> str:
    """The part named by the first sheet; where the relations are unusual, the usual one."""
    book = b"".join(pieces(archive, "xl/workbook.xml"))
    links = b"".join(pieces(archive, "xl/_rels/workbook.xml.rels"))
    first = re.search(rb'<(?:\w+:)?sheet\b[^>]*\br:id="([^"]+)"', book)
    if first:
        for link in re.finditer(rb"<(?:\w+:)?Relationship\b[^>]*>", links):
            if b'Id="' + first[1] + b'"' in link[0] and (path := _SHEET_PATH.search(link[0])):
                return "xl/" + path[1].decode()
    return "xl/worksheets/sheet1.xml"


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1
