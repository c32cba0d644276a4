"""Real exports of other houses' systems: each is read to figures worked out by other means, or refused by name.

The figures were found with Python's own csv module, openpyxl and xlrd, and from the summaries that lie beside
the dBase files. Every file of the three folders stands in the list.
"""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from audit.errors import Refused

from intake.reading import Bytes, records_of
from transfer.importing.how import How
from transfer.importing.readable import _body
from transfer.importing.texts import blocks_of, read_text, text_records
from transfer.models import ExtractMapping, ImportRun, Reject
from transfer.services.extracts import receive_extract
from transfer.services.imports import run_now, start_run
from transfer.services.intake import take_in
from transfer.services.mappings import Declaration, declare_mapping
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import AS_OF, sealed

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not on this machine"),
]

HEADING, FIELD, NOT_SAID = "file.header_missing", "file.unknown_field", "file.not_what_it_says"
TWICE, CUT = "file.duplicate_header", "file.truncated"
# path: (refused without a mapping, header line, footer records, rows, column summed, its sum, a cell of the first row)
TEXTS: dict[str, tuple[str, int, int, int, int, str, tuple[int, str]]] = {
    "broker-csv/freetrade/data/transactions.csv": (FIELD, 1, 0, 17, 4, "16969.28", (6, "SPXP")),
    "broker-csv/interactive_brokers/data/test_basic.csv": (
        FIELD,
        10,
        0,
        12,
        9,
        "3030.762408735",
        (1, "Data"),
    ),
    "broker-csv/morgan_stanley/data/Releases Net Shares Report.csv": (
        TWICE,
        1,
        0,
        1,
        6,
        "10.60",
        (5, "$2,045.06"),
    ),
    "broker-csv/morgan_stanley/data/Releases Report.csv": (FIELD, 1, 0, 2, 6, "440.000", (2, "GSU Class C")),
    "broker-csv/morgan_stanley/data/Withdrawal Wire Report.csv": (FIELD, 1, 0, 1, 7, "4219.95", (3, "Wire")),
    "broker-csv/morgan_stanley/data/Withdrawals Report.csv": (FIELD, 1, 1, 4, 7, "14780.76", (3, "Sale")),
    "broker-csv/raw/data/test_data.csv": (FIELD, 1, 0, 16, 3, "5164", (2, "OPRA")),
    "broker-csv/raw/data/test_data_2.csv": (FIELD, 1, 0, 9, 3, "292", (4, "-4804.95")),
    "broker-csv/schwab/data/schwab_transactions.csv": (FIELD, 1, 0, 13, 7, "9479.30", (7, "$1.2")),
    "broker-csv/schwab/data/2023/transactions.csv": (FIELD, 1, 0, 7, 7, "1019826.86", (3, "Tfr BANK")),
    "broker-csv/schwab/data/bond_interest/transactions.csv": (
        FIELD,
        1,
        0,
        5,
        7,
        "11055.75",
        (2, "912828YW8"),
    ),
    "broker-csv/schwab/data/cash_merger/transactions.csv": (FIELD, 1, 0, 6, 7, "1000.00", (1, "Cash Merger")),
    "broker-csv/schwab/data/interest_tax/transactions.csv": (FIELD, 1, 0, 2, 7, "2.06", (7, "$-0.88")),
    "broker-csv/schwab/data/rsu_settlement/awards.csv": (FIELD, 1, 0, 2, 4, "400", (2, "BAR")),
    "broker-csv/schwab/data/rsu_settlement/transactions.csv": (FIELD, 1, 0, 4, 7, "28068.66", (5, "$140.35")),
    "broker-csv/sharesight/data/inputs/All Trades Report - Test.csv": (
        HEADING,
        3,
        2,
        12,
        10,
        "19706.22",
        (1, "ETH"),
    ),
    "broker-csv/sharesight/data/inputs/Taxable Income Report - Test.csv": (
        HEADING,
        6,
        0,
        8,
        3,
        "11.3342",
        (0, "FUND1.UKF"),
    ),
    "broker-csv/spouse/data/recipient.csv": (FIELD, 1, 0, 2, 3, "80", (6, "GBP")),
    "broker-csv/spouse/data/sender.csv": (FIELD, 1, 0, 4, 3, "161", (0, "2023-05-10")),
    "broker-csv/trading212/data/2020/from_2020-09-11_to_2021-04-02.csv": (
        FIELD,
        1,
        0,
        8,
        10,
        "49531.56",
        (0, "Deposit"),
    ),
    "broker-csv/trading212/data/2024/inputs/transactions.csv": (FIELD, 1, 0, 7, 11, "6520.75", (12, "GBP")),
    "broker-csv/trading212/data/2026/inputs/transactions.csv": (
        FIELD,
        1,
        0,
        5,
        13,
        "14132.17",
        (6, "xxxxxxxxxxxx01"),
    ),
    "broker-csv/vanguard/data/cash_investment_report.csv": (HEADING, 5, 0, 26, 2, "23.59", (0, "08/03/2022")),
    "broker-csv/vanguard/data/cash_report.csv": (FIELD, 1, 0, 19, 2, "23.59", (2, "15000")),
    "cn-exports/abc_debit/example-abc_debit-records.csv": (FIELD, 1, 0, 5, 3, "-2355.88", (1, "123456")),
    "cn-exports/boc/credit/example-boc-records.csv": (
        FIELD,
        2,
        0,
        14,
        5,
        "1231.81",
        (3, "上海公共交通卡股份有限CHN"),
    ),
    "cn-exports/boc/debit/example-boc-records.csv": (FIELD, 2, 0, 17, 3, "426.70", (4, "3,240.28")),
    "cn-exports/bocom_credit/example-bocom_credit-records.csv": (
        FIELD,
        1,
        0,
        8,
        4,
        "878.85",
        (3, "CNY 123.18"),
    ),
    "cn-exports/bocom_debit/example-bocom_debit-records.csv": (
        FIELD,
        1,
        0,
        6,
        5,
        "125.25",
        (7, "1323132313211331313"),
    ),
    "cn-exports/cgb_credit/example-cgb_credit-records.csv": (FIELD, 1, 0, 4, 3, "-824.56", (4, "人民币")),
    "cn-exports/cmb/credit/example-cmb-records.csv": (FIELD, 2, 0, 6, 3, "7675.98", (2, "掌上生活还款")),
    "cn-exports/cmb/debit/example-cmb-records.csv": (FIELD, 1, 0, 5, 2, "-779.14", (2, "1,234.00")),
    "cn-exports/hsbchk/credit/example-hsbchk-credit-records.csv": (FIELD, 1, 0, 11, 3, "1704.37", (4, "CNY")),
    "cn-exports/hsbchk/debit/example-hsbchk-debit-records.csv": (FIELD, 1, 0, 10, 2, "21978.95", (3, "HKD")),
    "cn-exports/icbc/credit/example-icbc-credit-records.csv": (FIELD, 7, 2, 9, 6, "363.13", (3, "XX旗舰店")),
    "cn-exports/icbc/debit-v1/example-icbc-debit-v1-records.csv": (
        FIELD,
        7,
        2,
        11,
        9,
        "4241.08",
        (2, "广东三元麦当劳食品有"),
    ),
    "cn-exports/icbc/debit-v2/example-icbc-debit-v2-records.csv": (
        FIELD,
        7,
        2,
        11,
        10,
        "4241.08",
        (10, "13.40"),
    ),
    "cn-exports/alipay/example-alipay-records.csv": (
        "file.header_too_long",
        25,
        0,
        10,
        6,
        "222687.51",
        (0, "2023-02-12 21:32:14"),
    ),
    "broker-csv/hl/data/inputs/hl-transaction-summary.csv": (
        "file.encoding",
        6,
        0,
        5,
        6,
        "-55018.97",
        (2, "MANAGE FEE"),
    ),
}
DECLARED_ENCODING = {"broker-csv/hl/data/inputs/hl-transaction-summary.csv": "cp1252"}
# path: (format, header row, footer rows, rows, column summed, its sum, a cell of the first row)
SHEETS: dict[str, tuple[str, int, int, int, int, str, tuple[int, str]]] = {
    "cn-exports/ccb/交易明细_xxxx_2025xxxx_2025xxxx.xls": ("xls", 6, 1, 6, 3, "703.26", (7, "消费")),
    "cn-exports/citic/credit/example-citic-records.xls": ("xls", 2, 0, 13, 6, "1097.39", (3, "6688")),
    "cn-exports/htsec/example-htsec-records.xlsx": ("xlsx", 1, 0, 10, 7, "-964.69", (17, "A123456789")),
    "cn-exports/spdb_debit/example-spdb_debit-records.xls": (
        "xls",
        2,
        0,
        4,
        4,
        "11.64",
        (2, "网上支付-支付宝"),
    ),
}
# path: (encoding to declare, memo file beside it, rows, a cell of the first row)
TABLES: dict[str, tuple[str, str, int, tuple[int, str]]] = {
    "dbf/cp1251.dbf": ("", "", 4, (1, "амбулаторно-поликлиническое")),
    "dbf/dbase_02.dbf": ("", "", 9, (1, "Stegman")),
    "dbf/dbase_03.dbf": ("", "", 14, (0, "0507121")),
    "dbf/dbase_03_cyrillic.dbf": ("cp866", "", 2, (0, "")),
    "dbf/dbase_30.dbf": ("", "dbase_30.fpt", 34, (0, "")),
    "dbf/dbase_31.dbf": ("", "", 77, (1, "Chai")),
    "dbf/dbase_32.dbf": ("", "", 1, (0, "")),
    "dbf/dbase_83.dbf": ("cp1252", "dbase_83.dbt", 67, (0, "")),
    "dbf/dbase_8b.dbf": ("", "dbase_8b.dbt", 10, (0, "")),
    "dbf/foxprodb/setup.dbf": ("", "", 3, (0, "CALLS")),
    "dbf/foxprodb/types.dbf": ("", "", 2, (1, "Buyer")),
}
# What no declaration helps: a memo that is not there, a code page nobody here knows, no field, no table.
REFUSED: dict[str, str] = {
    "dbf/dbase_83_missing_memo.dbf": "file.memo_missing",
    "dbf/dbase_8c.dbf": "file.memo_missing",
    "dbf/foxprodb/calls.dbf": "file.memo_missing",
    "dbf/foxprodb/contacts.dbf": "file.memo_missing",
    "dbf/mazovia.dbf": "file.code_page",
    "dbf/polygon.dbf": "file.empty",
    "broker-csv/schwab/data/equity_award/nvda_synthetic.json": "file.not_json",
    "broker-csv/schwab/data/equity_award/schwab_equity_award_v1.json": "file.not_json",
    "broker-csv/schwab/data/equity_award/schwab_equity_award_v2.json": "file.not_json",
    "broker-csv/schwab/data/equity_award/schwab_equity_award_v2_rounding.json": "file.not_json",
}
BESIDE = (".fpt", ".dbt", "_summary.txt")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def listed() -> set[str]:
    return {*TEXTS, *SHEETS, *TABLES, *REFUSED}


