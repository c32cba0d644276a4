"""Checked columns into the documents that are sealed and the facts that lie in the clear. Pure.

Invariants:
- A field that is absent, because the extract lacks it or its policy is "never", is the empty string.
- Dates are ISO 8601, amounts decimal strings, a missing value is the empty string.
"""

import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from clients.sealed import (
    AccountSecret,
    ClientSecret,
    DocumentSecret,
    HoldingSecret,
    PreferenceSecret,
    RelationSecret,
    TradeSecret,
)
from transfer.importing.columns import Amounts
from transfer.importing.validate import LONG_TERM

Values = dict[str, list[Any]]


def text_of(value: Any) -> str:
    """A parsed value as a sealed document holds it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def texts(values: Values, name: str, count: int) -> list[str]:
    """A column as text; empty strings where the extract lacks it."""
    column = values.get(name)
    if not column:
        return [""] * count
    if isinstance(column, Amounts):
        return column.texts
    if isinstance(column[0], str):
        return column
    return list(map(_day_text, column))


@lru_cache(maxsize=32_768)
def _day_text(day: datetime.date | None) -> str:
    return text_of(day)


def cells_of_documents(kind: str, values: Values, count: int) -> list[list[Any]]:
    """The sealed documents of all rows, field by field in the order of the kind's document."""
    cells: list[list[Any]] = [texts(values, name, count) for name in _FIELDS[kind]]
    if kind == "clients":
        endless = _FIELDS[kind].index("id_expires_on")
        expires = values.get("id_expires_on") or [None] * count
        cells[endless] = ["" if text == _ENDLESS else text for text in cells[endless]]
        cells.insert(endless + 1, [day == LONG_TERM for day in expires])
    return cells


def documents_of(kind: str, values: Values, count: int) -> list[msgspec.Struct]:
    """The same, document by document."""
    return list(map(DOCUMENTS[kind], *cells_of_documents(kind, values, count)))


_ENDLESS: Final = LONG_TERM.isoformat()
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "clients": (
        "client_no",
        "name",
        "id_type",
        "id_number",
        "id_expires_on",
        "birth_date",
        "sex",
        "nationality",
        "phone",
        "email",
        "address",
        "postcode",
        "occupation",
        "education",
        "risk_level",
        "risk_expires_on",
        "investor_class",
        "aml_level",
        "unified_account",
        "commission_rate",
    ),
    "accounts": ("number", "trading_unit", "bank", "bank_card", "balance", "frozen", "permissions"),
    "relations": ("name", "id_type", "id_number", "phone", "share_percent", "valid_until"),
    "holdings": (
        "fund_account",
        "account_no",
        "code",
        "name",
        "quantity",
        "frozen",
        "pledged",
        "cost_price",
        "market_value",
        "custody_unit",
    ),
    "trades": (
        "trade_no",
        "fund_account",
        "account_no",
        "code",
        "side",
        "quantity",
        "price",
        "amount",
        "commission",
        "stamp_duty",
        "transfer_fee",
    ),
    "preferences": ("item", "value"),
    "documents": ("file_name", "sha256"),
}

DOCUMENTS: Final[dict[str, type[msgspec.Struct]]] = {
    "clients": ClientSecret,
    "accounts": AccountSecret,
    "relations": RelationSecret,
    "holdings": HoldingSecret,
    "trades": TradeSecret,
    "preferences": PreferenceSecret,
    "documents": DocumentSecret,
}
"""Per kind: the document that is sealed."""
