"""The layout of a delivery to the transferee's system, and how rows of it are made.

In a rehearsal the fields that say who somebody is are tokens under a key that is thrown away afterwards:
the transferee can load and return them, but not read them.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from clients.sealed import AccountSecret, ClientSecret, HoldingSecret

CLIENTS = (
    "row_id",
    "client_no",
    "source_no",
    "kind",
    "name",
    "id_type",
    "id_number",
    "birth_date",
    "phone",
    "risk_level",
    "investor_class",
    "status",
    "branch",
    "opened_on",
)
ACCOUNTS = (
    "row_id",
    "client_no",
    "kind",
    "number",
    "market",
    "currency",
    "unit",
    "bank",
    "status",
    "balance",
    "frozen",
)
HOLDINGS = (
    "row_id",
    "client_no",
    "account_no",
    "market",
    "code",
    "quantity",
    "frozen",
    "pledged",
    "currency",
)
FILES: dict[str, tuple[str, ...]] = {
    "clients.csv": CLIENTS,
    "accounts.csv": ACCOUNTS,
    "holdings.csv": HOLDINGS,
}
LINE_BYTES = 4 * 1024 * 1024
"""No line of a file that comes back may be longer."""

IDENTITY = ("name", "id_number", "birth_date", "phone")


class Disguise(Protocol):
    """Turns an identity value into what the delivery shows."""

    def __call__(self, value: str) -> str: ...


def plainly(value: str) -> str:
    """The value itself: the delivery after acceptance."""
    return value


class Tokens:
    """Tokens of identity values under one throw-away key: equal values stay equal, and that is all they show."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, value: str) -> str:
        return hashlib.blake2b(value.encode(), key=self._key, digest_size=16).hexdigest() if value else ""


@dataclass(frozen=True)
class Numbers:
    """The transferee's client numbers: the transferor's, behind the agreed prefix."""

    prefix: str

    def of(self, source_no: str) -> str:
        return f"{self.prefix}{source_no}"


ClearCells = tuple[str, ...]
"""The columns of a row that lie in the clear, as text, in the order in which the query names them."""


def client_row(
    row_id: str, clear: ClearCells, secret: ClientSecret, number: str, disguise: Disguise
) -> tuple[str, ...]:
    """One row of clients.csv; clear are kind, status, branch and day of opening."""
    kind, status, branch, opened_on = clear
    return (
        row_id,
        number,
        secret.source_no,
        kind,
        disguise(secret.name),
        secret.id_type,
        disguise(secret.id_number),
        disguise(secret.birth_date),
        disguise(secret.phone),
        secret.risk_level,
        secret.investor_class,
        status,
        branch,
        opened_on,
    )


def account_row(row_id: str, clear: ClearCells, secret: AccountSecret, number: str) -> tuple[str, ...]:
    """One row of accounts.csv; clear are kind, market, currency and status."""
    kind, market, currency, status = clear
    return (
        row_id,
        number,
        kind,
        secret.number,
        market,
        currency,
        secret.trading_unit,
        secret.bank,
        status,
        secret.balance,
        secret.frozen,
    )


def holding_row(row_id: str, clear: ClearCells, secret: HoldingSecret, number: str) -> tuple[str, ...]:
    """One row of holdings.csv; clear are market and currency."""
    market, currency = clear
    return (
        row_id,
        number,
        secret.account_no,
        market,
        secret.code,
        secret.quantity,
        secret.frozen,
        secret.pledged,
        currency,
    )


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as UTF-8 CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


class CsvReader:
    """The rows of a UTF-8 CSV that arrives in pieces, as cells; ``at`` is where the last one ended.

    Raises:
        UnicodeDecodeError, csv.Error: the bytes are no such CSV.
    """

    def __init__(self, pieces: Iterable[bytes], *, at: int = 0) -> None:
        self.at = at
        self._pieces = pieces
        self._rows = csv.reader(self._lines())

    def __iter__(self) -> Iterator[list[str]]:
        return (row for row in self._rows if row)

    def _lines(self) -> Iterator[str]:
        for line in _whole_lines(self._pieces):
            # Only the first line of a file may begin with a byte order mark.
            text = (line if self.at else line.removeprefix(codecs.BOM_UTF8)).decode()
            self.at += len(line)
            yield text


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield from io.BytesIO(left + piece[:cut])
            left = piece[cut:]
        else:
            left += piece
        if len(left) > LINE_BYTES:
            raise csv.Error("a line is too long")
    if left:
        yield left


def new_numbers(crosswalk: dict[str, object]) -> Numbers:
    """The numbering agreed in the field policy of the client number."""
    return Numbers(str(crosswalk.get("prefix") or "88"))
