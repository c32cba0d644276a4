"""Files of other programs whose headings are ours: read rightly, whatever their format, or refused by name."""

import io
import json
import zipfile

import pytest

from audit.errors import Refused
from clients.models import Client
from transfer.models import Extract, Reject
from transfer.tests.dbf import foxpro, table
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import CLIENT_HEADER, client_lines, clients_csv

pytestmark = pytest.mark.django_db

ONE, TWO, THREE = "000000000017", "000000000024", "000000000031"
HEADINGS = CLIENT_HEADER.split(",")
FIELDS = [
    ("客户号", "C", 12), ("客户类型", "C", 8), ("客户姓名", "C", 20), ("证件类型", "C", 10), ("证件号码", "C", 20),
    ("手机号码", "C", 12), ("客户状态", "C", 6), ("开户日期", "D", 8), ("营业部", "C", 6), ("客户经理", "C", 6),
]  # fmt: skip


def row(number: str, name: str = "周宁") -> tuple:
    return (
        number,
        "个人",
        name,
        "护照",
        f"E{number[-8:]}",
        "13800000000",
        "正常",
        "20200102",
        "0001",
        "9001",
    )


def names_loaded() -> int:
    return Client.objects.count()


def lines(number: str) -> str:
    return json.dumps(dict(zip(HEADINGS, row(number), strict=True)), ensure_ascii=False) + "\n"


def test_a_table_in_gbk_is_loaded_without_its_deleted_rows(load):
    data = table(FIELDS, row(ONE), (None, *row(TWO)), row(THREE, "欧阳清"))
    run = load("客户.dbf", data)
    assert (run.state, run.rows, run.accepted) == ("done", 2, 2)
    assert run.extract.format == "dbf" and run.extract.header == [name for name, _, _ in FIELDS]


def test_a_table_without_a_code_page_is_read_as_what_fits_it(load):
    run = load("客户.dbf", table(FIELDS, row(ONE), code_page=0))
    assert (run.rows, run.accepted) == (1, 1)


def test_a_table_in_big5_is_read_by_its_code_page(load):
    fields = [("客戶號", "C", 12), ("客戶類型", "C", 8), ("客戶姓名", "C", 20), *FIELDS[3:]]
    fields = [
        (name.translate(str.maketrans("证码户状态开业经", "證碼戶狀態開業經")), *rest)
        for name, *rest in fields
    ]
    fields = [(name.translate(str.maketrans("类机号营", "類機號營")), *rest) for name, *rest in fields]
    traditional = (
        ONE,
        "個人",
        "周寧",
        "護照",
        "E00000017",
        "13800000000",
        "正常",
        "20200102",
        "0001",
        "9001",
    )
    run = load("客户.dbf", table(fields, traditional, code_page=0x78, encoding="cp950"))
    assert run.rows == 1
    assert list(Reject.objects.filter(run=run).values_list("column", "code")) in (
        [],
        [(fields[1][0], "value_unknown")],
    )


