"""Runs: nothing is loaded twice, the earliest line wins, lost work is found, failures are parked."""

import datetime
import threading

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from audit.errors import Refused
from clients.models import Client
from transfer.importing.chunks import LeaseLost, claim_next, work_on
from transfer.importing.finishing import finish
from transfer.importing.planning import plan
from transfer.models import ImportChunk, ImportKey, ImportRun, Reject
from transfer.services.imports import progress, retry_chunk, run_now, start_run, stop_run
from transfer.tasks import imports as tasks
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import AS_OF, clients_csv
from vault.models import Wrap

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [f"{number:012d}" for number in range(1, 61)]


@pytest.fixture
def small_slices(settings):
    """About ten lines a slice."""
    settings.IMPORT_CHUNK_BYTES = 800


@pytest.fixture
def run(small_slices, receive, giver_steward) -> ImportRun:
    """A planned load of sixty clients in which two numbers stand again in a later slice."""
    data = clients_csv(*NUMBERS[:30], NUMBERS[2], *NUMBERS[30:], NUMBERS[5])
    run = start_run(extract=receive("a.csv", data), mode="load", by=giver_steward, as_of=AS_OF)
    plan(run.pk)
    run.refresh_from_db()
    return run


def claim(run: ImportRun, number: int) -> ImportChunk:
    """This very slice, claimed as ``claim_next`` does."""
    ImportChunk.objects.filter(run=run).exclude(number=number).filter(state="waiting").update(state="parked")
    chunk = claim_next(run.pk)
    ImportChunk.objects.filter(run=run, state="parked").update(state="waiting")
    assert chunk.number == number
    return chunk


def outcome(run: ImportRun) -> tuple:
    """What a load comes to, without ids and times."""
    run.refresh_from_db()
    clients = (
        Client.objects.filter(import_run=run.pk)
        .order_by("source_line")
        .values_list("source_line", "source_digest")
    )
    rejects = Reject.objects.filter(run=run).order_by("line").values_list("line", "column", "code")
    return (
        run.state,
        run.rows,
        run.accepted,
        run.rejected,
        run.totals,
        [(line, bytes(digest)) for line, digest in clients],
        list(rejects),
    )


def expected_rejects() -> list[tuple]:
    return [(32, "客户号", "duplicate_key"), (63, "客户号", "duplicate_key")]


def test_it_loads_every_line_once_and_keeps_the_ledger(run, audited):
    run_now(run)
    state, rows, accepted, rejected, _, clients, rejects = outcome(run)
    assert (state, rows, accepted, rejected) == ("done", 62, 60, 2)
    assert rejects == expected_rejects()
    assert Wrap.objects.filter(subject__in=Client.objects.values("pk")).count() == 60
    assert not ImportKey.objects.filter(run=run).exists()
    loaded = [kind for kind, _ in audited() if kind == "import.chunk_loaded"]
    assert len(loaded) == run.chunks_total == ImportChunk.objects.filter(run=run, state="done").count()
    assert progress(run).percent == 100


def test_running_any_part_again_changes_nothing(run, audited):
    run_now(run)
    before, events = outcome(run), audited()
    for _ in range(5):
        plan(run.pk)
        assert claim_next(run.pk) is None
        finish(run.pk)
        run_now(run)
    assert (outcome(run), audited()) == (before, events)


def test_a_slice_worked_on_twice_loads_once(run):
    chunk = claim_next(run.pk)
    work_on(chunk)
    with pytest.raises((LeaseLost, IntegrityError)):
        work_on(chunk)
    assert Client.objects.count() == ImportChunk.objects.get(pk=chunk.pk).accepted


def test_the_earliest_line_wins_in_whatever_order_slices_are_loaded(run, audited):
    for number in range(run.chunks_total, 0, -1):
        work_on(claim(run, number))
    undone = ImportChunk.objects.filter(run=run, state="waiting")
    assert undone.exists()
    run_now(run)
    assert outcome(run)[6] == expected_rejects()
    assert outcome(run)[1:4] == (62, 60, 2)
    assert "import.chunk_undone" in [kind for kind, _ in audited()]
    assert Wrap.objects.filter(holder=run.extract.side_id, purpose="custody").count() == 60


def test_two_workers_at_once_come_to_the_same(run):
    problems = []

    def work() -> None:
        try:
            while (chunk := claim_next(run.pk)) is not None:
                tasks.attempt(chunk)
        except Exception as problem:  # noqa: BLE001
            problems.append(problem)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    run_now(run)
    assert outcome(run)[:4] == ("done", 62, 60, 2)
    assert outcome(run)[6] == expected_rejects()


