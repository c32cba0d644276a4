"""A workbook's first sheet as records. Pure, in memory, nothing on a disk.

Invariants:
- Text cells are taken as they are. A number in a column that holds text was damaged by the spreadsheet
  (leading zeros, digits beyond the fifteenth) and refuses its row; so does a formula anywhere in it.
- The first column of what comes out is the sheet's row number, behind it the fault if there is one.
"""

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any, Final

from python_calamine import CalamineError, CalamineWorkbook

from audit.errors import Refused
from clients.fields import Layout
from transfer.importing.archive import LARGEST_WORKBOOK, read_member
from transfer.importing.recognise import Column

_CELL: Final = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,3})(\d+)"')
_FORMULA: Final = re.compile(rb"<f[\s/>]")
_SHEET_PATH: Final = re.compile(rb'Target="/?(?:xl/)?(worksheets/[^"]+)"')
_FORBIDDEN_XML: Final = (b"<!DOCTYPE", b"<!ENTITY")
_NUMERIC: Final = frozenset({"number", "date", "expiry"})
_ROWS_PER_PIECE: Final = 5_000


def first_sheet(handle: IO[bytes]) -> Iterator[list[Any]]:
    """The rows of the first sheet, from its first used row.

    Raises:
        Refused: the workbook is broken or holds no sheet.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(handle)
        if not workbook.sheet_names:
            raise Refused("file.empty")
        sheet = workbook.get_sheet_by_index(0)
    except CalamineError:
        raise Refused("file.truncated", line="end") from None
    if sheet.start is None:
        raise Refused("file.empty")
    if sheet.start != (0, 0):
        raise Refused("file.header_missing", field="#1")
    yield from sheet.iter_rows()


def formula_cells(archive: zipfile.ZipFile) -> dict[int, int]:
    """Sheet row → column place of the first formula in it, read from the first sheet's own XML.

    Raises:
        Refused: the XML declares entities, or the sheet is not where the workbook says.
    """
    data = read_member(archive, _first_sheet_path(archive), LARGEST_WORKBOOK)
    if data is None:
        raise Refused("file.truncated", line="end")
    if any(mark in data[:4096] for mark in _FORBIDDEN_XML):
        raise Refused("file.archive_unsafe", name="entities")
    found: dict[int, int] = {}
    for formula in _FORMULA.finditer(data):
        start = data.rfind(b"<c ", 0, formula.start())
        cell = _CELL.match(data, start) if start >= 0 else None
        if cell:
            found.setdefault(int(cell[2]), _place(cell[1].decode()))
    return found


def _first_sheet_path(archive: zipfile.ZipFile) -> str:
    """The part named by the first sheet; where the relations are unusual, the usual one."""
    book = read_member(archive, "xl/workbook.xml") or b""
    links = read_member(archive, "xl/_rels/workbook.xml.rels") or b""
    first = re.search(rb'<sheet\b[^>]*\br:id="([^"]+)"', book)
    if first:
        for link in re.finditer(rb"<Relationship\b[^>]*>", links):
            if b'Id="' + first[1] + b'"' in link[0] and (path := _SHEET_PATH.search(link[0])):
                return "xl/" + path[1].decode()
    return "xl/worksheets/sheet1.xml"


def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def heading_row(rows: Iterator[list[Any]]) -> list[str]:
    """The first row as text."""
    first = next(rows, None)
    if first is None:
        raise Refused("file.empty")
    cells = [str(cell).strip() for cell in first]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def as_csv(
    rows: Iterator[list[Any]], columns: list[Column], layout: Layout, formulas: dict[int, int]
) -> Iterator[bytes]:
    """The rows below the header as UTF-8 CSV with the hidden first column, under a header of its own."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["row", *(column.heading for column in columns)])
    for number, cells in enumerate(rows, 2):
        row, mark = _texts(cells, columns, layout)
        if number in formulas:
            mark = f";formula_cell;{formulas[number]}"
        if any(row):
            writer.writerow([f"{number}{mark}", *row])
        if number % _ROWS_PER_PIECE == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _texts(cells: list[Any], columns: list[Column], layout: Layout) -> tuple[list[str], str]:
    texts = []
    mark = ""
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            texts.append(cell)
            continue
        texts.append(_plain(cell))
        item = layout.by_name.get(columns[place].field) if place < len(columns) else None
        wants_text = item is not None and item.parse not in _NUMERIC
        if not mark and wants_text and isinstance(cell, bool | int | float) and item is not None:
            mark = f";number_cell;{place}"
    while len(texts) > len(columns) and not texts[-1]:
        texts.pop()
    return texts, mark


def _plain(cell: Any) -> str:
    if isinstance(cell, datetime.datetime | datetime.date):
        return cell.strftime("%Y%m%d")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    return str(cell)
