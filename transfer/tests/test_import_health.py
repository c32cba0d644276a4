"""Data health: the money behind a finding, the rows behind it, and the same client at both firms."""

from decimal import Decimal

import pytest

from audit.errors import Refused
from clients.models import Client
from transfer.models import ClientSum, Extract, FieldPolicy, Finding, ImportRun
from transfer.services.health import health_report
from transfer.services.matching import match_other_book
from transfer.services.policies import declare_field, set_policy
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import CLIENT_HEADER, client_lines, clients_csv

pytestmark = pytest.mark.django_db

A, B, C = "000000000017", "000000000024", "000000000031"
ACCOUNTS = "客户号,账户类别,账户号码,币种,账户状态,资金余额,存管银行"
HOLDINGS = "客户号,资金账号,证券账号,市场,证券代码,持仓数量,币种,市值,冻结数量,质押数量"


def accounts_csv(*lines: str) -> bytes:
    return "\r\n".join([ACCOUNTS, *lines, ""]).encode("gb18030")


def holdings_csv(*lines: str) -> bytes:
    return "\r\n".join([HOLDINGS, *lines, ""]).encode("gb18030")


@pytest.fixture
def book(load):
    """Two clients, one dormant; both with cash, the dormant one with pledged shares."""
    lines = client_lines(A) + client_lines(B).replace("正常", "休眠")
    load("c.csv", f"{CLIENT_HEADER}\r\n{lines}".encode("gb18030"))
    load(
        "a.csv",
        accounts_csv(
            f"{A},资金账户,8001,CNY,正常,100.10,甲行",
            f"{B},资金账户,8002,CNY,正常,20.20,甲行",
            f"{B},资金账户,8003,USD,冻结,5.00,乙行",
            f"{B},沪A,A1,CNY,正常,,",
        ),
    )
    return load("h.csv", holdings_csv(f"{B},8002,A1,沪,600519,10,CNY,1000.005,0,3"))


def test_the_money_of_a_finding_is_that_of_its_clients(book, transfer):
    report = health_report(transfer)
    assert report.clients == 2
    assert {code: count for code, count in report.counts.items() if count} == {
        "dormant": 1,
        "frozen": 1,
        "pledged": 1,
        "undesignated": 1,
        "multi_bank": 1,
    }
    assert report.money["dormant"] == {"CNY": Decimal("1020.2050"), "USD": Decimal("5.0000")}
    assert report.total_money == {"CNY": Decimal("1120.3050"), "USD": Decimal("5.0000")}
    [behind] = report.rows("pledged")
    assert behind.line == 2
    assert set(ClientSum.objects.values_list("line", flat=True)) == {0}


def test_flags_travel_with_the_client(book):
    flags = dict(
        (line, (frozen, pledged))
        for line, frozen, pledged in Client.objects.values_list("source_line", "is_frozen", "is_pledged")
    )
    assert flags == {2: (False, False), 3: (True, True)}


def test_a_holding_in_an_account_nobody_loaded_is_refused(book, load):
    run = load(
        "h2.csv", holdings_csv(f"{B},8002,A9,沪,600519,10,CNY,1,,", f"{A},8002,A1,沪,600519,10,CNY,1,,")
    )
    assert list(run.rejects.order_by("line").values_list("column", "code")) == [
        ("证券账号", "unknown_account"),
        ("资金账号", "unknown_account"),
    ]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_every_encoding_keeps_rare_characters(encoding, load, transfer, giver_steward):
    from audit.reading import reading

    data = f"{CLIENT_HEADER}\r\n{client_lines(A, name='䶮㛃𠮷')}".encode(encoding)
    load("c.csv", data)
    client = Client.objects.get()
    with reading(
        actor=giver_steward, organisation=transfer.transferor_id, purpose="test", subjects=[client.pk]
    ) as right:
        assert client.open(right).name == "䶮㛃𠮷"
    assert Extract.objects.get().encoding == encoding
    assert Finding.objects.filter(code="name_outside_gbk").count() == 1


def test_the_same_client_at_both_firms_is_found_from_either_side(
    load, taker_steward, giver_steward, transfer, audited
):
    load("c.csv", clients_csv(A, B))
    assert not Finding.objects.filter(code="duplicate_across").exists()
    load("t.csv", clients_csv(B, C), by=taker_steward)
    [found] = Finding.objects.filter(code="duplicate_across")
    assert (found.line, found.client.book_id) == (3, transfer.book_id)
    assert match_other_book(transfer=transfer, by=giver_steward) == 1
    assert Finding.objects.filter(code="duplicate_across").count() == 1
    assert audited()[-1] == ("import.firms_matched", transfer.pk)
    assert Client.objects.filter(custodian=transfer.transferee).count() == 2


def test_a_field_of_nobodys_may_stand_once_declared_and_is_never_stored(receive, transfer, giver_steward):
    data = clients_csv(A).replace("客户经理".encode("gb18030"), "星座".encode("gb18030"))
    with pytest.raises(Refused):
        receive("c.csv", data)
    row = declare_field(transfer=transfer, kind="clients", source_field="星座", by=giver_steward)
    with pytest.raises(Refused):
        set_policy(policy_row=row, policy="move", by=giver_steward)
    extract = receive("c.csv", data)
    assert FieldPolicy.objects.filter(transfer=transfer, kind="clients").count() == len(extract.header)
    needed = FieldPolicy.objects.get(transfer=transfer, target_field="client_no")
    with pytest.raises(Refused) as refusal:
        set_policy(policy_row=needed, policy="never", by=giver_steward)
    assert refusal.value.code == "import.policy_needed"


def test_a_look_writes_no_client_and_no_wrap(load):
    run = load("c.csv", clients_csv(A, B, A), mode="profile")
    assert (run.mode, run.state, run.rows, run.accepted) == (ImportRun.Mode.PROFILE, "done", 3, 2)
    assert list(run.rejects.values_list("line", "column", "code")) == [(4, "客户号", "duplicate_key")]
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("number", "code"), [("9111010500812E3042", ""), ("914103020099E02710", ""), ("9111010500812E3043", "scientific_notation")]
)  # fmt: skip
def test_a_credit_code_with_a_single_e_is_no_spreadsheets_number(load, number, code):
    line = f"000000000017,机构,云帆公司,统一社会信用代码,{number},,正常,20200102,0001,9001\r\n"
    run = load("c.csv", f"{CLIENT_HEADER}\r\n{line}".encode("gb18030"))
    assert list(run.rejects.values_list("code", flat=True)) == ([code] if code else [])
