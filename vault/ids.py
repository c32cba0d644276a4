"""Row identifiers: UUID version 7 (RFC 9562, section 5.7), alike in every installation.

Invariants:
- Identifiers made by one process strictly rise, so a bulk load fills its index from left to right.
- The 60 bits of time have a resolution of a quarter of a microsecond; the other 62 bits are random.
"""

import os
import threading
import time
from uuid import UUID

import numpy as np

from vault.matrix import Matrix

INSTALLATION = UUID(int=0)
"""The owner of keys that belong to the installation itself and to no organisation."""

_RANDOM_BITS = 62
_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_lock = threading.Lock()
_last_tick = 0


def new_id() -> UUID:
    """A fresh identifier, greater than every earlier one of this process."""
    return new_ids(1)[0]


def new_ids(count: int) -> list[UUID]:
    """``count`` fresh identifiers in rising order, with their randomness drawn at once."""
    noise = os.urandom(8 * count)
    first = _claim_ticks(count)
    return [
        _assemble(first + place, int.from_bytes(noise[8 * place : 8 * place + 8], "big"))
        for place in range(count)
    ]


def new_id_rows(count: int) -> Matrix:
    """``new_ids`` as a matrix of 16 bytes each."""
    noise = np.frombuffer(os.urandom(8 * count), dtype=">u8").astype(np.uint64)
    ticks = np.arange(count, dtype=np.uint64) + np.uint64(_claim_ticks(count))
    halves = np.empty((count, 2), dtype=">u8")
    halves[:, 0] = (ticks >> np.uint64(12) << np.uint64(16)) | np.uint64(7 << 12) | (ticks & np.uint64(0xFFF))
    halves[:, 1] = np.uint64(2 << _RANDOM_BITS) | (noise & np.uint64((1 << _RANDOM_BITS) - 1))
    return halves.view(np.uint8)


def _claim_ticks(count: int) -> int:
    """The first of ``count`` successive ticks that nobody in this process has or will get again."""
    global _last_tick  # noqa: PLW0603  the clock's last value is the state that makes identifiers rise
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    now = (milliseconds << 12) | (rest * 4096 // 1_000_000)
    with _lock:
        first = max(now, _last_tick + 1)
        _last_tick = first + count - 1
    return first


def _assemble(tick: int, noise: int) -> UUID:
    milliseconds, fraction = tick >> 12, tick & 0xFFF
    tail = noise & ((1 << _RANDOM_BITS) - 1)
    return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | (fraction << 64) | tail)
