"""Rejects: downloaded, mended, loaded again; or left out with a reason."""

import csv
import io

import pytest

from audit.errors import Refused
from audit.reading import reading
from clients.models import Client
from transfer.gates.registry import gate
from transfer.models import ImportRun, Reject
from transfer.services.imports import start_run, stop_run
from transfer.services.rejects import leave_out, reject_file, reject_subjects
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import CLIENT_HEADER, client_lines

pytestmark = pytest.mark.django_db

ROW = "{number},个人,{name},护照,{passport},{phone},{status},20200102,0001,9001\r\n"


def row(number="000000000017", name="周宁", passport="E1", phone="13800000000", status="正常") -> str:
    return ROW.format(number=number, name=name, passport=passport, phone=phone, status=status)


@pytest.fixture
def broken(load):
    """A load of which three lines are refused: a lost zero, an unknown word, too many cells."""
    lines = client_lines(*(f"{number:012d}" for number in range(100, 130)))
    bad = (
        row(number="17", phone="=1+1")
        + row(number="000000000024", status="冷冻", name="'=晴")
        + "000000000031,1,2\r\n"
    )
    return load("a.csv", f"{CLIENT_HEADER}\r\n{lines}{bad}".encode("gb18030"))


def downloaded(run, user, language="zh-hans") -> list[list[str]]:
    with reading(
        actor=user, organisation=run.extract.side_id, purpose="mend_rejects", subjects=reject_subjects(run)
    ) as right:
        data = b"".join(reject_file(run=run, reading=right, language=language))
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def as_bytes(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def test_the_file_names_line_column_and_reason_and_runs_nothing(broken, giver_steward):
    header, first, second, third = downloaded(broken, giver_steward, language="en")
    assert header == ["行号", "列", "原因", *CLIENT_HEADER.split(",")]
    assert first[:4] == ["32", "客户号", "The code is too short: zeros at its front were lost.", "17"]
    assert first[8] == "'=1+1"
    assert second[5] == "''=晴"
    assert third[:2] == ["34", ""]
    assert third[3:] == ["000000000031", "1", "2"]


def test_a_field_that_is_never_stored_is_empty_in_the_file(giver_steward, load):
    header = f"{CLIENT_HEADER},交易密码"
    lines = row().rstrip() + ",pass-1\r\n" + row(number="2.4E+01").rstrip() + ",pass-2\r\n"
    run = load("a.csv", f"{header}\r\n{lines}".encode("gb18030"))
    named, line = downloaded(run, giver_steward)
    assert (named[-1], line[-1]) == ("交易密码", "")
    line[3] = "000000000024"
    mended = load("b.csv", as_bytes([named, line]), purpose="mended")
    assert (mended.accepted, Reject.objects.get(run=run).decision) == (1, "mended")


def test_a_mended_file_given_up_before_a_line_stood_holds_nothing_up(
    broken, giver_steward, receive, transfer
):
    extract = receive("b.csv", as_bytes(downloaded(broken, giver_steward)), purpose="mended")
    facts = {fact.code: fact.count for fact in gate(transfer, 2).facts}
    assert (facts["nothing_pending"], facts["rejects_decided"]) == (1, 3)
    stop_run(run=start_run(extract=extract, mode=ImportRun.Mode.LOAD, by=giver_steward), by=giver_steward)
    facts = {fact.code: fact.count for fact in gate(transfer, 2).facts}
    assert (facts["nothing_pending"], facts["rejects_decided"]) == (0, 3)


def test_no_text_of_a_refused_line_lies_in_the_clear(broken):
    kept = Reject.objects.values_list("column", "code", "reason")
    assert "冷冻" not in str(list(kept))


def test_the_mended_file_loads_again_and_settles_the_rejects(broken, giver_steward, load, transfer):
    header, first, second, third = downloaded(broken, giver_steward)
    first[3] = "000000000017"
    second[9] = "正常"
    third[3:] = row(number="000000000031").strip().split(",")
    mended = load("b.csv", as_bytes([header, first, second, third]), purpose="mended")
    assert (mended.rows, mended.accepted) == (3, 3)
    assert set(Reject.objects.values_list("decision", flat=True)) == {"mended"}
    assert set(Reject.objects.values_list("decided_by", flat=True)) == {giver_steward.pk}
    clients = list(Client.objects.filter(import_run=mended.pk).order_by("source_line"))
    with reading(
        actor=giver_steward,
        organisation=transfer.transferor_id,
        purpose="test",
        subjects=[client.pk for client in clients],
    ) as right:
        secrets = [client.open(right) for client in clients]
    assert (secrets[0].phone, secrets[1].name) == ("=1+1", "'=晴")


def test_mended_lines_without_the_three_columns_are_recognised_too(broken, load):
    text = (
        row(number="000000000017", phone="=1+1")
        + row(number="000000000024", name="'=晴")
        + row(number="000000000031")
    )
    mended = load("b.csv", f"{CLIENT_HEADER}\r\n{text}".encode(), purpose="mended")
    assert mended.accepted == 3
    assert set(Reject.objects.values_list("decision", flat=True)) == {"mended"}


def test_a_line_mended_wrongly_stays_open(broken, load):
    load(
        "b.csv", f"{CLIENT_HEADER}\r\n{row(number='000000000024', status='仍错')}".encode(), purpose="mended"
    )
    assert Reject.objects.filter(decision="open").count() == 4


def test_a_line_is_left_out_once_and_with_a_reason(broken, giver_steward, taker_steward, audited):
    reject = Reject.objects.first()
    with pytest.raises(Refused) as refusal:
        leave_out(reject=reject, reason="  ", by=giver_steward)
    assert refusal.value.code == "import.reason_missing"
    with pytest.raises(Refused) as refusal:
        leave_out(reject=reject, reason="not ours", by=taker_steward)
    assert refusal.value.code == "import.other_side"
    left = leave_out(reject=reject, reason="account closed in 2011", by=giver_steward)
    assert (left.decision, left.decided_by) == ("left_out", giver_steward)
    assert audited()[-1] == ("import.reject_left_out", reject.run_id)
    with pytest.raises(Refused) as refusal:
        leave_out(reject=reject, reason="again", by=giver_steward)
    assert refusal.value.code == "import.reject_decided"
