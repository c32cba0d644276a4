"""The sample's list of answers: rejects and findings equal it exactly, before and after mending."""

from pathlib import Path

import pytest

from clients.models import Client
from transfer.models import Extract, Finding, ImportRun, Reject
from transfer.services.extracts import declare_totals
from transfer.services.health import health_report
from transfer.services.imports import declared_differences
from transfer.services.rejects import leave_out
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import ORDER, sealed
from vault.tokens import source_digests

pytestmark = pytest.mark.django_db


def rejects_of(run: ImportRun, name: str) -> list[list]:
    rows = Reject.objects.filter(run=run).order_by("line")
    return [[name, line, column, code] for line, column, code in rows.values_list("line", "column", "code")]


def numbers_found(transfer, answers: dict, when: str) -> dict[str, list[str]]:
    """Per code the client numbers found; digests are turned back by trying every number of the answers."""
    numbers = sorted(
        {number for lists in answers["findings"].values() for found in lists.values() for number in found}
    )
    by_digest = dict(zip(source_digests(transfer.book_id, "clients", numbers), numbers, strict=True))
    report = health_report(transfer)
    return {
        code: sorted({by_digest.get(bytes(row.client_digest), "?") for row in report.rows(code)})
        for code in answers["findings"][when]
        if code != "under_14"
    }


def expected(answers: dict, when: str) -> dict[str, list[str]]:
    return {code: found for code, found in answers["findings"][when].items() if code != "under_14"}


def load_all(world: Path, load, folder: str, **more) -> dict[str, ImportRun]:
    return {name: load(name, (world / folder / name).read_bytes(), **more) for name in ORDER}


@pytest.fixture
def taker_clients(world, load, taker_steward) -> ImportRun:
    return load("客户资料.csv", (world / "transferee/客户资料.csv").read_bytes(), by=taker_steward)


def test_it_refuses_and_finds_exactly_what_the_answers_list(
    world, answers, transfer, taker_clients, load, giver_steward, canglan
):
    runs = load_all(world, load, "transferor")
    for name, run in runs.items():
        answer = answers["files"][name]
        assert rejects_of(run, name) == sorted(answer["rejects"], key=lambda row: row[1]), name
        assert (run.rows, run.accepted, run.state) == (answer["rows"], answer["accepted"], "done"), name
    assert numbers_found(transfer, answers, "first") == expected(answers, "first")

    control = sealed(canglan, "控制总数.csv", (world / "transferor/控制总数.csv").read_bytes())
    declared = declare_totals(transfer=transfer, sealed_file=control, by=giver_steward)
    assert len(declared) == 7
    for run in runs.values():
        run.extract.refresh_from_db()
        assert declared_differences(run) == [], run.extract.kind

    mended = load_all(world, load, "mended", purpose="mended")
    for name, run in mended.items():
        assert (run.rows, run.rejected) == (answers["files"][name]["mended_rows"], 0), name
    assert numbers_found(transfer, answers, "after_mending") == expected(answers, "after_mending")

    left = Reject.objects.filter(run__in=[run.pk for run in runs.values()], decision="open").select_related(
        "run__extract"
    )
    names = {run.pk: name for name, run in runs.items()}
    assert sorted([names[row.run_id], row.line, row.column, row.code] for row in left) == sorted(
        row for answer in answers["files"].values() for row in answer["left_out"]
    )
    for row in left:
        leave_out(reject=row, reason="nobody claims it", by=giver_steward)
    assert not Reject.objects.filter(decision="open").exists()
    found = answers["findings"]["after_mending"]["under_14"]
    assert Client.objects.filter(book=transfer.book, is_under14=True).count() == len(found)


def test_a_look_finds_the_same_before_anything_is_loaded(world, answers, transfer, taker_clients, load):
    runs = load_all(world, load, "transferor", mode="profile")
    clients = runs["客户资料.csv"]
    assert rejects_of(clients, "客户资料.csv") == answers["files"]["客户资料.csv"]["rejects"]
    assert not Client.objects.filter(book=transfer.book).exists()
    found, wanted = numbers_found(transfer, answers, "first"), expected(answers, "first")
    of_clients = set(wanted) - {"frozen", "pledged", "undesignated", "multi_bank", "minor_without_guardian"}
    assert {code: found[code] for code in of_clients} == {code: wanted[code] for code in of_clients}
    report = health_report(transfer)
    assert report.counts["dormant"] == len(wanted["dormant"])
    assert sum(report.total_money.values()) > 0
    assert set(report.money["dormant"]) <= set(report.total_money)
    assert Extract.objects.count() == 8
    assert Finding.objects.filter(client__isnull=False, run__in=report.runs).count() == 0
