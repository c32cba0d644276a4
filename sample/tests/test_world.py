"""A world is the same every time, written in the encodings it says, with numbers that pass their checks."""

import datetime as dt
import hashlib
import json
import zipfile

import pytest
from stdnum import luhn
from stdnum.cn import ric, uscc

from sample.__main__ import main
from sample.tests.conftest import AS_OF
from sample.tests.naive import read
from sample.world import write_world


def rows(folder, stem):
    _, headings, found = read(folder, stem)
    return [dict(zip(headings, cells)) for _, cells in found if len(cells) == len(headings)]


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_world(tmp_path / name, clients=300, seed=seed, as_of=AS_OF)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_every_file_has_the_encoding_it_says(world):
    for folder in ("transferor", "mended"):
        for name in ("客户资料", "关联人", "持仓", "成交流水"):
            raw = (world / folder / f"{name}.csv").read_bytes()
            raw.decode("gb18030")
            with pytest.raises(UnicodeDecodeError):
                raw.decode("utf-8")
        assert (world / folder / "投资偏好.csv").read_bytes().startswith(b"\xef\xbb\xbf")
        zipfile.ZipFile(world / folder / "影像资料.zip").read("索引.csv").decode("gb18030")
    assert not (world / "transferor" / "控制总数.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    raw = (world / "transferor" / "客户资料.csv").read_bytes()
    for rare in "䶮㛃𠮷":
        assert rare.encode("gb18030") in raw


def test_numbers_of_the_mended_world_pass_their_checks(world):
    broken = {
        (line[1])
        for line in json.loads((world / "answers.json").read_text())["files"]["客户资料.csv"]["rejects"]
    }
    _, headings, lines = read(world / "transferor", "客户资料")
    people = [dict(zip(headings, cells)) for line, cells in lines if line not in broken]
    seen = set()
    for row in people + rows(world / "mended", "客户资料") + rows(world / "transferee", "客户资料"):
        number = row["证件号码"].upper()
        if row["证件类型"] in ("身份证", "居住证") and len(number) == 18:
            assert ric.calc_check_digit(number) == number[-1]
            assert number[6:14] == row["出生日期"]
            seen.add(row["证件类型"])
        elif row["证件类型"] == "统一社会信用代码":
            uscc.validate(number)
            seen.add(row["证件类型"])
    assert seen == {"身份证", "居住证", "统一社会信用代码"}
    cards = [row["银行卡号"] for row in rows(world / "mended", "账户资料") if row["银行卡号"]]
    assert cards and all(luhn.is_valid(card) and len(card) == 19 for card in cards)


def test_documents_are_real_pictures_and_papers(world):
    archive = zipfile.ZipFile(world / "mended" / "影像资料.zip")
    heads = {archive.read(name)[:4] for name in archive.namelist() if name != "索引.csv"}
    assert heads <= {b"\x89PNG", b"%PDF"} and heads
    for path in (world / "agreement" / "转让协议.pdf", world / "evidence" / "公告.pdf"):
        raw = path.read_bytes()
        table = int(raw.split(b"startxref\n")[1].split(b"\n")[0])
        assert raw[table:].startswith(b"xref")


def test_the_agreement_has_one_breached_clause_and_both_languages(world):
    agreement = json.loads((world / "agreement" / "agreement.json").read_text(encoding="utf-8"))
    clauses = agreement["clauses"]
    assert len(clauses) >= 12
    assert {clause["check"] for clause in clauses} == {
        "extract_on_time",
        "fields_in_scope",
        "notice_30_days",
        "backup_proved",
        "people_trained",
        "rehearsal_clean",
        "batches_within_window",
        "none",
    }
    assert [clause["due_on"] for clause in clauses if clause["breached_by_the_sample"]] == ["2026-11-19"]
    for clause in clauses:
        for part in ("title", "text", "consequence"):
            assert clause[part]["en"] and clause[part]["zh-hans"]
    assert "clients.name" in agreement["field_scope"]
    assert "clients.trading_password" not in agreement["field_scope"]


def test_a_world_too_small_or_written_twice_is_refused(tmp_path, capsys):
    with pytest.raises(ValueError, match="at least 300"):
        write_world(tmp_path, clients=299, seed=7, as_of=AS_OF)
    arguments = ["write", "--out", str(tmp_path / "w"), "--clients", "300", "--as-of", "2028-02-29"]
    assert main(arguments) == 0
    assert main(arguments) == 2
    assert "holds a world already" in capsys.readouterr().err


@pytest.mark.parametrize("as_of", [dt.date(2028, 2, 29), dt.date(2027, 2, 28), dt.date(2027, 3, 1)])
def test_ages_hold_around_a_leap_day(tmp_path, as_of):
    from sample.tests.naive import Load, findings

    answers = write_world(tmp_path, clients=300, seed=3, as_of=as_of)
    kept = Load().load(tmp_path / "transferor").kept
    found = findings(kept, set(), as_of)
    for code in ("minor", "under_14", "minor_without_guardian", "id_expired", "risk_expired"):
        assert sorted(found[code]) == list(answers.findings["first"][code]), code


def test_a_large_world_writes_its_accounts_as_text(tmp_path, monkeypatch):
    monkeypatch.setattr("sample.layouts.MOST_CLIENTS_IN_A_SHEET", 299)
    answers = write_world(tmp_path, clients=300, seed=7, as_of=AS_OF)
    assert not (tmp_path / "transferor" / "账户资料.xlsx").exists()
    from sample.tests.naive import Load

    found = Load().load(tmp_path / "transferor").rejects["账户资料.csv"]
    expected = [[r.file, r.line, r.column, r.code] for r in answers.files["账户资料.csv"].rejects]
    assert found == expected
    assert {r[3] for r in expected}.isdisjoint({"number_cell", "formula_cell"})


def test_a_number_without_a_zero_in_front_loses_none():
    from sample.book import Book
    from sample.faults import Faults
    from sample.layouts import CLIENTS
    from sample.people import People, client_number
    from sample.plan import Plan

    index = next(index for index in range(100) if not client_number(index).startswith("0"))
    book = Book(People(Plan(7, 300, {index: "clients.lost_zero"}, {}), AS_OF))
    bundle = book.bundle(index)
    Faults(book).spoil(bundle, "clients.lost_zero")
    assert bundle.broken[CLIENTS, 0].code == "required_missing"