def test_a_memo_comes_with_its_table_in_one_archive(load):
    fields = [*FIELDS, ("联系地址", "M", 4)]
    data, memo = foxpro(fields, (*row(ONE), 0), memos=["北京市西城区金融大街１号"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("KH.DBF", data)
        archive.writestr("KH.FPT", memo)
    run = load("客户.zip", out.getvalue())
    assert (run.extract.format, run.rows, run.accepted) == ("dbf.zip", 1, 1)


def test_a_memo_without_its_file_is_refused_by_name(receive):
    data, _ = foxpro([*FIELDS, ("联系地址", "M", 4)], (*row(ONE), 0), memos=["北京"])
    with pytest.raises(Refused) as refusal:
        receive("客户.dbf", data)
    assert (refusal.value.code, refusal.value.params) == ("file.memo_missing", {"line": 1})


def test_a_number_where_a_code_belongs_refuses_its_row_in_a_table_too(load):
    fields = [("客户号", "N", 12), *FIELDS[1:]]
    run = load("客户.dbf", table(fields, ("17", *row(ONE)[1:])))
    assert list(Reject.objects.filter(run=run).values_list("line", "column", "code")) == [
        (1, "客户号", "number_cell")
    ]


@pytest.mark.parametrize("cut", [10, 40, 400, -30])
def test_a_table_that_breaks_off_is_refused(receive, cut):
    with pytest.raises(Refused) as refusal:
        receive("客户.dbf", table(FIELDS, row(ONE), row(TWO))[:cut])
    assert refusal.value.code in {"file.truncated", "file.not_what_it_says"}
    assert not Extract.objects.exists()


def test_json_lines_are_loaded_with_their_line_numbers(load):
    run = load("客户.jsonl", (lines(ONE) + "\n" + lines(TWO).replace("护照", "驾照")).encode())
    assert (run.extract.format, run.rows, run.accepted) == ("jsonl", 2, 1)
    assert list(Reject.objects.filter(run=run).values_list("line", "column", "code")) == [
        (3, "证件类型", "value_unknown")
    ]


@pytest.mark.parametrize(
    ("text", "code", "params"),
    [
        (lines(ONE) + "{broken\n", "file.not_json", {"line": 2}),
        (lines(ONE) + "[1]\n", "file.not_json", {"line": 2}),
        (lines(ONE).replace('"个人"', '["个人"]'), "file.nested_value", {"line": 1, "column": 2}),
        (lines(ONE).replace('"个人"', "NaN"), "file.not_json", {"line": 1}),
        (lines(ONE).replace('"客户类型"', '"客户号"'), "file.duplicate_header", {"field": "客户号"}),
        (lines(ONE) + lines(TWO).replace('"客户经理"', '"星座"'), "file.new_name", {"line": 2, "field": "星座"}),
        (lines(ONE) + "{" * 100_000, "file.not_json", {"line": 2}),
        (lines(ONE) + '{"客户号": "' + "1" * 5_000_000, "file.line_too_long", {"line": 2}),
        (lines(ONE) + '{"客户号": "' + "1" * 2_000_000 + '"}', "file.cell_too_large", {"line": 2}),
    ],
)  # fmt: skip
def test_json_that_is_no_table_is_refused_with_its_line(receive, text, code, params):
    with pytest.raises(Refused) as refusal:
        receive("客户.jsonl", text.encode())
    assert refusal.value.code == code
    assert params.items() <= refusal.value.params.items()


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_separators_are_recognised(load, delimiter):
    text = f"{CLIENT_HEADER}\r\n{client_lines(ONE, TWO)}".replace(",", delimiter)
    run = load("客户.txt", text.encode("gb18030"))
    assert (run.rows, run.accepted) == (2, 2)
    assert run.extract.how["delimiter"] == delimiter


def test_lines_above_the_header_are_passed_over_and_lines_keep_their_numbers(load):
    text = f"沧澜证券\r\n导出日期：2026-11-23,操作员：9001\r\n\r\n{CLIENT_HEADER}\r\n{client_lines(ONE)}坏,行\r\n"
    run = load("客户.csv", text.encode("gb18030"))
    assert (run.rows, run.accepted, run.extract.how["header_line"]) == (2, 1, 4)
    assert list(Reject.objects.filter(run=run).values_list("line", "code")) == [(6, "ragged_row")]


def test_a_workbooks_name_on_a_text_is_no_obstacle(load):
    run = load("客户.xls", clients_csv(ONE, TWO).replace(b",", b"\t"))
    assert (run.extract.format, run.rows, run.accepted) == ("csv", 2, 2)


def test_big5_is_told_from_gb18030_by_its_headings(load):
    header = "客戶號,客戶類型,客戶姓名,證件類型,證件號碼,手機號碼,客戶狀態,開戶日期,營業部代碼,客戶經理"
    line = f"{ONE},個人,陳大文,護照,E00000017,13800000000,正常,20200102,0001,9001"
    run = load("客户.csv", f"{header}\r\n{line}\r\n".encode("big5hkscs"))
    assert (run.extract.encoding, run.rows, run.accepted) == ("big5hkscs", 1, 1)


def test_mixed_encodings_are_refused_with_their_line(receive):
    data = clients_csv(ONE) + client_lines(TWO, name="欧阳清风明月").encode()
    with pytest.raises(Refused) as refusal:
        receive("客户.csv", data)
    assert refusal.value.code in {"file.mixed_encodings", "file.encoding"}
    assert refusal.value.params["line"] == 3


def test_the_same_mixture_the_other_way_round_is_refused_too(receive):
    data = (CLIENT_HEADER + "\r\n" + client_lines(ONE)).encode() + client_lines(TWO).encode("gb18030")
    with pytest.raises(Refused) as refusal:
        receive("客户.csv", data)
    assert refusal.value.code in {"file.mixed_encodings", "file.encoding"}