def test_a_lease_that_ran_out_is_taken_over_and_the_late_worker_commits_nothing(run):
    late = claim_next(run.pk)
    ImportChunk.objects.filter(pk=late.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    taken = claim_next(run.pk)
    assert (taken.pk, taken.fence) == (late.pk, late.fence + 1)
    with pytest.raises(LeaseLost):
        work_on(late)
    assert not Client.objects.exists()
    work_on(taken)
    run_now(run)
    assert outcome(run)[:4] == ("done", 62, 60, 2)


def test_a_slice_that_fails_three_times_is_parked_and_may_be_tried_again(
    run, monkeypatch, giver_steward, audited
):
    def broken(_chunk) -> None:
        raise ValueError("poison")

    monkeypatch.setattr(tasks, "work_on", broken)
    for _ in range(3):
        tasks.attempt(claim(run, 1))
    chunk = ImportChunk.objects.get(run=run, number=1)
    assert (chunk.state, chunk.problem, chunk.attempts) == ("parked", "ValueError", 3)
    assert "import.chunk_parked" in [kind for kind, _ in audited()]
    monkeypatch.undo()
    run_now(run)
    run.refresh_from_db()
    assert (run.state, progress(run).parked) == ("running", 1)
    retry_chunk(chunk=chunk, by=giver_steward)
    run_now(run)
    assert outcome(run)[:4] == ("done", 62, 60, 2)


def test_a_worker_lost_three_times_parks_the_slice(run):
    chunk = claim_next(run.pk)
    past = timezone.now() - datetime.timedelta(seconds=1)
    ImportChunk.objects.filter(pk=chunk.pk).update(attempts=3, lease_until=past)
    tasks._park_worn_out()
    chunk.refresh_from_db()
    assert (chunk.state, chunk.problem) == ("parked", "worker_lost")


def test_a_stopped_run_commits_no_further_slice_and_goes_on_where_it_was(run, giver_steward, audited):
    work_on(claim_next(run.pk))
    under_way = claim_next(run.pk)
    stop_run(run=run, by=giver_steward)
    with pytest.raises(LeaseLost):
        work_on(under_way)
    assert claim_next(run.pk) is None
    again = start_run(extract=run.extract, mode="load", by=giver_steward)
    assert again.pk == run.pk
    run_now(again)
    assert outcome(run)[:4] == ("done", 62, 60, 2)
    assert "import.run_stopped" in [kind for kind, _ in audited()]


def test_the_reaper_asks_again_for_whatever_was_lost(run, redis_flushed, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.load_chunk, "delay", lambda run_id: asked.append(run_id))
    tasks.reap_imports()
    assert asked == [str(run.pk)] * tasks.CHAINS
    chunk = claim_next(run.pk)
    tasks.reap_imports()
    assert asked == [str(run.pk)] * tasks.CHAINS
    ImportChunk.objects.filter(pk=chunk.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    tasks.reap_imports()
    assert asked == [str(run.pk)] * tasks.CHAINS * 2


def test_an_extract_is_read_once_in_each_way_and_in_order(run, load, receive, giver_steward):
    with pytest.raises(Refused) as refusal:
        start_run(extract=run.extract, mode="load", by=giver_steward)
    assert refusal.value.code == "import.running_already"
    accounts = "客户号,账户类别,账户号码,币种,账户状态\r\n000000000001,资金账户,80001,CNY,正常\r\n".encode()
    with pytest.raises(Refused) as refusal:
        start_run(extract=receive("b.csv", accounts), mode="load", by=giver_steward)
    assert refusal.value.code == "import.clients_first"


def test_nothing_is_loaded_once_the_cutover_has_begun(run, receive, giver_steward, transfer, audited):
    late = receive("late.csv", clients_csv(NUMBERS[1]))
    type(transfer).objects.filter(pk=transfer.pk).update(state="cutting_over")
    before = audited()
    with pytest.raises(Refused) as refusal:
        start_run(extract=late, mode="load", by=giver_steward)
    assert refusal.value.code == "import.too_late"
    assert audited() == before
    assert not late.runs.exists()


def test_what_the_policy_never_stores_is_nowhere(receive, giver_steward, transfer):
    from audit.reading import reading
    from transfer.models import FieldPolicy
    from transfer.services.policies import set_policy

    extract = receive("a.csv", clients_csv(NUMBERS[0]))
    row = FieldPolicy.objects.get(transfer=transfer, target_field="phone")
    set_policy(policy_row=row, policy="never", by=giver_steward)
    run_now(start_run(extract=extract, mode="load", by=giver_steward))
    client = Client.objects.get()
    with reading(
        actor=giver_steward, organisation=extract.side_id, purpose="test", subjects=[client.pk]
    ) as right:
        secret = client.open(right)
    assert (secret.phone, client.phone_token, secret.name) == ("", None, "周宁")
    with pytest.raises(Refused) as refusal:
        set_policy(policy_row=row, policy="move", by=giver_steward)
    assert refusal.value.code == "import.policy_after_load"


def test_people_of_other_duties_or_the_other_firm_may_not(receive, giver_staff, taker_steward, giver_steward):
    from access.errors import NotAllowed

    extract = receive("a.csv", clients_csv(NUMBERS[0]))
    with pytest.raises(NotAllowed):
        start_run(extract=extract, mode="load", by=giver_staff)
    with pytest.raises(Refused) as refusal:
        start_run(extract=extract, mode="load", by=taker_steward)
    assert refusal.value.code == "import.other_side"
