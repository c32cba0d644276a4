"""Columns of one slice, and taking rows out of them. Pure.

Invariant: whatever a column holds beside its values shrinks along with them.
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

_FEW = 64
Column = TypeVar("Column", bound=Sequence[Any])


class Amounts(list[Decimal | None]):
    """Numbers as they were read; ``texts`` are the same as documents hold them, "" for none."""

    def __init__(self, values: Iterable[Decimal | None], texts: list[str] | None = None) -> None:
        super().__init__(values)
        self.texts = (
            ["" if value is None else format(value, "f") for value in self] if texts is None else texts
        )

    def at(self, rows: Sequence[int]) -> "Amounts":
        """Only these rows."""
        return Amounts([self[row] for row in rows], [self.texts[row] for row in rows])


def picked(column: Any, rows: Sequence[int]) -> Any:
    """Only these rows of a column, in this order."""
    if isinstance(column, Amounts):
        return column.at(rows)
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows]


def without(column: Any, rows: Collection[int]) -> Any:
    """A column without these rows."""
    if isinstance(column, Amounts):
        return Amounts(without(list(column), rows), without(column.texts, rows))
    if isinstance(column, np.ndarray):
        return column[left(len(column), rows)]
    if len(rows) > _FEW:
        return [value for row, value in enumerate(column) if row not in rows]
    kept = list(column)
    for row in sorted(rows, reverse=True):
        del kept[row]
    return kept


def left(count: int, rows: Collection[int]) -> list[int]:
    """The rows that are left without these."""
    return [row for row in range(count) if row not in rows]
