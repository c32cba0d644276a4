"""Tables of evidence that people upload: UTF-8 CSV with known columns, keyed by client number.

Invariant: rows pass in batches; a table of a million lines is never in memory.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.utils import timezone

from audit.errors import Refused
from clients.models import Book
from vault.tokens import source_digests

BATCH = 5_000
LONGEST_LINE = 1 << 20

Code = TypeVar("Code")


@dataclass(frozen=True)
class TableRow:
    """One line of the file with its client, or none when the number is unknown."""

    line: int
    values: Mapping[str, str]
    client: UUID | None


def read_table(
    parts: Iterable[bytes], *, columns: Sequence[str], book: Book, key: str = "客户号"
) -> Iterator[TableRow]:
    """The rows of a UTF-8 CSV (with or without BOM), each matched to a client of ``book``, as they are read.

    Raises:
        Refused: not UTF-8, no CSV, or the columns are not exactly those wanted; whoever has used earlier
            rows by then takes that back.
    """
    text = io.TextIOWrapper(io.BufferedReader(_Parts(parts)), encoding="utf-8-sig", newline="")
    reader = csv.DictReader(iter(lambda: text.readline(LONGEST_LINE), ""), restkey="", strict=True)
    try:
        if list(reader.fieldnames or []) != list(columns):
            raise Refused("notice.file_columns", wanted=", ".join(columns))
        while batch := [(reader.line_num, row) for row in islice(reader, BATCH)]:
            found = _clients(book, {row[key] for _, row in batch if row.get(key)}) if key in columns else {}
            for line, row in batch:
                values = {name: (row.get(name) or "").strip() for name in columns}
                yield TableRow(line, values, found.get(row.get(key) or ""))
    except UnicodeDecodeError as error:
        raise Refused("notice.file_not_utf8") from error
    except csv.Error as error:
        raise Refused("notice.file_row", line=reader.line_num, column="", reason="CSV") from error


class _Parts(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._parts, None)
            if piece is None:
                return 0
            self._left = piece
        taken = self._left[: len(buffer)]
        self._left = self._left[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def day(row: TableRow, column: str) -> date:
    """The date in a cell, written YYYYMMDD or ISO 8601.

    Raises:
        Refused: it is no date; names the line and the column.
    """
    text = row.values[column]
    try:
        return datetime.strptime(text, "%Y%m%d").date() if text.isdigit() else date.fromisoformat(text)  # noqa: DTZ007
    except ValueError as error:
        raise Refused("notice.file_row", line=row.line, column=column, reason="YYYY-MM-DD") from error


def moment(row: TableRow, column: str) -> datetime:
    """The point in time in a cell: a day (its first minute here) or a day with hours and minutes, ISO 8601.

    Raises:
        Refused: it is neither; names the line and the column.
    """
    text = row.values[column]
    try:
        found = datetime.strptime(text, "%Y%m%d") if text.isdigit() else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError as error:
        reason = "YYYY-MM-DD HH:MM"
        raise Refused("notice.file_row", line=row.line, column=column, reason=reason) from error
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def word(row: TableRow, column: str, words: Mapping[str, Code]) -> Code:
    """The code for the word in a cell.

    Raises:
        Refused: the word is none of those known; names the line, the column and the words.
    """
    if row.values[column] not in words:
        raise Refused("notice.file_row", line=row.line, column=column, reason=" / ".join(words))
    return words[row.values[column]]


def _clients(book: Book, numbers: set[str]) -> dict[str, UUID]:
    wanted = list(numbers)
    digests = dict(zip(source_digests(book.pk, "clients", wanted), wanted, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_digest, id FROM clients_client WHERE book_id = %s AND source_digest = ANY (%s)",
            [book.pk, list(digests)],
        )
        return {digests[bytes(digest)]: client for digest, client in cursor}
