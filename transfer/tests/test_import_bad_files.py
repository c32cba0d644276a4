"""Bad files get a clear refusal, by name and place, and leave nothing behind."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from audit.errors import Refused
from transfer.models import Extract, ImportRun, Reject
from transfer.services.extracts import receive_extract
from transfer.services.imports import run_now, start_run
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import AS_OF, CLIENT_HEADER, client_lines, clients_csv, sealed

pytestmark = pytest.mark.django_db

SPECTRUM = Path(__file__).parents[3] / "shared" / "data" / "hostile" / "csv-spectrum"
GOOD = clients_csv("000000000017", "000000000024")


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        for name, data in members.items():
            writer.writestr(name, data)
    return out.getvalue()


def workbook(*rows) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def climbing() -> bytes:
    return archive(**{"../../etc/passwd": b"x", "索引.csv": b"x"})


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("索引.csv", b"x")
        writer.writestr("big", b"\x00" * 20_000_000)
    return out.getvalue()


def linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        writer.writestr(link, "/etc/passwd")
    return out.getvalue()


CASES = {
    "empty": ("a.csv", b"", "file.empty", {}),
    "only blanks": ("a.csv", b"\r\n \r\n", "file.empty", {}),
    "only a mark": ("a.csv", b"\xef\xbb\xbf", "file.empty", {}),
    "a pdf": ("a.csv", b"%PDF-1.4 ...", "file.not_what_it_says", {}),
    "a broken old workbook": ("a.xls", b"\xd0\xcf\x11\xe0" + b"x" * 100, "file.truncated", {}),
    "text called a workbook": ("a.xlsx", GOOD, "file.not_what_it_says", {"name": ".xlsx"}),
    "a zip called a text": ("a.csv", archive(x=b"1"), "file.not_what_it_says", {"name": ".csv"}),
    "utf-16": ("a.csv", CLIENT_HEADER.encode("utf-16"), "file.encoding", {"line": 1, "column": 1}),
    "no encoding": ("a.csv", GOOD + b"\xff\xff,1\r\n", "file.encoding", {"line": 4, "column": 1}),
    "cut in a character": ("a.csv", GOOD[:-3] + b"\xd6", "file.encoding", {"line": 3}),
    "nul": ("a.csv", GOOD + b"1,\x00\r\n", "file.nul_byte", {"line": 4, "column": 3}),
    "only carriage returns": ("a.csv", GOOD.replace(b"\r\n", b"\r"), "file.line_ends", {}),
    "cut in a line": ("a.csv", GOOD[:-20], "file.truncated", {}),
    "heading twice": (
        "a.csv",
        f"{CLIENT_HEADER},客户号\r\n".encode(),
        "file.duplicate_header",
        {"field": "客户号"},
    ),
    "heading twice by width": ("a.csv", f"{CLIENT_HEADER},客户号 \r\n".encode(), "file.duplicate_header", {}),
    "two names of one field": (
        "a.csv",
        f"{CLIENT_HEADER},client_id\r\n".encode(),
        "file.duplicate_header",
        {},
    ),
    "unknown heading": (
        "a.csv",
        f"{CLIENT_HEADER},星座\r\n".encode(),
        "file.unknown_field",
        {"field": "星座"},
    ),
    "heading missing": (
        "a.csv",
        GOOD.replace("客户姓名,".encode("gb18030"), b""),
        "file.header_missing",
        {"field": "客户姓名"},
    ),
    "empty heading": ("a.csv", f"{CLIENT_HEADER},\r\n".encode(), "file.header_missing", {"field": "#11"}),
    "a broken archive": ("a.zip", archive(x=b"1" * 999)[:300], "file.truncated", {}),
    "a broken workbook": ("a.xlsx", workbook(["a"])[:900], "file.truncated", {}),
    "an archive without index": ("a.zip", archive(x=b"1"), "file.index_missing", {}),
    "an archive that climbs out": ("a.zip", climbing(), "file.archive_unsafe", {"name": "path"}),
    "an archive that grows": ("a.zip", bomb(), "file.archive_unsafe", {"name": "size"}),
    "an archive with a link": ("a.zip", linked(), "file.archive_unsafe", {"name": "link"}),
    "an empty workbook": ("a.xlsx", workbook(), "file.empty", {}),
    "a workbook with a heading twice": (
        "a.xlsx",
        workbook(["客户号", "客户号"]),
        "file.duplicate_header",
        {},
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_by_name_and_nothing_is_kept(case, transfer, canglan, giver_steward):
    name, data, code, params = CASES[case]
    file = sealed(canglan, name, data)
    with pytest.raises(Refused) as refusal:
        receive_extract(transfer=transfer, side=canglan, sealed_file=file, by=giver_steward)
    assert refusal.value.code == code
    assert params.items() <= refusal.value.params.items()
    assert refusal.value.message != code
    assert not Extract.objects.exists()


def test_an_unclosed_quote_refuses_the_run_with_its_line(receive, giver_steward, audited):
    data = (
        GOOD
        + '000000000031,个人,"周宁'.encode("gb18030")
        + b"\r\n"
        + client_lines("000000000048").encode("gb18030")
    )
    extract = receive("a.csv", data)
    run = run_now(start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF))
    assert (run.state, run.refusal_code, run.refusal_params) == ("refused", "file.truncated", {"line": "4"})
    assert "import.run_refused" in [kind for kind, _ in audited()]


def test_a_header_alone_is_no_success(receive, giver_steward):
    run = run_now(
        start_run(extract=receive("a.csv", GOOD[: GOOD.index(b"\n") + 1]), mode="profile", by=giver_steward)
    )
    assert (run.state, run.refusal_code) == ("refused", "file.empty")


def test_numbers_and_formulas_in_a_sheet_refuse_their_row(load):
    header = CLIENT_HEADER.split(",")
    good = [
        "000000000017",
        "个人",
        "周宁",
        "护照",
        "E00000017",
        "13800000000",
        "正常",
        "20200102",
        "0001",
        "9001",
    ]
    number = [*good]
    number[0] = 24
    formula = ["000000000031", *good[1:]]
    formula[2] = "=1+1"
    run = load("a.xlsx", workbook(header, good, number, [], formula))
    assert (run.rows, run.accepted) == (3, 1)
    found = Reject.objects.filter(run=run).order_by("line").values_list("line", "column", "code")
    assert list(found) == [(3, "客户号", "number_cell"), (5, "客户姓名", "formula_cell")]


@pytest.mark.skipif(not SPECTRUM.exists(), reason="csv-spectrum is not on this machine")
@pytest.mark.parametrize("name", sorted(path.stem for path in (SPECTRUM / "csvs").glob("*.csv")) or ["none"])
def test_csv_spectrum_is_refused_by_name_and_read_alike(name, transfer, canglan, giver_steward):
    from transfer.importing.parse import read_records
    from transfer.importing.plan import cut
    from transfer.importing.recognise import header_of
    from transfer.importing.texts import blocks_of, read_text

    data = (SPECTRUM / "csvs" / f"{name}.csv").read_bytes()
    with pytest.raises(Refused) as refusal:
        receive_extract(
            transfer=transfer,
            side=canglan,
            sealed_file=sealed(canglan, f"{name}.csv", data),
            by=giver_steward,
        )
    assert refusal.value.code in {"file.unknown_field", "file.header_missing"}
    text = read_text(lambda: [data])
    header = header_of(text)
    rows = []
    for at in cut(blocks_of(data), 1):
        piece = data[at.offset : at.offset + at.length]
        table = read_records(piece, encoding=text.encoding, first_line=at.first_line, width=len(header))
        rows += [dict(zip(header, row, strict=True)) for row in zip(*table.columns, strict=True)]
    # The stored copies have lost their carriage returns; the published answers have not.
    answer = json.loads(
        (SPECTRUM / "json" / f"{name}.json").read_text(encoding="utf-8").replace("\\r\\n", "\\n")
    )
    if isinstance(answer, dict):
        assert [list(row) for row in rows] == [
            list(answer)
        ]  # its published answer tells of another telephone
        return
    assert rows == [{heading.strip(): cell for heading, cell in row.items()} for row in answer]


def test_the_same_file_is_received_once(receive):
    receive("a.csv", GOOD)
    with pytest.raises(Refused) as refusal:
        receive("b.csv", GOOD)
    assert refusal.value.code == "import.received_already"


def test_a_field_without_policy_stops_the_load(transfer, canglan, giver_steward):
    extract = receive_extract(
        transfer=transfer, side=canglan, sealed_file=sealed(canglan, "a.csv", GOOD), by=giver_steward
    )
    with pytest.raises(Refused) as refusal:
        start_run(extract=extract, mode="load", by=giver_steward)
    assert (refusal.value.code, refusal.value.params) == ("import.unknown_field", {"field": "客户号"})
    assert not ImportRun.objects.exists()
