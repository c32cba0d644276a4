"""Splitting at commas gives what the csv module gives, and names every cell that must be looked at."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from transfer.importing.parse import BLANKS, FORBIDDEN, _numbered_rows, _split

CELL = st.text(st.sampled_from('ab"，,\r\n 䶮中\t\u200b\x0b\u3000𠮷'), max_size=8)
TEXT = st.text(st.sampled_from('ab",\r\n \t中'), max_size=60)


def written(rows, end: str, quoting: int) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, lineterminator=end).writerows(rows)
    return out.getvalue()


TABLE = st.builds(
    written,
    st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)


@settings(max_examples=600)
@given(text=TEXT | TABLE | TABLE.map(lambda text: text.rstrip("\r\n")))
def test_the_records_are_those_of_the_csv_module(text):
    found = _split(text, 2)
    if found is None:
        return
    assert (found.lines, found.rows) == _numbered_rows(text, 2)


@settings(max_examples=600)
@given(text=TABLE)
def test_no_strange_or_long_cell_is_overlooked(text):
    found = _split(text, 2)
    if found is None:
        return
    for place, row in enumerate(found.rows):
        if any(FORBIDDEN.search(cell) or cell.strip(BLANKS) != cell for cell in row):
            assert place in found.odd
        assert found.longest is None or all(len(cell) <= found.longest for cell in row)


def test_a_plain_text_is_split_at_once_and_a_lone_return_is_not():
    assert _split("1,2\r\n3,4\r\n", 2).rows == [["1", "2"], ["3", "4"]]
    assert _split("1,2\r\n3\r,4\r\n", 2) is None
