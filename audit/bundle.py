"""The file of exported leaves: every body behind its length in two bytes, big-endian (C2SP tlog-tiles).

Invariants:
- The bytes of an entry are exactly those that its leaf hashes.
- A file that ends within an entry is refused.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

LENGTH_BYTES: Final = 2


class BundleError(Exception):
    """The file is not a sequence of whole entries."""


def entry(body: bytes) -> bytes:
    """The entry of one leaf."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def bodies(file: BinaryIO) -> Iterator[bytes]:
    """The bodies in the file, in order.

    Raises:
        BundleError: it ends too early.
    """
    while length := file.read(LENGTH_BYTES):
        body = file.read(int.from_bytes(length, "big"))
        if len(length) < LENGTH_BYTES or len(body) < int.from_bytes(length, "big"):
            raise BundleError("the file ends within an entry")
        yield body
