"""Files as such systems write them: delimited text in an encoding, a sheet, an archive with its index.

Invariants: rows are written as they come and never kept; the line of a row is its physical line, heading = 1; control
totals add every value of a summed column that is a plain number, broken rows included.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from zipfile import ZIP_DEFLATED, ZipInfo

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

from sample.documents import EPOCH, SteadyZip
from sample.layouts import ENCODINGS, HEADINGS, INDEX, SUMMED
from sample.numbers import money

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
        self.write = csv.writer(self._file, lineterminator="\r\n").writerow
        self.write(headings)

    def close(self) -> None:
        self._file.close()


class _SteadyBook(SteadyZip):
    """The archive of a workbook, without the moment it was saved."""

    def write(self, filename: str, arcname: str) -> None:  # type: ignore[override]
        info = ZipInfo(arcname, EPOCH)
        info.compress_type = ZIP_DEFLATED
        with open(filename, "rb") as source, self.open(info, "w", force_zip64=True) as target:  # noqa: PTH123
            while block := source.read(1 << 20):
                target.write(block)

    def writestr(self, name: str | ZipInfo, content: bytes | str, *rest: object) -> None:  # type: ignore[override]
        if isinstance(name, ZipInfo):
            super().writestr(name, content)
            return
        if name == "docProps/core.xml":
            text = content if isinstance(content, str) else content.decode()
            content = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "2026-01-01T00:00:00Z", text)
        info = ZipInfo(name, EPOCH)
        info.compress_type = ZIP_DEFLATED
        super().writestr(info, content)


class SheetTable:
    """One sheet; text cells only, unless a planted fault is a number or a formula."""

    def __init__(self, path: Path, headings: Sequence[str], title: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._book = Workbook(write_only=True)
        sheet = self._book.create_sheet(title)
        self.write = sheet.append
        self.write(headings)

    def close(self) -> None:
        with _SteadyBook(self._path) as archive:
            ExcelWriter(self._book, archive).write_data()


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


def write_rows(path: Path, headings: Sequence[str], rows: Sequence[Sequence[object] | Mapping[str, object]]) -> None:
    """A small UTF-8 file at once."""
    table = CsvTable(path, headings)
    for row in rows:
        table.write(list(row.values()) if isinstance(row, Mapping) else row)
    table.close()
