"""What is noticed about accepted lines: the health of the data, line by line. Pure.

Invariants:
- A finding refuses nothing; its rules stand in ``docs/formats/extracts.md``.
- What needs more than one line (guardians, several banks, duplicates) is found when the run ends.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from transfer.importing.records import ADULT_AGE, Values, births, younger_than

_MOBILE: Final = re.compile(r"1[3-9]\d{9}", re.ASCII)

Found = Iterator[tuple[str, int]]


def _column(values: Values, name: str, count: int) -> list[Any]:
    return values.get(name) or [""] * count


def in_gbk(text: str) -> bool:
    """Whether systems that know only GBK can write this name."""
    if text.isascii():
        return True
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _of_clients(values: Values, count: int, day: datetime.date) -> Found:
    types, kinds = values["id_type"], values["kind"]
    for row, expires in enumerate(_column(values, "id_expires_on", count)):
        if expires and expires < day:
            yield "id_expired", row
    for row, number in enumerate(_column(values, "id_number", count)):
        if not number:
            yield "id_missing", row
    for row, phone in enumerate(_column(values, "phone", count)):
        if not phone:
            yield "phone_missing", row
        elif kinds[row] == "person" and types[row] == "id_card" and not _MOBILE.fullmatch(phone):
            yield "phone_invalid", row
    for row, young in enumerate(younger_than(values, births(values, count), day, ADULT_AGE)):
        if young:
            yield "minor", row
    for row, status in enumerate(values["status"]):
        if status in {"dormant", "unqualified"}:
            yield status, row
    for row, expires in enumerate(_column(values, "risk_expires_on", count)):
        if expires and expires < day:
            yield "risk_expired", row
    yield from _of_names(values, count)


def _of_names(values: Values, count: int) -> Found:
    for row, name in enumerate(values["name"]):
        if not in_gbk(name):
            yield "name_outside_gbk", row
    for row, staff in enumerate(_column(values, "staff_no", count)):
        if not staff:
            yield "staff_missing", row


def _of_accounts(values: Values, count: int, day: datetime.date) -> Found:
    for row, status in enumerate(values["status"]):
        if status == "frozen":
            yield "frozen", row
    units = _column(values, "trading_unit", count)
    for row, kind in enumerate(values["kind"]):
        if kind == "sh_a" and not units[row]:
            yield "undesignated", row


def _of_holdings(values: Values, count: int, day: datetime.date) -> Found:
    for column, code in (("frozen", "frozen"), ("pledged", "pledged")):
        for row, quantity in enumerate(_column(values, column, count)):
            if quantity and quantity > Decimal(0):
                yield code, row


def _none(values: Values, count: int, day: datetime.date) -> Found:
    yield from ()


_RULES: Final[dict[str, Callable[[Values, int, datetime.date], Found]]] = {
    "clients": _of_clients,
    "accounts": _of_accounts,
    "holdings": _of_holdings,
}


def findings_of(kind: str, values: Values, count: int, day: datetime.date) -> list[tuple[str, int]]:
    """(code, row) for every finding of these rows on ``day``."""
    return list(_RULES.get(kind, _none)(values, count, day)) if count else []
