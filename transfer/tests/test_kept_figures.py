"""Figures that are kept are those that counting anew would find, whoever changed what they are about."""

from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from audit.reading import reading
from clients.models import Book, NoticeCampaign
from clients.services.notices import import_delivery_evidence
from transfer.figures import kept
from transfer.models import CaseCount, ClientCase, Finding, KeptFigures
from transfer.services import evidence, health, persons
from transfer.services.cases import assess_cases, funnel, open_cases
from transfer.services.health import health_report
from transfer.services.matching import match_other_book
from transfer.services.persons import count_persons
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import clients_csv
from vault.files import seal_stream

pytestmark = pytest.mark.django_db

A, B, C, D = "000000000017", "000000000024", "000000000031", "000000000048"


def counted(transfer):
    states = ClientCase.objects.filter(transfer=transfer).values_list("state", flat=True)
    return {state: count for state, count in Counter(states).items() if count}


def full(figures):
    return {state: count for state, count in figures.items() if count}


def test_the_funnel_is_what_counting_anew_finds_after_every_change(load, transfer):
    load("c.csv", clients_csv(A, B, C))
    open_cases(transfer=transfer)
    assert full(funnel(transfer)) == counted(transfer) == {"in_scope": 3}
    one, two, _ = ClientCase.objects.order_by("pk")
    ClientCase.objects.filter(pk__in=[one.pk, two.pk]).update(state="cleared")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE transfer_clientcase SET state = 'parked' WHERE id = %s", [two.pk])
    assert full(funnel(transfer)) == counted(transfer) == {"in_scope": 1, "cleared": 1, "parked": 1}
    two.delete()
    assert full(funnel(transfer)) == counted(transfer) == {"in_scope": 1, "cleared": 1}


def test_an_assessment_folds_the_lines_of_the_count_without_changing_their_sum(load, transfer):
    load("c.csv", clients_csv(A, B))
    open_cases(transfer=transfer)
    for state in ("cleared", "parked", "in_scope"):
        ClientCase.objects.update(state=state)
    before = CaseCount.objects.count()
    assess_cases(transfer=transfer)
    assert full(funnel(transfer)) == counted(transfer) == {"in_scope": 2}
    assert CaseCount.objects.count() == 1 < before


def test_the_cases_of_another_transfer_are_not_counted(load, transfer, canglan, giver_manager):
    load("c.csv", clients_csv(A))
    open_cases(transfer=transfer)
    other = type(transfer).objects.create(
        number="T-2",
        transferor=canglan,
        book=Book.objects.create(owner=canglan, name="T-2"),
        pack_digest="0" * 64,
        created_by=giver_manager,
    )
    assert sum(funnel(other).values()) == 0


def test_persons_are_counted_once_per_load_and_anew_after_the_next(load, transfer, monkeypatch):
    load("c.csv", clients_csv(A, B))
    kept_count = count_persons(transfer)
    assert kept_count.transferor == 2
    with monkeypatch.context() as patched:
        patched.setattr(persons, "_count", lambda _transfer: pytest.fail("counted anew"))
        assert count_persons(transfer) == kept_count
    load("more.csv", clients_csv(C, D))
    assert count_persons(transfer).transferor == 4


def test_a_count_kept_for_other_loads_is_not_used(load, transfer):
    load("c.csv", clients_csv(A, B))
    KeptFigures.objects.filter(name="persons").update(figures=[9, 9, 9], depends_on=b"x" * 32)
    assert count_persons(transfer).transferor == 2


def test_health_is_kept_with_the_runs_it_is_made_of(load, transfer, monkeypatch):
    load("c.csv", clients_csv(A, B).replace("正常".encode("gb18030"), "休眠".encode("gb18030")))
    with monkeypatch.context() as patched:
        patched.setattr(health, "_counted", lambda *_: pytest.fail("counted anew"))
        assert health_report(transfer).counts["dormant"] == 2
    load("more.csv", clients_csv(C).replace("正常".encode("gb18030"), "休眠".encode("gb18030")))
    assert health_report(transfer).counts["dormant"] == 3


def test_a_match_across_firms_is_in_the_kept_report(load, transfer, giver_steward, taker_steward):
    load("c.csv", clients_csv(A, B))
    load("t.csv", clients_csv(B), by=taker_steward)
    assert match_other_book(transfer=transfer, by=giver_steward) == 1
    report = health_report(transfer)
    assert report.counts["duplicate_across"] == 1
    assert kept(transfer, health._name(report.runs), health._made_of(report.runs))[0]["duplicate_across"] == 1


def test_the_clients_behind_a_finding_come_page_by_page_each_once(load, transfer):
    run = load("c.csv", clients_csv(A, B, C).replace("正常".encode("gb18030"), "休眠".encode("gb18030")))
    again = Finding.objects.filter(run=run, code="dormant").order_by("pk").first()
    Finding.objects.create(run=run, code="dormant", line=99, client_digest=again.client_digest)
    report, seen, after = health_report(run), [], 0
    while page := report.clients_behind("dormant", after=after, most=2):
        seen += [digest for _, digest in page]
        after = page[-1][0]
    assert len(seen) == len(set(seen)) == 3
    assert report.lines_of("dormant", seen)[bytes(again.client_digest)] == 2


def test_evidence_is_counted_once_per_load_and_anew_after_the_next(
    load, transfer, giver_officer, giver_officer2, monkeypatch
):
    load("c.csv", clients_csv(A, B))
    notice = NoticeCampaign.objects.create(
        occasion=transfer.pk, sender=transfer.transferor, number=1, text_en="a", text_zh="b",
        text_digest=b"d" * 32, created_by=giver_officer, approved_by=giver_officer2, approved_at=timezone.now(),
    )  # fmt: skip
    _load_evidence(transfer, notice, giver_officer, A, "已送达")
    assess_cases(transfer=transfer)
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "_count", lambda _campaign: pytest.fail("counted anew"))
        assert evidence.evidence_figures(transfer, notice)["delivered"] == 1
    _load_evidence(transfer, notice, giver_officer, B, "退回")
    found = evidence.evidence_figures(transfer, notice)
    assert (found["delivered"], found["returned"]) == (1, 1)
    assert found["channels"] == [{"channel": "post", "delivered": 1, "returned": 1}]


def _load_evidence(transfer, notice, by, number, outcome):
    data = f"客户号,渠道,送达日期,结果,凭证编号\r\n{number},挂号信,20260105,{outcome},E{number}\r\n".encode()
    file = seal_stream([data], holder=by.organisation_id, purpose="evidence", name="e.csv")
    with reading(actor=by, organisation=by.organisation_id, purpose="load", subjects=[file.pk]) as right:
        import_delivery_evidence(campaign=notice, file=file, book=transfer.book, reading=right, by=by)
