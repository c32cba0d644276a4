"""The one spelling under which an identifier is indexed and searched. Pure.

Invariants:
- A column of values is spelt exactly as each value by itself; only the work is shared.
- Spelling twice changes nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

_NOT_DIGITS: Final = re.compile(r"\D+")
_SPACES: Final = re.compile(r"\s+")
_DOTS: Final = "·•‧∙⋅・･."
_NAME_DOTS: Final = re.compile(f"[{_DOTS}]")
_OLD_ID: Final = re.compile(r"\d{15}")
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

# Between values while a column is spelt in one piece; a value that holds it is spelt by itself.
_BETWEEN: Final = "\x00"
_ASCII: Final = bytes(range(128))
_ASCII_SPACES: Final = bytes(place for place in range(128) if chr(place).isspace())
_ASCII_NO_DIGITS: Final = bytes(place for place in range(1, 128) if not chr(place).isdigit())


def spell(field: str, value: str) -> str:
    """One value of one of ``SPELLERS`` as it is searched; empty when nothing searchable is left."""
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value)
    return SPELLERS[field](value)


def spell_all(field: str, values: Sequence[str]) -> list[str]:
    """``spell`` of each value."""
    joined = _BETWEEN.join(values)
    together = _TOGETHER.get(field)
    if together is None or not values or joined.count(_BETWEEN) != len(values) - 1:
        return [spell(field, value) for value in values]
    found = together(joined)
    return [spell(field, value) for value in values] if found is None else found


def _identity_number(value: str) -> str:
    """Upper case without spaces and hyphens; a 15-digit number of before 1999 in its 18-digit form."""
    plain = _SPACES.sub("", value).replace("-", "").upper()
    if not _OLD_ID.fullmatch(plain):
        return plain
    body = plain[:6] + "19" + plain[6:]
    remainder = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[remainder]


def _phone(value: str) -> str:
    """Digits only, without the code of mainland China before eleven digits."""
    digits = _NOT_DIGITS.sub("", value)
    for code in ("0086", "86"):
        if digits.startswith(code) and len(digits) - len(code) == 11:
            return digits.removeprefix(code)
    return digits


def _email(value: str) -> str:
    return value.strip().casefold()


def _digits(value: str) -> str:
    return _NOT_DIGITS.sub("", value)


def _account(value: str) -> str:
    return _SPACES.sub("", value).upper()


def _name_birth(value: str) -> str:
    """``name|birth date``: the name without spaces and with one kind of dot, the date as eight digits."""
    name, _, birth = value.rpartition("|")
    name = _NAME_DOTS.sub("·", _SPACES.sub("", name)).casefold()
    birth = _digits(birth)
    return f"{name}|{birth}" if name and birth else ""


SPELLERS: Final[dict[str, Callable[[str], str]]] = {
    "id_number": _identity_number,
    "phone": _phone,
    "email": _email,
    "bank_card": _digits,
    "account": _account,
    "name_birth": _name_birth,
}


def _only(joined: str, without: bytes) -> list[str] | None:
    """The values in upper case without these bytes; None where one is not ASCII."""
    if not joined.isascii():
        return None
    return joined.encode().translate(_ASCII.upper() + bytes(128), without).decode().split(_BETWEEN)


def _all_identity_numbers(joined: str) -> list[str] | None:
    found = _only(joined, _ASCII_SPACES + b"-")
    return found and [_identity_number(value) if len(value) == 15 else value for value in found]


def _all_phones(joined: str) -> list[str] | None:
    found = _only(joined, _ASCII_NO_DIGITS)
    return found and [_phone(value) if value[:2] in {"86", "00"} else value for value in found]


def _all_emails(joined: str) -> list[str] | None:
    if not joined.isascii():
        return None
    return [value.strip() for value in joined.lower().split(_BETWEEN)]


def _all_names(joined: str) -> list[str]:
    if not joined.isascii() and not unicodedata.is_normalized("NFKC", joined):
        joined = unicodedata.normalize("NFKC", joined)
    if _has_any(joined, _DOTS):
        joined = _NAME_DOTS.sub("·", joined)
    if _SPACES.search(joined):
        joined = _SPACES.sub("", joined)
    values = joined.casefold().split(_BETWEEN)
    return [
        value if value[-8:].isdecimal() and value[-9:-8] == "|" and len(value) > 9 else _name_birth(value)
        for value in values
    ]


def _has_any(text: str, letters: str) -> bool:
    return any(letter in text for letter in letters)


_TOGETHER: Final[dict[str, Callable[[str], list[str] | None]]] = {
    "id_number": _all_identity_numbers,
    "phone": _all_phones,
    "email": _all_emails,
    "bank_card": lambda joined: _only(joined, _ASCII_NO_DIGITS),
    "account": lambda joined: _only(joined, _ASCII_SPACES),
    "name_birth": _all_names,
}
