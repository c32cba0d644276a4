"""The bytes of many rows side by side, so that a batch is laid out without a step of Python per row. Pure.

Invariants:
- A matrix has one row per row of the batch; every row of it is equally wide.
- Numbers are big-endian, as in every format of ours and in PostgreSQL's binary COPY.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.uint8]


def beside(count: int, *parts: bytes | Matrix) -> Matrix:
    """The parts of each row one after another; bytes stand in every row alike."""
    columns = [np.frombuffer(part, dtype=np.uint8) if isinstance(part, bytes) else part for part in parts]
    joined = np.empty((count, sum(column.shape[-1] for column in columns)), dtype=np.uint8)
    start = 0
    for column in columns:
        stop = start + column.shape[-1]
        joined[:, start:stop] = column
        start = stop
    return joined


def rows_of(matrix: Matrix) -> list[bytes]:
    """Each row as bytes."""
    width, data = matrix.shape[1], matrix.tobytes()
    return [data[start : start + width] for start in range(0, len(data), width)]


def matrix_of(rows: Sequence[bytes], width: int) -> Matrix:
    """Rows of ``width`` bytes each as a matrix; raises ValueError for any other width."""
    if any(len(row) != width for row in rows):
        raise ValueError(f"rows of {width} bytes are expected")
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), width)


def numbers(values: Iterable[int] | npt.NDArray[Any], width: int) -> Matrix:
    """Signed whole numbers of ``width`` bytes each."""
    array = values if isinstance(values, np.ndarray) else np.array(list(values), dtype=np.int64)
    return np.ascontiguousarray(array.astype(f">i{width}")).view(np.uint8).reshape(len(array), width)


def lengths(values: Iterable[bytes | str]) -> npt.NDArray[np.int64]:
    """How long each value is."""
    return np.fromiter(map(len, values), dtype=np.int64)
