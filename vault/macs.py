"""AES-CMAC of many short messages at once. Pure.

Invariants:
- Each result is the CMAC of NIST SP 800-38B (RFC 4493) with AES-256 of its message alone, as the library
  computes it one by one; only the work is shared: one call of the cipher per block of the longest message.
- The cipher is used on single blocks, inside the MAC; nothing is encrypted for keeping.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from vault.matrix import Matrix, lengths

MAC_BYTES: Final = 16
_BLOCK: Final = 16
# Longer ones go one by one, so that one long message does not make the table of all others wide.
_MOST_BLOCKS: Final = 8
_REDUCTION: Final = 0x87
_END: Final = 0x80


def macs(key: bytes, messages: Sequence[str]) -> Matrix:
    """The MAC of each message, in UTF-8, as a row of 16 bytes."""
    joined = "".join(messages)
    data = messages if joined.isascii() else [message.encode() for message in messages]
    sizes = lengths(data)
    stream = np.frombuffer(joined.encode(), dtype=np.uint8)
    long = sizes > _MOST_BLOCKS * _BLOCK
    if not long.any():
        return _short(key, stream, sizes)
    found = np.empty((len(messages), MAC_BYTES), dtype=np.uint8)
    found[~long] = _short(key, stream[~np.repeat(long, sizes)], sizes[~long])
    for place in np.flatnonzero(long).tolist():
        found[place] = np.frombuffer(_single(key, messages[place].encode()), dtype=np.uint8)
    return found


def _single(key: bytes, message: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def _short(key: bytes, stream: npt.NDArray[np.uint8], sizes: npt.NDArray[np.int64]) -> Matrix:
    """The messages stand one after another in ``stream``; each becomes a row of padded blocks."""
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  single blocks within the MAC
    subkeys = _subkeys(cipher.update(bytes(_BLOCK)))
    blocks = np.maximum(1, -(-sizes // _BLOCK))
    padded = sizes < blocks * _BLOCK
    table = _table(stream, sizes, padded, int(blocks.max(initial=1)))
    masks = subkeys[padded.astype(np.intp)]
    found = np.zeros((len(sizes), 2), dtype=np.uint64)
    for number in range(table.shape[1] // 2):
        state = found ^ table[:, 2 * number : 2 * number + 2]
        last, goes_on = (blocks == number + 1)[:, None], (blocks > number)[:, None]
        state ^= np.where(last, masks, np.uint64(0))
        done = np.frombuffer(cipher.update(state.tobytes()), dtype=np.uint64).reshape(-1, 2)
        found = np.where(goes_on, done, found)
    return found.view(np.uint8)


def _table(
    stream: npt.NDArray[np.uint8], sizes: npt.NDArray[np.int64], padded: npt.NDArray[np.bool_], most: int
) -> npt.NDArray[np.uint64]:
    """Each message in a row of ``most`` blocks, padded as the standard says, eight bytes to a number."""
    table = np.zeros((len(sizes), most * _BLOCK), dtype=np.uint8)
    table[np.arange(most * _BLOCK) < sizes[:, None]] = stream
    rows = np.flatnonzero(padded)
    table[rows, sizes[rows]] = _END
    return table.view(np.uint64)


def _subkeys(zero: bytes) -> npt.NDArray[np.uint64]:
    """The masks of the last block: for a whole one, for a padded one (SP 800-38B, 6.1)."""
    first = _doubled(zero)
    return np.frombuffer(first + _doubled(first), dtype=np.uint64).reshape(2, 2)


def _doubled(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") << 1
    if number >> (8 * _BLOCK):
        number = (number & ((1 << 8 * _BLOCK) - 1)) ^ _REDUCTION
    return number.to_bytes(_BLOCK, "big")
