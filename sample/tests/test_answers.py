"""The answers equal what a second, naive reading of the written files finds."""

import csv
import json
from collections import Counter
from decimal import Decimal

import pytest

from sample.tests.conftest import AS_OF
from sample.tests.naive import Load, findings, read

SUMS = ("资金余额", "持仓数量", "市值", "成交金额")


@pytest.fixture(scope="module")
def first(world):
    return Load().load(world / "transferor", SUMS)


@pytest.fixture(scope="module")
def mended(world):
    return Load().load(world / "transferor").load(world / "mended")


@pytest.fixture(scope="module")
def other_numbers(world):
    _, headings, rows = read(world / "transferee", "客户资料")
    return {dict(zip(headings, cells))["证件号码"].strip().upper() for _, cells in rows}


def test_every_reject_is_found_at_its_line_and_column_and_no_other(first, answers):
    for name, answer in answers["files"].items():
        assert first.rejects[name] == answer["rejects"], name
        assert first.rows[name] == answer["rows"]
        assert answer["rows"] - len(answer["rejects"]) == answer["accepted"]


def test_the_declared_totals_are_those_of_the_files(first, answers, world):
    with (world / "transferor" / "控制总数.csv").open(encoding="utf-8", newline="") as text:
        declared = list(csv.reader(text))[1:]
    assert declared == answers["control"]
    got = [
        [name, int(rows), column, Decimal(total) if total else None] for name, rows, column, total in declared
    ]
    assert got == first.control


def test_after_mending_everything_that_should_be_in_is_in(first, mended, answers):
    for name, answer in answers["files"].items():
        stem = name.split(".")[0]
        assert mended.rejects[name] == first.rejects[name], "a mended row was refused"
        assert len(mended.kept[stem]) == answer["after_mending"]
        assert answer["mended_rows"] + len(answer["left_out"]) == len(answer["rejects"])
    assert len(mended.kept["客户资料"]) == answers["clients"]


@pytest.mark.parametrize("when", ["first", "after_mending"])
def test_the_findings_are_those_of_the_rules(when, first, mended, answers, other_numbers):
    kept = (first if when == "first" else mended).kept
    found = findings(kept, other_numbers, AS_OF)
    for code, numbers in answers["findings"][when].items():
        assert sorted(found[code]) == numbers, code
        assert numbers, f"nobody has {code}"
        assert answers["finding_counts"][when][code] == len(numbers)


def test_every_reject_code_of_the_sample_occurs(answers):
    codes = {reject[3] for answer in answers["files"].values() for reject in answer["rejects"]}
    assert codes == {
        "required_missing",
        "id_checksum",
        "uscc_checksum",
        "date_invalid",
        "leading_zero_lost",
        "duplicate_key",
        "unknown_client",
        "value_unknown",
        "number_invalid",
        "scientific_notation",
        "number_cell",
        "formula_cell",
        "ragged_row",
        "control_character",
        "document_missing",
        "document_digest",
    }


def test_identities_that_must_not_match_do_not(answers, mended, other_numbers):
    numbers = {row["客户号"]: row["证件号码"] for row in mended.kept["客户资料"]}
    assert len(answers["non_matches"]) >= 3
    assert not [pair for pair in answers["non_matches"] if numbers[pair[0]] in other_numbers]
    assert len(answers["matches"]) == answers["finding_counts"]["after_mending"]["duplicate_across"]


def test_the_verdicts_follow_from_the_evidence(world, answers):
    def rows(name):
        with (world / "evidence" / name).open(encoding="utf-8", newline="") as text:
            return list(csv.DictReader(text))

    attempts, delivered = Counter(), set()
    for row in rows("送达凭证.csv"):
        attempts[row["客户号"]] += 1
        if row["结果"] == "已送达":
            assert row["送达日期"] == "20261015"
            delivered.add(row["客户号"])
    counts = answers["verdict_counts"]
    bounced = set(attempts) - delivered
    assert counts["notified_individually"] == len(delivered)
    assert sorted(answers["verdicts"]["served_by_announcement"]) == sorted(bounced)
    assert all(attempts[number] >= 2 for number in bounced)
    assert len(attempts) == counts["clients"] == answers["clients"]
    assert rows("公告.csv")[0]["刊登日期"] == "20261015"
    in_time = [row for row in rows("异议.csv") if row["提出日期"] <= "20261114"]
    assert counts["late_objection"] == len(rows("异议.csv")) - len(in_time) == 1
    assert max(row["提出日期"] for row in in_time) == "20261114", "nobody objects on the last day"
    assert counts["objected"] == len(in_time)
    leaving = [row["客户号"] for row in in_time if row["处理方式"] != "仅异议"]
    assert counts["leaving"] == len(leaving)
    assert counts["moving"] == answers["clients"] - len(leaving)


def test_the_truth_is_what_the_accepted_rows_add_up_to(world, mended):
    held, markets = Counter(), {"沪": "SH", "深": "SZ", "北": "BJ", "场外": "OTC"}
    for row in mended.kept["持仓"]:
        held[row["客户号"], row["证券账号"], markets[row["市场"]], row["证券代码"]] += Decimal(
            row["持仓数量"]
        )
    with (world / "truth" / "depository.csv").open(encoding="utf-8", newline="") as text:
        truth = {tuple(row[:4]): Decimal(row[4]) for row in list(csv.reader(text))[1:]}
    assert truth == dict(held)
    with (world / "truth" / "banks.csv").open(encoding="utf-8", newline="") as text:
        cash = {(row["source_no"], row["fund_account"]): row["balance"] for row in csv.DictReader(text)}
    assert cash == {
        (row["客户号"], row["账户号码"]): row["资金余额"]
        for row in mended.kept["账户资料"]
        if row["存管银行"]
    }


def test_the_figures_are_the_answers_without_lists_of_clients(world, answers):
    figures = json.loads((world / "figures.json").read_text(encoding="utf-8"))
    lists = {"findings", "matches", "non_matches", "verdicts"}
    assert figures == {name: found for name, found in answers.items() if name not in lists}
