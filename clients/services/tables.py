"""Small tables of evidence that people upload: UTF-8 CSV with known columns, keyed by client number."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from audit.errors import Refused
from clients.models import Book, Client
from vault.tokens import source_digest


@dataclass(frozen=True)
class TableRow:
    """One line of the file with its client, or none when the number is unknown."""

    line: int
    values: Mapping[str, str]
    client: UUID | None


def read_table(
    parts: Iterable[bytes], *, columns: Sequence[str], book: Book, key: str = "客户号"
) -> Iterator[TableRow]:
    """The rows of a small UTF-8 CSV (with or without BOM), each matched to a client of ``book``.

    Raises:
        Refused: not UTF-8, or the columns are not exactly those wanted.
    """
    try:
        text = b"".join(parts).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("notice.file_not_utf8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    if list(reader.fieldnames or []) != list(columns):
        raise Refused("notice.file_columns", wanted=", ".join(columns))
    rows = [(reader.line_num, row) for row in reader]
    found = _clients(book, {row[key] for _, row in rows if row.get(key)}) if key in columns else {}
    for line, row in rows:
        yield TableRow(
            line, {name: (row.get(name) or "").strip() for name in columns}, found.get(row.get(key) or "")
        )


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


def word(row: TableRow, column: str, words: Mapping[str, str]) -> str:
    """The code for the word in a cell.

    Raises:
        Refused: the word is none of those known; names the line, the column and the words.
    """
    if row.values[column] not in words:
        raise Refused("notice.file_row", line=row.line, column=column, reason=" / ".join(words))
    return words[row.values[column]]


def _clients(book: Book, numbers: set[str]) -> dict[str, UUID]:
    digests = {source_digest(book.pk, "clients", number): number for number in numbers}
    rows = Client.objects.filter(book=book, source_digest__in=list(digests)).values_list(
        "source_digest", "pk"
    )
    return {digests[bytes(digest)]: pk for digest, pk in rows}
