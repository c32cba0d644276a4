"""Identity numbers of persons and institutions: whether their check characters hold. Pure.

Sources: GB 11643-1999 (citizen identity number, also used by residence permits for residents of Hong
Kong, Macao and Taiwan), GB 32100-2015 (unified social credit code).
"""

import datetime
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

_WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_PLACES: Final = np.array([1000, 100, 10, 1], dtype=np.int64)
_LAST_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_CHECKS: Final = np.frombuffer(b"10X98765432", dtype=np.uint8)
_SHAPE_15: Final = re.compile(r"[1-9]\d{14}", re.ASCII)
_PERMIT_REGIONS: Final = ("810000", "820000", "830000")
_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_VALUES: Final = {letter: value for value, letter in enumerate(_CODE_ALPHABET)}
_CODE_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def citizen_numbers_hold(numbers: Sequence[str]) -> list[bool]:
    """For each number: 18 characters with the right check character and a real birth date, or the old
    15 digits with a real birth date. A trailing x counts as X.
    """
    upper = [number.upper() for number in numbers]
    good = [False] * len(upper)
    modern = [place for place, number in enumerate(upper) if len(number) == 18 and number.isascii()]
    for place, fine in zip(modern, _modern_hold("".join(upper[place] for place in modern)), strict=True):
        good[place] = fine
    for place, number in enumerate(upper):
        if len(number) == 15:
            good[place] = bool(_SHAPE_15.fullmatch(number)) and _day("19" + number[6:12]) is not None
    return good


def _modern_hold(numbers: str) -> list[bool]:
    """The same of numbers of 18 ASCII characters, one after another."""
    letters = np.frombuffer(numbers.encode(), dtype=np.uint8).reshape(-1, 18)
    digits = letters[:, :17].astype(np.int64) - 48
    shaped = ((digits >= 0) & (digits <= 9)).all(axis=1) & (digits[:, 0] > 0)
    checked = _CHECKS[(digits @ _WEIGHTS) % 11] == letters[:, 17]
    years, months, days = (
        digits[:, 6:10] @ _PLACES,
        digits[:, 10:12] @ _PLACES[2:],
        digits[:, 12:14] @ _PLACES[2:],
    )
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    longest = _LAST_DAYS[np.where((months >= 1) & (months <= 12), months, 0)] + (leap & (months == 2))
    found: list[bool] = (shaped & checked & (years > 0) & (days >= 1) & (days <= longest)).tolist()
    return found


def residence_permits_hold(numbers: Sequence[str]) -> list[bool]:
    """The 18-character rule, with one of the three regions in front."""
    return [
        fine and len(number) == 18 and number.startswith(_PERMIT_REGIONS)
        for number, fine in zip(numbers, citizen_numbers_hold(numbers), strict=True)
    ]


def credit_code_holds(code: str) -> bool:
    """Eighteen characters of the 31-letter alphabet and the right check character."""
    if len(code) != 18 or any(letter not in _CODE_VALUES for letter in code):
        return False
    total = sum(
        _CODE_VALUES[letter] * weight for letter, weight in zip(code[:17], _CODE_WEIGHTS, strict=True)
    )
    return _CODE_VALUES[code[17]] == (31 - total % 31) % 31


def birth_date_in(number: str) -> datetime.date | None:
    """The birth date a citizen number carries."""
    if len(number) == 18:
        return _day(number[6:14])
    if len(number) == 15:
        return _day("19" + number[6:12])
    return None


@lru_cache(maxsize=65_536)
def _day(digits: str) -> datetime.date | None:
    try:
        return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
