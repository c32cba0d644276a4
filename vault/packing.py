"""One value in the form of PostgreSQL's binary COPY: its length in four bytes, and its bytes. Pure."""

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from vault.errors import VaultError

PackedValue = UUID | bytes | int | str | date | bool | datetime | Decimal | None

NULL: Final = b"\xff\xff\xff\xff"
REPEATING: Final = frozenset({"text", "date", "bool"})
"""Kinds of which the same few values come again and again: each is packed once."""

_UUID_LENGTH: Final = b"\x00\x00\x00\x10"
_TRUE, _FALSE = b"\x00\x00\x00\x01\x01", b"\x00\x00\x00\x01\x00"
_DAY_ZERO: Final = date(2000, 1, 1).toordinal()
_TIME_ZERO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NUMERIC_BASE: Final = 10_000
_int2 = struct.Struct("!ih").pack
_int4 = struct.Struct("!ii").pack
_int8 = struct.Struct("!iq").pack

packed_length = struct.Struct("!i").pack


def _bytea(value: bytes) -> bytes:
    return packed_length(len(value)) + value


def _text(value: str) -> bytes:
    return _bytea(value.encode())


def _uuid(value: UUID | bytes) -> bytes:
    return _UUID_LENGTH + (value if isinstance(value, bytes) else value.bytes)


def _timestamptz(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise VaultError("a time without a zone cannot be stored")
    return _int8(8, (value - _TIME_ZERO) // _MICROSECOND)


def _numeric(value: Decimal) -> bytes:
    """Sign, decimal places, and base-10000 digits with the weight of the first one."""
    if not value.is_finite():
        raise VaultError("only finite numbers can be stored")
    sign, figures, exponent = value.as_tuple()
    places = max(0, -int(exponent))
    fraction_groups = -(-places // 4)
    rest = int("".join(map(str, figures))) * 10 ** (int(exponent) + fraction_groups * 4)
    digits: list[int] = []
    while rest:
        rest, digit = divmod(rest, _NUMERIC_BASE)
        digits.append(digit)
    digits.reverse()
    weight = len(digits) - fraction_groups - 1
    head = struct.pack("!hhHH", len(digits), weight, 0x4000 if sign and digits else 0, places)
    return _bytea(head + struct.pack(f"!{len(digits)}h", *digits))


PACKERS: Final[dict[str, Callable[[Any], bytes]]] = {
    "uuid": _uuid,
    "bytea": _bytea,
    "int2": lambda value: _int2(2, value),
    "int4": lambda value: _int4(4, value),
    "int8": lambda value: _int8(8, value),
    "text": _text,
    "jsonb": lambda value: _bytea(b"\x01" + value.encode()),
    "date": lambda value: _int4(4, value.toordinal() - _DAY_ZERO),
    "bool": lambda value: _TRUE if value else _FALSE,
    "timestamptz": _timestamptz,
    "numeric": _numeric,
}
"""Per PostgreSQL type how one value of it is packed."""
