"""What must come back after a run, in which columns, and what of the delivery each file answers to.

The rows expected of the depository and of the banks are made from those of the delivery; behind their
columns they carry the transferee's client number, by which a difference finds its client.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clients.fields import LAYOUTS
from transfer.delivery import ACCOUNTS, CLIENTS, HOLDINGS
from transfer.reconcile import Cells, Layout, Shape, total_by

DEPOSITORY: Final = ("account_no", "market", "code", "quantity")
BANK: Final = ("fund_account", "bank", "currency", "balance")
_WORDS: Final = {
    column: dict(LAYOUTS["accounts"].by_name[column].choices) for column in ("market", "currency")
}


@dataclass(frozen=True)
class Comparison:
    """One file that must come back: its columns, and the rows of the delivery it is compared with."""

    source: str
    kind: str
    part: str
    shape: Shape
    derive: Callable[[Iterable[Cells]], Iterable[Cells]]
    sums: bool = False
    foreign_words: bool = False

    @property
    def name(self) -> str:
        return f"{self.source}/{self.kind}"

    def in_our_words(self, rows: Iterable[list[str]]) -> Iterable[Cells]:
        """The rows with the words of other systems turned into our codes."""
        if not self.foreign_words:
            return rows
        places = [(at, _WORDS[name]) for at, name in enumerate(self.shape.columns) if name in _WORDS]
        return (_translated(row, places) for row in rows)

    def together(self, expected: list[Cells]) -> list[Cells]:
        """Rows expected under one key; what several pieces of the delivery add to one sum is one row."""
        if not self.sums or len(expected) < 2:
            return expected
        amount = self.shape.columns.index("quantity")
        total = sum((Decimal(cells[amount] or "0") for cells in expected), Decimal(0))
        first = list(expected[0])
        first[amount] = str(total)
        return [first]


def _translated(row: list[str], places: list[tuple[int, dict[str, str]]]) -> list[str]:
    for at, words in places:
        row[at] = words.get(row[at], row[at])
    return row


def _as_it_is(rows: Iterable[Cells]) -> Iterable[Cells]:
    return rows


def _at_depository(holdings: Iterable[Cells]) -> Iterator[Cells]:
    key = tuple(HOLDINGS.index(name) for name in DEPOSITORY[:3])
    counted = (cells for cells in holdings if cells[key[0]])
    return total_by(counted, key, HOLDINGS.index("quantity"), HOLDINGS.index("client_no"))


def _at_banks(accounts: Iterable[Cells]) -> Iterator[Cells]:
    number, bank, currency, balance, owner = (
        ACCOUNTS.index(name) for name in ("number", "bank", "currency", "balance", "client_no")
    )
    for cells in accounts:
        if cells[bank]:
            yield (cells[number], cells[bank], cells[currency], cells[balance], cells[owner])


def _echoed(kind: str, columns: tuple[str, ...], amounts: frozenset[str] = frozenset()) -> Comparison:
    layout = Layout(("row_id",), columns[1:], amounts)
    return Comparison("transferee", kind, kind, Shape(columns, layout), _as_it_is)


COMPARISONS: Final = {
    (found.source, found.kind): found
    for found in (
        _echoed("clients", CLIENTS),
        _echoed("accounts", ACCOUNTS, frozenset({"balance", "frozen"})),
        _echoed("holdings", HOLDINGS, frozenset({"quantity", "frozen", "pledged"})),
        Comparison(
            "depository",
            "holdings",
            "holdings",
            Shape(DEPOSITORY, Layout(DEPOSITORY[:3], DEPOSITORY[3:], frozenset({"quantity"}))),
            _at_depository,
            sums=True,
            foreign_words=True,
        ),
        Comparison(
            "bank",
            "balances",
            "accounts",
            Shape(BANK, Layout(BANK[:3], BANK[3:], frozenset({"balance"}))),
            _at_banks,
            foreign_words=True,
        ),
    )
}
"""By source and kind, in the order in which they are compared."""
