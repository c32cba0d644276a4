"""What comes back equals the delivery and the truth, planted differences excepted."""

import csv
import hashlib
import json
import uuid
import zipfile
from collections import defaultdict

import pytest

from sample.returns import write_returns
from sample.tests.naive import Load

LAYOUTS = {
    "clients.csv": "row_id,client_no,source_no,kind,name,id_type,id_number,birth_date,phone,risk_level,investor_class,"
    "status,branch,opened_on",
    "accounts.csv": "row_id,client_no,kind,number,market,currency,unit,bank,status,balance,frozen",
    "holdings.csv": "row_id,client_no,account_no,market,code,quantity,frozen,pledged,currency",
}
MARKETS = {"": "", "沪": "SH", "深": "SZ", "北": "BJ", "场外": "OTC"}


def token(value):
    return hashlib.sha256(value.encode()).hexdigest()[:16] if value else ""


@pytest.fixture(scope="module")
def kept(world):
    return Load().load(world / "transferor").load(world / "mended").kept


@pytest.fixture(scope="module", params=["clear", "tokens"])
def delivery(request, kept, answers, tmp_path_factory):
    """What the product hands over: everybody who has not left, with identity fields clear or as tokens."""
    hide = token if request.param == "tokens" else str
    gone = set(answers["verdicts"]["leaving_transfer"] + answers["verdicts"]["leaving_close"])
    staying = [row for row in kept["客户资料"] if row["客户号"] not in gone]
    new = {row["客户号"]: f"88{row['客户号']}" for row in staying}

    def identified(kind, *values):
        return [str(uuid.uuid5(uuid.NAMESPACE_OID, kind + "|".join(map(str, values)))), *values]

    files = {
        "clients.csv": [
            identified(
                "c",
                new[r["客户号"]],
                r["客户号"],
                r["客户类型"],
                hide(r["客户姓名"]),
                r["证件类型"],
                hide(r["证件号码"]),
                r["出生日期"],
                hide(r["手机号码"]),
                r["风险等级"],
                r["投资者类别"],
                r["客户状态"],
                r["营业部代码"],
                r["开户日期"],
            )
            for r in staying
        ],
        "accounts.csv": [
            identified(
                "a",
                new[r["客户号"]],
                r["账户类别"],
                hide(r["账户号码"]),
                MARKETS[r["市场"]],
                r["币种"],
                r["交易单元"],
                r["存管银行"],
                r["账户状态"],
                r["资金余额"],
                r["冻结金额"],
            )
            for r in kept["账户资料"]
            if r["客户号"] in new
        ],
        "holdings.csv": [
            identified(
                "h",
                new[r["客户号"]],
                hide(r["证券账号"]),
                MARKETS[r["市场"]],
                r["证券代码"],
                r["持仓数量"],
                r["冻结数量"],
                r["质押数量"],
                r["币种"],
            )
            for r in kept["持仓"]
            if r["客户号"] in new
        ],
    }
    folder = tmp_path_factory.mktemp("delivery")
    for name, rows in files.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows([LAYOUTS[name].split(","), *rows])
    return folder


def rows(path):
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def differences(delivery, out, world):
    """Every difference between what went out (or is true) and what came back, found by a plain comparison."""
    found = []
    for name in LAYOUTS:
        sent = {row["row_id"]: row for row in rows(delivery / name)}
        back = {row["row_id"]: row for row in rows(out / "transferee" / name)}
        found += [(name, "missing", sent[key].get("source_no")) for key in sent.keys() - back.keys()]
        found += [(name, "extra", back[key].get("source_no")) for key in back.keys() - sent.keys()]
        for key in sent.keys() & back.keys():
            found += [
                (name, field, sent[key][field], back[key][field])
                for field in sent[key]
                if sent[key][field] != back[key][field]
            ]
    delivered = {row["source_no"] for row in rows(delivery / "clients.csv")}
    for name, source, value in (
        ("depository/holdings.csv", "depository.csv", "quantity"),
        ("banks/balances.csv", "banks.csv", "balance"),
    ):
        truth, told = defaultdict(list), defaultdict(list)
        for target, table in ((truth, world / "truth" / source), (told, out / name)):
            for row in rows(table):
                if row.pop("source_no", None) in delivered | {None}:
                    amount = row.pop(value)
                    target[tuple(row.values())].append(amount)
        assert truth.keys() == told.keys()
        found += [(name, value, *truth[key], *told[key]) for key in truth if truth[key] != told[key]]
    return found


@pytest.mark.parametrize(
    ("run", "corrected", "expected"),
    [("rehearsal-1", False, 8), ("rehearsal-2", False, 0), ("cutover", False, 3), ("cutover", True, 2)],
)
def test_exactly_the_planted_differences_come_back(
    world, answers, delivery, tmp_path, run, corrected, expected
):
    planted = write_returns(delivery, out=tmp_path, run=run, world=world, corrected=corrected)
    found = differences(delivery, tmp_path, world)
    assert len(found) == len(planted) == expected, found
    told = json.loads((tmp_path / "planted.json").read_text(encoding="utf-8"))
    assert [item["kind"] for item in told] == [item.kind for item in planted]
    for item in planted:
        if item.kind in ("missing_client", "extra_client"):
            assert ("clients.csv", item.kind.split("_")[0], item.source_no) in found
        else:
            name = item.file.removeprefix("transferee/")
            assert (name, item.field, item.expected, item.actual) in found
    if not corrected:
        listed = {(item["kind"], item["source_no"], item["field"]) for item in answers["breaks"][run]}
        assert {(item.kind, item.source_no, item.field) for item in planted} == listed


def test_in_the_clear_the_values_are_those_of_the_answers(world, answers, delivery, tmp_path):
    planted = write_returns(delivery, out=tmp_path, run="cutover", world=world)
    listed = {item["kind"]: (item["expected"], item["actual"]) for item in answers["breaks"]["cutover"]}
    assert {item.kind: (item.expected, item.actual) for item in planted} == listed
    assert {item.outcome for item in planted} == {"corrected", "written_off", "open"}


def test_an_archive_is_answered_like_a_folder(world, delivery, tmp_path):
    with zipfile.ZipFile(tmp_path / "delivery.zip", "w") as archive:
        for name in LAYOUTS:
            archive.write(delivery / name, name)
    write_returns(delivery, out=tmp_path / "a", run="rehearsal-1", world=world)
    write_returns(tmp_path / "delivery.zip", out=tmp_path / "b", run="rehearsal-1", world=world)
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_a_delivery_without_the_planted_clients_is_refused(world, delivery, tmp_path):
    for name in LAYOUTS:
        (tmp_path / name).write_text(
            (delivery / name).read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8"
        )
    with pytest.raises(ValueError, match="lacks the clients"):
        write_returns(tmp_path, out=tmp_path / "out", run="cutover", world=world)
    (tmp_path / "holdings.csv").unlink()
    with pytest.raises(ValueError, match=r"no holdings\.csv"):
        write_returns(tmp_path, out=tmp_path / "out", run="rehearsal-2", world=world)
