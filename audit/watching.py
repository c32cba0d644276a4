"""What stands beside the leaves while verification walks over them: tiles, own heads, a head kept outside.

Invariants:
- A watch is told of every leaf in order, and of the end; it reads what it compares with in the same order.
- Where leaves are missing in the middle nothing after them can be compared: that is said once, and the
  watches end there.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from django.db.models import Model, QuerySet

from audit import note
from audit.faults import FaultKind, Report
from audit.models import Checkpoint, Tile
from audit.tiles import split
from audit.tree import EMPTY_ROOT, TILE_WIDTH, Frontier, complete_root

Row = TypeVar("Row", bound=Model)


class Watch(Protocol):
    """Compares the growing tree with something."""

    def grown(self, leaf: bytes, frontier: Frontier) -> None:
        """``frontier`` has just taken in ``leaf``."""

    def end(self, frontier: Frontier) -> None:
        """There are no more leaves."""


class Tree:
    """Grows by the leaves of the log and tells the watches."""

    def __init__(self, report: Report, watches: Sequence[Watch]) -> None:
        self._report = report
        self._watches = watches
        self._frontier = Frontier()
        self._broken = False

    def append(self, index: int, leaf: bytes) -> None:
        """The next leaf in the log's order has this number."""
        self._report.leaves += 1
        if index != self._frontier.size and not self._broken:
            self._report.add(FaultKind.LEAF_MISSING, f"leaves {self._frontier.size} to {index - 1}")
            self._broken = True
        if not self._broken:
            self._frontier.append(leaf)
            for watch in self._watches:
                watch.grown(leaf, self._frontier)

    def end(self) -> None:
        """The log ends here."""
        if not self._broken:
            self._report.root = self._frontier.root().hex()
            for watch in self._watches:
                watch.end(self._frontier)


class TileWatch:
    """The stored tiles hold the hashes of the leaves, and the roots above them."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._rows: list[list[bytes]] = [[]]
        self._next: list[int] = [0]
        self._lowest = _tiles(_in_order(Tile.objects.filter(level=0), "index", 64))
        self._ahead = next(self._lowest, None)
        higher = Tile.objects.filter(level__gt=0).order_by("level", "index")
        self._higher = {place: tile for place, *tile in _tiles(higher)}

    def grown(self, leaf: bytes, frontier: Frontier) -> None:  # noqa: ARG002  the watch needs no root
        level, value = 0, leaf
        while True:
            row = self._rows[level]
            row.append(value)
            if len(row) < TILE_WIDTH:
                return
            value = complete_root(row)
            self._compare(level, self._next[level], row, value)
            self._rows[level], self._next[level] = [], self._next[level] + 1
            level += 1
            if level == len(self._rows):
                self._rows.append([])
                self._next.append(0)

    def end(self, frontier: Frontier) -> None:  # noqa: ARG002  the watch needs no root
        beyond = [*([self._ahead[0]] if self._ahead else []), *(place for place, *_ in self._lowest)]
        for level, index in [*beyond, *self._higher]:
            self._report.add(FaultKind.TILE_CHANGED, f"tile {level}/{index} has no leaves")

    def _compare(self, level: int, index: int, row: list[bytes], root: bytes) -> None:
        stored = self._stored(level, index)
        if stored is None:
            self._report.add(FaultKind.TILE_MISSING, f"tile {level}/{index}")
            return
        hashes = split(stored[0])
        if hashes != row and sorted(hashes) == sorted(row):
            moved = [place for place, pair in enumerate(zip(hashes, row, strict=True)) if pair[0] != pair[1]]
            first = index * TILE_WIDTH
            self._report.add(
                FaultKind.REORDERED, f"tile {level}/{index}, places {first + moved[0]} to {first + moved[-1]}"
            )
        elif hashes != row or stored[1] != root:
            self._report.add(FaultKind.TILE_CHANGED, f"tile {level}/{index}")

    def _stored(self, level: int, index: int) -> Sequence[bytes] | None:
        if level:
            return self._higher.pop((level, index), None)
        if self._ahead is None or self._ahead[0] != (level, index):
            return None
        _, *stored = self._ahead
        self._ahead = next(self._lowest, None)
        return stored


class HeadWatch:
    """The log's own checkpoints are signed by its key and give the roots that its leaves give."""

    def __init__(self, report: Report, key: note.LogKey) -> None:
        self._report = report
        self._key = key
        self._heads = _in_order(Checkpoint.objects.all(), "size", 500)
        self._head = next(self._heads, None)
        self._covered = 0
        self._same = True

    def grown(self, leaf: bytes, frontier: Frontier) -> None:  # noqa: ARG002  the root is what counts
        if self._head is None or self._head.size != frontier.size:
            return
        if self._same and bytes(self._head.root) != frontier.root():
            self._same = False
            self._report.add(FaultKind.ROOT_DIFFERS, f"leaves {self._covered} to {frontier.size - 1}")
        self._covered = frontier.size
        self._check(self._head)
        self._head = next(self._heads, None)

    def end(self, frontier: Frontier) -> None:
        while self._head is not None:
            self._check(self._head)
            self._report.add(
                FaultKind.TRUNCATED, f"{frontier.size} leaves, the log's own checkpoint has {self._head.size}"
            )
            self._head = next(self._heads, None)
        if self._covered < frontier.size and self._same:
            self._report.add(FaultKind.UNSIGNED, f"leaves {self._covered} to {frontier.size - 1}")

    def _check(self, head: Checkpoint) -> None:
        self._report.checkpoints += 1
        try:
            signed = note.parse(head.note)
        except note.NoteError as error:
            self._report.add(FaultKind.CHECKPOINT_CHANGED, f"checkpoint {head.size}: {error}")
            return
        if signed.head != note.Head(self._key.name, head.size, bytes(head.root)):
            self._report.add(FaultKind.CHECKPOINT_CHANGED, f"checkpoint {head.size}")
        try:
            note.check(signed, self._key)
        except note.NoteError as error:
            self._report.add(FaultKind.SIGNATURE_WRONG, f"checkpoint {head.size}: {error}")


