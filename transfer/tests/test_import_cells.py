"""Cells: what each parser accepts and how it names what it refuses."""

import datetime
from decimal import Decimal

import pytest

from clients.fields import HOLDINGS
from transfer.importing.parse import Table
from transfer.importing.recognise import columns_of
from transfer.importing.validate import check

HEADER = ["客户号", "资金账号", "证券账号", "市场", "证券代码", "持仓数量", "币种", "市值"]
GOOD = ["000000000017", "80001", "A123456789", "沪", "600519", "100", "CNY", "1234.50"]


def checked(*rows, widths=None, limit=100):
    table = Table(
        list(range(2, 2 + len(rows))), [list(column) for column in zip(*rows, strict=True)], rows=len(rows)
    )
    return check(table, columns_of("holdings", HEADER), HOLDINGS, widths=widths or {}, limit=limit)


def spoiled(heading: str, cell: str, **more):
    row = list(GOOD)
    row[HEADER.index(heading)] = cell
    found = checked(GOOD, row, **more)
    return [(HEADER[fault.place], fault.code) for fault in found.faults]


@pytest.mark.parametrize(
    ("heading", "cell", "code"),
    [
        ("证券代码", "", "required_missing"),
        ("证券代码", "  ", "required_missing"),
        ("资金账号", "8.00001E+10", "scientific_notation"),
        ("资金账号", "8e4", "scientific_notation"),
        ("持仓数量", "35..56", "number_invalid"),
        ("持仓数量", "1e5", "scientific_notation"),
        ("持仓数量", "1,23", "number_invalid"),
        ("持仓数量", "１２", "number_invalid"),
        ("持仓数量", "NaN", "number_invalid"),
        ("市场", "纽约", "value_unknown"),
        ("客户号", "17", "leading_zero_lost"),
        ("证券代码", "651", "leading_zero_lost"),
        ("证券账号", "A12345\u202e6789", "control_character"),
        ("证券账号", "A\u200b123456789", "control_character"),
        ("证券账号", "A" * 101, "too_long"),
    ],
)
def test_a_cell_is_refused_by_name(heading, cell, code):
    assert spoiled(heading, cell, widths={"client_no": 12, "code": 6}) == [(heading, code)]


def test_money_is_decimal_and_thousands_may_be_grouped():
    found = checked([*GOOD[:-1], "1,234,567.89"])
    assert found.values["market_value"] == [Decimal("1234567.89")]
    assert found.sums == {"持仓数量": Decimal(100), "市值": Decimal("1234567.89")}


def test_blanks_at_the_ends_go_and_nothing_else():
    found = checked(["\t000000000017 ", *GOOD[1:]])
    assert found.values["client_no"] == ["000000000017"]


def test_a_line_has_one_fault_the_first_by_column():
    assert spoiled("客户号", "17", widths={"client_no": 12}) == [("客户号", "leading_zero_lost")]
    row = ["17", *GOOD[1:5], "x", "CNY", "y"]
    found = checked(row, widths={"client_no": 12})
    assert [(fault.place, fault.code) for fault in found.faults] == [(0, "leading_zero_lost")]


def test_control_sums_add_what_can_be_read_on_refused_lines_too():
    table = Table([2], [[cell] for cell in GOOD], rows=2, refused={3: [*GOOD[:-1], "0.50", "one too many"]})
    found = check(table, columns_of("holdings", HEADER), HOLDINGS, widths={}, limit=100)
    assert found.sums["市值"] == Decimal("1235.00")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20240229", datetime.date(2024, 2, 29)),
        ("2024-02-29", datetime.date(2024, 2, 29)),
        ("2024/02/29", datetime.date(2024, 2, 29)),
        ("20230229", None),
        ("20230230", None),
        ("2024-0229", None),
        ("240229", None),
    ],
)
def test_dates_are_real_days(text, day):
    from transfer.importing.validate import _WRONG, _day

    assert _day(text) == (day if day else _WRONG)


def test_no_two_fields_of_a_kind_share_a_heading():
    from clients.fields import LAYOUTS, plain

    for layout in LAYOUTS.values():
        names = [name for item in layout.fields for name in {plain(name) for name in item.names()}]
        assert len(names) == len(set(names)), layout.kind
