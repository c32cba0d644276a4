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
_CHECKS: Final = np.frombuffer(b"10X98765432", dtype=np.uint8)
_SHAPE_18: Final = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
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
    good = [bool(_SHAPE_18.fullmatch(number)) for number in upper]
    places = [place for place, fine in enumerate(good) if fine]
    if places:
        matrix = np.frombuffer("".join(upper[place] for place in places).encode(), dtype=np.uint8).reshape(
            -1, 18
        )
        sums = (matrix[:, :17].astype(np.int64) - 48) @ _WEIGHTS
        holds = (_CHECKS[sums % 11] == matrix[:, 17]).tolist()
        for place, fine in zip(places, holds, strict=True):
            good[place] = fine and _day(upper[place][6:14]) is not None
    for place, number in enumerate(upper):
        if len(number) == 15:
            good[place] = bool(_SHAPE_15.fullmatch(number)) and _day("19" + number[6:12]) is not None
    return good


def residence_permit_holds(number: str) -> bool:
    """The 18-character rule, with one of the three regions in front."""
    return number.startswith(_PERMIT_REGIONS) and len(number) == 18 and citizen_numbers_hold([number])[0]


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