class OutsideWatch:
    """The log still begins with what a checkpoint, kept outside the house, says."""

    def __init__(self, report: Report, key: note.LogKey, text: str) -> None:
        self._report = report
        self._head: note.Head | None = None
        try:
            kept = note.parse(text)
        except note.NoteError as error:
            report.add(FaultKind.NOTE_UNREADABLE, str(error))
            return
        self._head = kept.head
        report.outside_size = kept.head.size
        try:
            note.check(kept, key)
        except note.NoteError as error:
            report.add(FaultKind.SIGNATURE_WRONG, f"the checkpoint kept outside: {error}")
        if kept.head.size == 0 and kept.head.root != EMPTY_ROOT:
            report.add(FaultKind.FORKED, "size 0")

    def grown(self, leaf: bytes, frontier: Frontier) -> None:  # noqa: ARG002  the root is what counts
        if self._head and frontier.size == self._head.size and frontier.root() != self._head.root:
            self._report.add(FaultKind.FORKED, f"size {frontier.size}")

    def end(self, frontier: Frontier) -> None:
        if self._head and frontier.size < self._head.size:
            self._report.add(
                FaultKind.TRUNCATED,
                f"{frontier.size} leaves, the checkpoint kept outside has {self._head.size}",
            )


def _in_order(rows: QuerySet[Row], key: str, at_once: int) -> Iterator[Row]:
    """All rows by rising ``key``, some at a time, with no cursor held open in between."""
    last = -1
    while page := list(rows.filter(**{f"{key}__gt": last}).order_by(key)[:at_once]):
        yield from page
        last = getattr(page[-1], key)


def _tiles(rows: Iterable[Tile]) -> Iterator[tuple[tuple[int, int], bytes, bytes]]:
    for tile in rows:
        yield (tile.level, tile.index), bytes(tile.hashes), bytes(tile.root)
