"""Files as such systems write them: delimited text in an encoding, a sheet, an archive with its index.

Invariants: rows are written as they come and never kept; the line of a row is its physical line, heading
= 1; control totals add every value of a summed column that is a plain number, broken rows included.
"""

import csv
import io
import re
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from xml.sax.saxutils import escape

from sample.documents import SteadyZip
from sample.layouts import ENCODINGS, HEADINGS, INDEX, SUMMED
from sample.numbers import money

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org"
_MAIN = f"{_OFFICE}/spreadsheetml/2006/main"
_RELATIONS = f"{_OFFICE}/officeDocument/2006/relationships"
_PACKAGE = f"{_OFFICE}/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORKBOOK_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>',
}
_SHEET_START = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
_SHEET_END = b"</sheetData></worksheet>"
_NUMBER = re.compile(r"\d+(\.\d{1,2})?", re.ASCII)


class Table(Protocol):
    """Anything rows can be written to."""

    def write(self, cells: Sequence[object]) -> None: ...

    def close(self) -> None: ...


class CsvTable:
    """Delimited text with Windows line ends."""

    def __init__(self, path: Path, headings: Sequence[str], encoding: str = "utf-8") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding=encoding, newline="")
        writer = csv.writer(self._file, lineterminator="\r\n")
        self.write, self.write_all = writer.writerow, writer.writerows
        self.write(headings)

    def close(self) -> None:
        self._file.close()


class SheetTable:
    """One sheet of a workbook, written row by row into the archive.

    Text cells only, unless a planted fault is a number or a formula (which keeps no computed value).
    Written by hand because openpyxl's streaming writer took two thirds of the time of a whole world.
    """

    def __init__(self, path: Path, headings: Sequence[str], title: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._zip = SteadyZip(path)
        for name, content in _WORKBOOK_PARTS.items():
            self._zip.put(name, content.format(title=escape(title)).encode())
        self._sheet = self._zip.stream("xl/worksheets/sheet1.xml")
        self._sheet.write(_SHEET_START)
        self._letters = string.ascii_uppercase[: len(headings)]
        self._line = 0
        self.write(headings)

    def write(self, cells: Sequence[object]) -> None:
        self._line += 1
        line = self._line
        written = [
            _cell(f"{letter}{line}", value)
            for letter, value in zip(self._letters, cells, strict=True)
            if value != ""
        ]
        self._sheet.write(f'<row r="{line}">{"".join(written)}</row>'.encode())

    def close(self) -> None:
        self._sheet.write(_SHEET_END)
        self._sheet.close()
        self._zip.close()


def _cell(place: str, value: object) -> str:
    if isinstance(value, int):
        return f'<c r="{place}"><v>{value}</v></c>'
    text = escape(str(value))
    if text.startswith("="):
        return f'<c r="{place}"><f>{text[1:]}</f></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


class ArchiveTable:
    """An archive of documents; rows go into its index, written last."""

    def __init__(self, path: Path, headings: Sequence[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._zip = SteadyZip(path)
        self._text = io.StringIO(newline="")
        self.write = csv.writer(self._text, lineterminator="\r\n").writerow
        self.write(headings)

    def put(self, name: str, content: bytes) -> None:
        self._zip.put(name, content)

    def close(self) -> None:
        self._zip.put(INDEX, self._text.getvalue().encode("gb18030"))
        self._zip.close()


class Counted:
    """A table that counts its rows and adds its summed columns."""

    def __init__(self, kind: str, name: str, table: Table) -> None:
        self.kind, self.name, self.table = kind, name, table
        self.line = 1
        self._summed = [(HEADINGS[kind].index(column), column) for column in SUMMED.get(kind, [])]
        self._totals: dict[str, int] = {column: 0 for _, column in self._summed}

    def write(self, cells: Sequence[object]) -> int:
        """Write one row; returns its line."""
        self.table.write(cells)
        self.line += 1
        for place, column in self._summed:
            value = cells[place]
            if value:
                self._totals[column] += hundredths(str(value))
        return self.line

    def close(self) -> None:
        self.table.close()

    @property
    def rows(self) -> int:
        return self.line - 1

    def declared(self) -> list[list[str]]:
        """The lines of the control file for this table."""
        if not self._totals:
            return [[self.name, str(self.rows), "", ""]]
        return [[self.name, str(self.rows), column, money(total)] for column, total in self._totals.items()]


def hundredths(text: str) -> int:
    """A plain number with at most two decimals in hundredths; anything else is nothing."""
    if _NUMBER.fullmatch(text) is None:
        return 0
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def open_table(kind: str, name: str, folder: Path) -> Counted:
    """The right kind of file for a kind of row."""
    path = folder / name
    if name.endswith(".zip"):
        return Counted(kind, name, ArchiveTable(path, HEADINGS[kind]))
    if name.endswith(".xlsx"):
        return Counted(kind, name, SheetTable(path, HEADINGS[kind], path.stem))
    return Counted(kind, name, CsvTable(path, HEADINGS[kind], ENCODINGS[kind]))


def write_rows(
    path: Path, headings: Sequence[str], rows: Sequence[Sequence[object] | Mapping[str, object]]
) -> None:
    """A small UTF-8 file at once."""
    table = CsvTable(path, headings)
    for row in rows:
        table.write(list(row.values()) if isinstance(row, Mapping) else row)
    table.close()
