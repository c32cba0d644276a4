"""The framing between parent and child. Pure; ``docs/formats/intake.md`` describes it.

Invariants:
- A frame is one letter, four bytes of length (big endian), and that many bytes; none is longer than
  ``bounds.FRAME_BYTES``.
- What the parent decodes it decodes into declared types; anything else is nonsense, not data.
"""

import struct
from typing import Final

import msgspec

HEAD: Final = struct.Struct(">cI")
PAGE: Final = struct.Struct(">QI")

# From parent to child: what is wanted, and the page that was asked for.
WISH, DATA = b"W", b"D"
# From child to parent.
LOCKED, ASK, SHAPE, RECORDS, MEMBER, PIECE, REFUSED, END = b"L", b"A", b"S", b"R", b"M", b"P", b"X", b"E"


class Wish(msgspec.Struct, frozen=True):
    """What the child is to do. ``task``: shape, records, members; ``format`` and ``encoding`` may be empty
    where the child is to find out. ``most`` ends the records early; ``names`` are the members wanted.
    """

    task: str
    size: int
    format: str = ""
    encoding: str = ""
    most: int = 0
    names: list[str] = []


class Shape(msgspec.Struct, frozen=True):
    """What the child found the file to be."""

    format: str
    encoding: str = ""
    index: str = ""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One row: its number in the source, one letter per cell, and the cells as text.

    Letters: t text, n number, d date, b truth value, f formula, e error value. An empty string of letters
    means text throughout.
    """

    number: int
    kinds: str
    cells: list[str]


class Member(msgspec.Struct, frozen=True, array_like=True):
    """The next pieces belong to the wanted name at this place; ``found`` is whether there is such a member."""

    place: int
    found: bool


class Refusal(msgspec.Struct, frozen=True, array_like=True):
    """Why the child will not read the file."""

    code: str
    params: dict[str, str | int]


RECORDS_TYPE: Final = list[Record]
KINDS: Final = frozenset("tndbfe")


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """The bytes of one frame."""
    return HEAD.pack(kind, len(payload)) + payload
