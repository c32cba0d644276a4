"""Numbers that carry a check: identity numbers, credit codes, bank cards, account numbers.

Invariants: what these functions return passes its own checksum; two different serials below
``SERIALS`` never give the same number, so an identity occurs twice only where it was planted.
Sources: GB 11643-1999 (identity number), GB 32100-2015 (credit code), ISO/IEC 7812 (Luhn).
"""
# ruff: noqa: SIM905 - long lists of words read better as one string

import datetime as dt

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_SEQUENCES = 999
_DAY_BUCKETS = 32

REGIONS = (
    "110101 110102 110105 110106 110108 110111 120101 120103 120110 130102 130203 140105 150102 "
    "210102 210202 220102 230103 310101 310104 310106 310112 310115 320102 320505 320211 320302 "
    "330102 330106 330203 330302 340102 340202 350102 350203 360102 370102 370202 370602 410102 "
    "410302 420102 420106 430102 430105 440103 440106 440111 440303 440304 440305 440402 440604 "
    "450102 460105 500103 510104 510107 520102 530102 610102"
).split()
OTHER_REGIONS = (
    "110107 120104 130104 140106 210103 220103 230102 310105 310107 310110 320104 320106 330104 "
    "330105 340103 350103 350205 360103 370103 370203 410103 420103 430103 440104 440105 440112 "
    "440306 500105 510105 610103"
).split()
_RESIDENCE_REGIONS = ("810000", "820000", "830000")
SERIALS = len(REGIONS) * _SEQUENCES * _DAY_BUCKETS


def id_check_digit(first17: str) -> str:
    """The eighteenth character of an identity number."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True))
    return _ID_CHECK[total % 11]


def spread(serial: int, seed: int, modulus: int, factor: int = 7919) -> int:
    """A different place for every serial below ``modulus``; ``factor`` must share no divisor with it."""
    return (serial * factor + seed * 104_729) % modulus


def identity(serial: int, birth: dt.date, *, seed: int, other_firm: bool = False) -> tuple[str, str]:
    """An 18-character identity number and the sex it tells; the birth date may need `settle_birth` first."""
    regions = OTHER_REGIONS if other_firm else REGIONS
    place = spread(serial, seed, len(regions) * _SEQUENCES * _DAY_BUCKETS)
    region = regions[place % len(regions)]
    sequence = place // len(regions) % _SEQUENCES + 1
    first17 = f"{region}{birth.year}{birth.month:02d}{birth.day:02d}{sequence:03d}"
    return first17 + id_check_digit(first17), "男" if sequence % 2 else "女"


def settle_birth(serial: int, birth: dt.date, *, seed: int, other_firm: bool = False) -> dt.date:
    """Move a birth date by at most a month: persons who share region and sequence differ in the day."""
    regions = len(OTHER_REGIONS if other_firm else REGIONS)
    place = spread(serial, seed, regions * _SEQUENCES * _DAY_BUCKETS)
    bucket = place // (regions * _SEQUENCES)
    ordinal = birth.toordinal()
    return dt.date.fromordinal(ordinal - ordinal % _DAY_BUCKETS + bucket)


def identity15(number18: str) -> str:
    """The same person's number as written before 1999: no century, no check character."""
    return number18[:6] + number18[8:17]


def residence_permit(serial: int, birth: dt.date) -> str:
    """A residence permit for people from Hong Kong, Macao or Taiwan; checked like an identity number."""
    first17 = f"{_RESIDENCE_REGIONS[serial % 3]}{birth:%Y%m%d}{serial // 3 % 999 + 1:03d}"
    return first17 + id_check_digit(first17)


def _base(number: int, alphabet: str, width: int) -> str:
    letters = ""
    for _ in range(width):
        number, rest = divmod(number, len(alphabet))
        letters = alphabet[rest] + letters
    return letters


def credit_code(serial: int, *, other_firm: bool = False) -> str:
    """A unified social credit code with both of its check characters."""
    regions = OTHER_REGIONS if other_firm else REGIONS
    body = _base(200_000_000 + serial * 1_009, _USCC_ALPHABET, 8)
    total = sum(_ORG_ALPHABET.index(c) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True))
    organisation = body + "0123456789X0"[(11 - total % 11) % 11]
    first17 = "91" + regions[serial % len(regions)] + organisation
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return first17 + _USCC_ALPHABET[(31 - total % 31) % 31]


def wrong_check(number: str) -> str:
    """The same number with a last character that cannot be right."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def bank_card(serial: int) -> str:
    """A 19-digit card number that passes Luhn; its issuer prefix is not assigned to a bank."""
    body = f"629999{serial:012d}"
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{body}{-total % 10}"


def mobile(serial: int, seed: int) -> str:
    """A mainland mobile number."""
    place = spread(serial, seed, 7 * 10**8, 104_743)
    return f"1{3 + place // 10**8}{place % 10**8 * 9 % 10**9:09d}"


def money(cents: int) -> str:
    """Cents as a number with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"