def test_no_file_is_missing_from_the_list():
    there = {
        str(path.relative_to(DATA))
        for folder in ("broker-csv", "cn-exports", "dbf")
        for path in (DATA / folder).rglob("*")
        if path.is_file() and not path.name.endswith(BESIDE)
    }
    assert there - {name for name in there if name.endswith((".md", "LICENSE", ".csv.license"))} == listed()


def added(cells: list[str]) -> str:
    found = [NUMBER.match(re.sub(r"[,$¥+\s]|CNY|JPY", "", cell)) for cell in cells]
    return str(sum((Decimal(match[0]) for match in found if match), Decimal(0)))


def content(path: str) -> bytes:
    return (DATA / path).read_bytes()


@pytest.mark.parametrize("path", TEXTS)
def test_a_text_is_read_to_the_figures_found_otherwise(path):
    _, line, footer, rows, column, total, (place, cell) = TEXTS[path]
    data = content(path)
    encoding = read_text(lambda: blocks_of(data), DECLARED_ENCODING.get(path, "")).encoding
    how = How(header_line=line, footer_lines=footer)
    body = list(_body(text_records(blocks_of(data), encoding), how))
    assert len(body) == rows
    assert added([record.cells[column] for record in body if column < len(record.cells)]) == total
    assert body[0].cells[place].strip() == cell


