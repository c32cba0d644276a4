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

from transfer.importing.records import Values

_is_mobile: Final = re.compile(r"1[3-9]\d{9}", re.ASCII).fullmatch
_UNUSUAL: Final = frozenset({"dormant", "unqualified"})

Found = Iterator[tuple[str, int]]


def _column(values: Values, name: str, count: int) -> list[Any]:
    return values.get(name) or [""] * count


def in_gbk(text: str) -> bool:
    """Whether systems that know only GBK can write this."""
    if text.isascii():
        return True
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _identity_and_risk(values: Values, count: int, day: datetime.date) -> Found:
    for column, code in (("id_expires_on", "id_expired"), ("risk_expires_on", "risk_expired")):
        for row, expires in enumerate(_column(values, column, count)):
            if expires and expires < day:
                yield code, row
    for column, code in (
        ("id_number", "id_missing"),
        ("phone", "phone_missing"),
        ("staff_no", "staff_missing"),
    ):
        cells = _column(values, column, count)
        if not all(cells):
            yield from ((code, row) for row, cell in enumerate(cells) if not cell)


def _phones(values: Values, count: int, _day: datetime.date) -> Found:
    phones, types, kinds = _column(values, "phone", count), values["id_type"], values["kind"]
    for row, (phone, type_) in enumerate(zip(phones, types, strict=True)):
        if type_ == "id_card" and phone and not _is_mobile(phone) and kinds[row] == "person":
            yield "phone_invalid", row


def _status_and_name(values: Values, _count: int, _day: datetime.date) -> Found:
    for row, status in enumerate(values["status"]):
        if status in _UNUSUAL:
            yield status, row
    names = values["name"]
    outside = "".join(letter for letter in set("".join(names)) if not in_gbk(letter))
    if outside:
        any_outside = re.compile(f"[{re.escape(outside)}]").search
        yield from (("name_outside_gbk", row) for row, name in enumerate(names) if any_outside(name))


def _accounts(values: Values, count: int, _day: datetime.date) -> Found:
    yield from (("frozen", row) for row, status in enumerate(values["status"]) if status == "frozen")
    units = _column(values, "trading_unit", count)
    for row, kind in enumerate(values["kind"]):
        if kind == "sh_a" and not units[row]:
            yield "undesignated", row


def _holdings(values: Values, count: int, _day: datetime.date) -> Found:
    for column, code in (("frozen", "frozen"), ("pledged", "pledged")):
        for row, quantity in enumerate(_column(values, column, count)):
            if quantity and quantity > Decimal(0):
                yield code, row


Rule = Callable[[Values, int, datetime.date], Found]

_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "clients": (_identity_and_risk, _phones, _status_and_name),
    "accounts": (_accounts,),
    "holdings": (_holdings,),
}


def findings_of(kind: str, values: Values, count: int, day: datetime.date) -> list[tuple[str, int]]:
    """(code, row) for every finding of these rows on ``day``."""
    if not count:
        return []
    return [found for rule in _RULES.get(kind, ()) for found in rule(values, count, day)]
