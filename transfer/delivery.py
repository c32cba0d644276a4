"""The layout of a delivery to the transferee's system, and how rows of it are made.

In a rehearsal the fields that say who somebody is are tokens under a key that is thrown away afterwards:
the transferee can load and return them, but not read them.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from clients.models import Account, Client, Holding
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


def client_row(
    client: Client, secret: ClientSecret, number: str, branch: str, disguise: Disguise
) -> tuple[str, ...]:
    """One row of clients.csv."""
    return (
        str(client.pk),
        number,
        secret.source_no,
        client.kind,
        disguise(secret.name),
        secret.id_type,
        disguise(secret.id_number),
        disguise(secret.birth_date),
        disguise(secret.phone),
        secret.risk_level,
        secret.investor_class,
        client.status,
        branch,
        _day(client.opened_on),
    )


def account_row(account: Account, secret: AccountSecret, number: str) -> tuple[str, ...]:
    """One row of accounts.csv."""
    return (
        str(account.pk),
        number,
        account.kind,
        secret.number,
        account.market,
        account.currency,
        secret.trading_unit,
        secret.bank,
        account.status,
        secret.balance,
        secret.frozen,
    )


def holding_row(holding: Holding, secret: HoldingSecret, number: str) -> tuple[str, ...]:
    """One row of holdings.csv."""
    return (
        str(holding.pk),
        number,
        secret.account_no,
        holding.market,
        secret.code,
        secret.quantity,
        secret.frozen,
        secret.pledged,
        holding.currency,
    )


class CsvPart:
    """Rows as bytes of UTF-8 CSV, handed out as they come."""

    def __init__(self, heading: Sequence[str]) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._writer.writerow(heading)

    def add(self, row: Sequence[str]) -> None:
        self._writer.writerow(row)

    def take(self) -> bytes:
        """What was written since the last call."""
        data = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return data


def read_rows(parts: Iterator[bytes]) -> Iterator[dict[str, str]]:
    """The rows of one UTF-8 CSV that arrives in pieces."""
    yield from csv.DictReader(_lines(parts))


def _lines(parts: Iterator[bytes]) -> Iterator[str]:
    left = b""
    for part in parts:
        *whole, left = (left + part).split(b"\n")
        for line in whole:
            yield line.decode("utf-8").removeprefix("\ufeff") + "\n"
    if left:
        yield left.decode("utf-8").removeprefix("\ufeff")


def new_numbers(crosswalk: dict[str, object]) -> Numbers:
    """The numbering agreed in the field policy of the client number."""
    return Numbers(str(crosswalk.get("prefix") or "88"))


def _day(value: object) -> str:
    return "" if value is None else str(value)
