"""Every file made to do harm is refused by name within memory and time, by a child that is gone afterwards."""

import os

import pytest

from intake import bounds, frames
from intake.errors import Unreadable
from intake.reading import Bytes, Child
from intake.tests.hostile import HOSTILE, made


def read_whole(data: bytes) -> tuple[str, list[Child]]:
    """The refusal's code, or empty; and the children that read: the shape, then everything in it."""
    children = []
    for wish in (
        frames.Wish("shape", len(data), "zip"),
        frames.Wish("members", len(data), "zip", names=["*index"]),
    ):
        with Child(Bytes(data)) as child:
            children.append(child)
            try:
                child.ask(wish)
                for _ in child.answers():
                    pass
            except Unreadable as refusal:
                return refusal.code, children
    return "", children


@pytest.mark.parametrize("case", [name for name, (file, _, _) in HOSTILE.items() if "PDF" not in name])
def test_it_stays_within_memory_and_time_and_is_refused_by_name(case):
    name, _, codes = HOSTILE[case]
    mine = os.getpid()
    code, children = read_whole(made(case))
    # A workbook that is only empty of sense is refused later, by its headings.
    assert code in codes or "file.unknown_field" in codes
    for child in children:
        assert child.peak_bytes <= bounds.MEMORY_BYTES
        assert child.cpu_seconds <= bounds.CPU_SECONDS
    assert os.getpid() == mine


def test_what_the_reader_holds_is_told_apart_from_what_its_parent_holds():
    parents = bytearray(b"\x01") * (600 * 1024 * 1024)
    _code, children = read_whole(made("a billion laughs"))
    assert len(parents) > bounds.MEMORY_BYTES
    assert all(0 < child.peak_bytes <= bounds.MEMORY_BYTES for child in children)
