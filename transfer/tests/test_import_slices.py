"""Cutting: slices hold whole records, lose nothing, and know their lines."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import Refused
from transfer.importing.parse import read_records
from transfer.importing.plan import cut
from transfer.importing.texts import blocks_of

CELLS = st.text(st.sampled_from('ab"，,\r\n 䶮中'), max_size=6)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=30)


def written(rows, encoding: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["head", "head2"], *rows])
    return out.getvalue().encode(encoding)


@given(
    rows=ROWS,
    size=st.integers(1, 60),
    block=st.integers(1, 40),
    encoding=st.sampled_from(["utf-8", "gb18030"]),
)
def test_the_slices_together_are_the_file(rows, size, block, encoding):
    data = written(rows, encoding)
    slices = list(cut(blocks_of(data, block), size))
    header = data[: slices[0].offset] if slices else data
    assert header + b"".join(data[at.offset : at.offset + at.length] for at in slices) == data
    found = []
    for at in slices:
        piece = data[at.offset : at.offset + at.length]
        table = read_records(piece, encoding=encoding, first_line=at.first_line, width=2)
        assert not table.faults
        found += list(zip(table.lines, *table.columns, strict=True))
    assert [[a, b] for _, a, b in found] == rows
    line = 2 + 0
    for number, a, b in found:
        assert number == line
        line += 1 + a.count("\n") + b.count("\n")


def test_it_names_the_line_of_a_quote_that_is_never_closed():
    with pytest.raises(Refused) as refusal:
        list(cut(blocks_of(b'a,b\r\n1,2\r\n3,"4\r\n5,6\r\n'), 100))
    assert (refusal.value.code, refusal.value.params["line"]) == ("file.truncated", 3)


def test_it_refuses_a_record_that_never_ends_before_the_file_is_in_memory():
    endless = iter([b'a,b\n1,"'] + [b"x\n" * 500_000] * 40)
    with pytest.raises(Refused):
        list(cut(endless, 1000))
    assert next(endless, None) is not None


def test_a_ragged_line_keeps_its_number_and_blank_lines_are_none():
    table = read_records(b"1,2\r\n\r\n3\r\n4,5,6\r\n7,8\r\n", encoding="utf-8", first_line=2, width=2)
    assert table.lines == [2, 6]
    assert [(fault.line, fault.code) for fault in table.faults] == [(4, "ragged_row"), (5, "ragged_row")]
    assert table.rows == 4


def test_a_lone_carriage_return_outside_quotes_is_read_and_shown_as_a_control_character():
    table = read_records(b"1,a\rb\r\n", encoding="utf-8", first_line=2, width=2)
    assert table.columns[1] == ["a\x0bb"]
