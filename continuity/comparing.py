"""A restored database beside what was recorded of the live one; equal comparisons are kept too."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from continuity.measuring import Measures


class Comparison(msgspec.Struct, frozen=True):
    """One thing that was recorded and what was found of it; both as people read them."""

    kind: str
    name: str
    expected: str
    found: str

    @property
    def equal(self) -> bool:
        return self.expected == self.found


def compare_rows(recorded: Measures, restored: Measures) -> list[Comparison]:
    """Rows and checksum of every table, clients per custodian, wraps per holder and purpose."""
    return [
        *_pairs("rows", _column(recorded, "rows"), _column(restored, "rows")),
        *_pairs("checksum", _column(recorded, "checksum"), _column(restored, "checksum")),
        *_pairs("clients", recorded.clients, restored.clients),
        *_pairs("wraps", recorded.wraps, restored.wraps),
    ]


def compare_log(recorded: Measures, restored: Measures, recomputed: tuple[int, str]) -> list[Comparison]:
    """The head of the log as recorded, as restored, and as the restored entries give it."""
    size, root = recomputed
    return [
        Comparison("log", "size", str(recorded.log.size), str(restored.log.size)),
        Comparison("log", "checkpoint", _digest(recorded.log.checkpoint), _digest(restored.log.checkpoint)),
        Comparison("log", "recomputed_size", str(recorded.log.size), str(size)),
        Comparison("log", "recomputed_root", recorded.log.root, root),
    ]


def all_equal(comparisons: Iterable[Comparison]) -> bool:
    """Whether nothing differs."""
    return all(each.equal for each in comparisons)


def as_rows(comparisons: Iterable[Comparison]) -> list[dict[str, Any]]:
    """The comparisons as a drill keeps them."""
    return [{**msgspec.structs.asdict(each), "equal": each.equal} for each in comparisons]


def _digest(note: str) -> str:
    """A checkpoint's note is long: its SHA-256 stands for it."""
    return hashlib.sha256(note.encode()).hexdigest()


def _column(measures: Measures, name: str) -> dict[str, object]:
    return {table: getattr(figures, name) for table, figures in measures.tables.items()}


def _pairs(kind: str, recorded: Mapping[str, object], restored: Mapping[str, object]) -> Iterator[Comparison]:
    for name in sorted(recorded.keys() | restored.keys()):
        yield Comparison(kind, name, str(recorded.get(name, "—")), str(restored.get(name, "—")))
