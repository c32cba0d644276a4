"""Checked columns into the documents that are sealed and the facts that lie in the clear. Pure.

Invariants:
- A field that is absent, because the extract lacks it or its policy is "never", is the empty string.
- Dates are ISO 8601, amounts decimal strings, a missing value is the empty string.
"""

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
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
from transfer.importing.identity import birth_date_in
from transfer.importing.validate import LONG_TERM

Values = dict[str, list[Any]]

ADULT_AGE: Final = 18
CONSENT_AGE: Final = 14


def text_of(value: Any) -> str:
    """A parsed value as a sealed document holds it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def texts(values: Values, name: str, count: int) -> list[str]:
    """A column as text; empty strings where the extract lacks it."""
    if name not in values:
        return [""] * count
    column = values[name]
    kinds = set(map(type, column))
    if kinds == {str}:
        return column
    if Decimal in kinds:
        # Equal amounts may be written differently (1.5, 1.50), so each is written for itself.
        return [text_of(value) for value in column]
    known = {value: text_of(value) for value in set(column)}
    return [known[value] for value in column]


def years_before(day: datetime.date, years: int) -> datetime.date:
    """The same day so many years earlier; 28 February where that year has no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def births(values: Values, count: int) -> list[datetime.date | None]:
    """Each person's birth date: as stated, else as the citizen number carries it."""
    stated = values.get("birth_date") or [None] * count
    numbers, types = values.get("id_number") or [""] * count, values["id_type"]
    return [
        day or (birth_date_in(number) if kind == "id_card" else None)
        for day, number, kind in zip(stated, numbers, types, strict=True)
    ]


def younger_than(
    values: Values, births_: Sequence[datetime.date | None], day: datetime.date, age: int
) -> list[bool]:
    """Which persons have not reached ``age`` on ``day``."""
    last = years_before(day, age)
    return [
        kind == "person" and birth is not None and birth > last
        for kind, birth in zip(values["kind"], births_, strict=True)
    ]


def _documents(
    kind: type[msgspec.Struct], names: Sequence[str]
) -> Callable[[Values, int], list[msgspec.Struct]]:
    def make(values: Values, count: int) -> list[msgspec.Struct]:
        return list(map(kind, *(texts(values, name, count) for name in names)))

    return make


def _client_documents(values: Values, count: int) -> list[msgspec.Struct]:
    expires = values.get("id_expires_on") or [None] * count
    long_term = [day == LONG_TERM for day in expires]
    columns = [texts(values, name, count) for name in _CLIENT]
    columns[_CLIENT.index("id_expires_on")] = [
        "" if endless else text_of(day) for day, endless in zip(expires, long_term, strict=True)
    ]
    before = _CLIENT.index("id_expires_on") + 1
    return list(map(ClientSecret, *columns[:before], long_term, *columns[before:]))


_CLIENT: Final = (
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
)

MAKERS: Final[dict[str, Callable[[Values, int], list[msgspec.Struct]]]] = {
    "clients": _client_documents,
    "accounts": _documents(
        AccountSecret, ("number", "trading_unit", "bank", "bank_card", "balance", "frozen", "permissions")
    ),
    "relations": _documents(
        RelationSecret, ("name", "id_type", "id_number", "phone", "share_percent", "valid_until")
    ),
    "holdings": _documents(
        HoldingSecret,
        (
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
    ),
    "trades": _documents(
        TradeSecret,
        (
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
    ),
    "preferences": _documents(PreferenceSecret, ("item", "value")),
    "documents": _documents(DocumentSecret, ("file_name", "sha256")),
}
"""Per kind: the sealed documents of all rows."""