@pytest.mark.parametrize("path", SHEETS)
def test_a_sheet_is_read_to_the_figures_found_otherwise(path):
    form, line, footer, rows, column, total, (place, cell) = SHEETS[path]
    how = How(header_line=line, footer_lines=footer)
    body = list(_body(records_of(Bytes(content(path)), file_format=form), how))
    assert (len(body), added([record.cells[column] for record in body])) == (rows, total)
    assert body[0].cells[place].strip() == cell


@pytest.mark.parametrize("path", TABLES)
def test_a_table_is_read_to_what_its_summary_says(path, tmp_path):
    import io
    import zipfile

    encoding, memo, rows, (place, cell) = TABLES[path]
    data, form = content(path), "dbf"
    if memo:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("t.dbf", data)
            archive.writestr("t" + memo[-4:], (DATA / path).with_name(memo).read_bytes())
        data, form = out.getvalue(), "dbf.zip"
    header, *body = list(records_of(Bytes(data), file_format=form, encoding=encoding))
    assert len(body) == rows and (not cell or body[0].cells[place] == cell)
    summary = (DATA / path).with_name(Path(path).stem + "_summary.txt")
    if summary.exists():
        text = summary.read_text(encoding="utf-8", errors="replace")
        assert int(re.search(r"Records: (\d+)", text)[1]) == rows
        named = re.findall(r"^(\S.*?)\s+[A-Z+@]\s+\d+\s+\d+", text, re.M)
        plain = [name.split("#")[0] for name in header.cells]
        assert not named or [name for name in named if name.isascii()] == [n for n in plain if n.isascii()]


def test_a_money_column_of_a_table_adds_up():
    _, *body = list(records_of(Bytes(content("dbf/dbase_31.dbf")), file_format="dbf"))
    assert added([record.cells[5] for record in body]) == "2222.7100"


@pytest.mark.parametrize("path", [*TEXTS, *SHEETS, *TABLES, *REFUSED])
def test_without_a_mapping_it_is_refused_by_name(path, transfer, canglan, giver_steward):
    expected = (
        TEXTS[path][0]
        if path in TEXTS
        else REFUSED.get(path, "")
        or ("file.memo_missing" if TABLES.get(path, ("", ""))[1] else "")
        or ("file.code_page" if TABLES.get(path, ("",))[0] else "")
    )
    with pytest.raises(Refused) as refusal:
        receive_extract(
            transfer=transfer,
            side=canglan,
            sealed_file=sealed(canglan, Path(path).name, content(path)),
            by=giver_steward,
        )
    assert refusal.value.message != refusal.value.code
    assert refusal.value.code == expected or (not expected and refusal.value.code in {HEADING, FIELD, TWICE})


# path: (header line, footer, encoding, column of the account's number, column of its balance, rows, accepted, total)
MAPPED: dict[str, tuple[int, int, str, int, int, int, int, str]] = {
    "cn-exports/htsec/example-htsec-records.xlsx": (1, 0, "", 1, 7, 10, 8, "-964.69"),
    "cn-exports/ccb/交易明细_xxxx_2025xxxx_2025xxxx.xls": (6, 1, "", 2, 3, 6, 6, "703.26"),
    "cn-exports/alipay/example-alipay-records.csv": (25, 0, "", 0, 6, 10, 10, "222687.51"),
    "cn-exports/boc/debit/example-boc-records.csv": (2, 0, "", 1, 3, 17, 17, "426.70"),
    "broker-csv/raw/data/test_data_2.csv": (1, 0, "", 0, 3, 9, 9, "292.00"),
    "dbf/dbase_31.dbf": (0, 0, "", 1, 5, 77, 77, "2222.71"),
}


@pytest.mark.parametrize("path", MAPPED)
def test_with_a_declared_mapping_it_is_imported_to_the_same_figures(path, transfer, canglan, giver_steward):
    line, footer, encoding, number, balance, rows, accepted, total = MAPPED[path]
    file = sealed(canglan, Path(path).name, content(path))
    mapping = declared(transfer, canglan, giver_steward, file, (line, footer, encoding, number, balance))
    extract = take_in(transfer=transfer, file=file, purpose="full", mapping=mapping, by=giver_steward)
    run = run_now(start_run(extract=extract, mode="profile", by=giver_steward, as_of=AS_OF))
    codes = list(Reject.objects.filter(run=run).values_list("line", "column", "code"))
    assert (run.state, run.rows, run.accepted) == (ImportRun.State.DONE, rows, accepted), codes
    assert run.totals["资金余额"] == total or accepted < rows


def declared(transfer, side, by, file, how) -> ExtractMapping:
    """Every column never stored but two; what an account needs besides has one value for all rows."""
    from transfer.services.mappings import Wanted, look_at_foreign

    line, footer, encoding, number, balance = how
    wanted = Wanted("accounts", encoding=encoding, header_line=line, footer_lines=footer, delimiter=",")
    seen = look_at_foreign(transfer=transfer, sealed_file=file, wanted=wanted, by=by)
    fields = ["" for _ in seen.headings]
    fields[number], fields[balance] = "number", "balance"
    constants = {"client_no": "000000000017", "kind": "资金账户", "currency": "CNY", "status": "正常"}
    declaration = Declaration("accounts", fields, line, encoding, ",", footer, constants)
    return declare_mapping(
        transfer=transfer, side=side, name="n", headings=seen.headings, declaration=declaration, by=by
    )
