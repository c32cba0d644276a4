"""Deliveries and batches as tasks: five workers at once have one effect, and a killed one loses nothing."""

import datetime
import threading

import pytest
from django.db import connection
from django.utils import timezone

from clients.models import Client, CustodyMove
from transfer.models import Run
from transfer.services.leases import LeaseLost, claim_run, give_back, renew
from transfer.services.runs import make_delivery, start_rehearsal
from transfer.tasks import cutover as cutover_tasks
from transfer.tasks import runs as run_tasks
from transfer.tasks.cutover import run_cutover
from transfer.tasks.runs import deliver, make_piece, reap_runs, reconcile_run
from transfer.tests.test_certificate import mandate, ready, send_back  # noqa: F401  fixtures
from vault.models import SealedFile

WORKERS = 5


@pytest.fixture
def no_broker(monkeypatch):
    """What the tasks ask for next, instead of a broker."""
    sent = []
    monkeypatch.setattr(run_cutover, "delay", lambda key: sent.append(("run_cutover", key)))
    monkeypatch.setattr(deliver, "delay", lambda key: sent.append(("deliver", key)))
    monkeypatch.setattr(make_piece, "delay", lambda key: sent.append(("make_piece", key)))
    monkeypatch.setattr(reconcile_run, "delay", lambda key: sent.append(("reconcile_run", key)))
    monkeypatch.setattr(
        cutover_tasks.current_app, "send_task", lambda name, keys: sent.append((name, *keys)), raising=False
    )
    return sent


@pytest.fixture
def begun(mandate, ready, giver_manager, monkeypatch):  # noqa: F811
    from transfer.services.cutover import begin_cutover

    monkeypatch.setattr(
        "transfer.services.cutover.gate",
        lambda transfer, number: type("Open", (), {"open": True, "missing": ()})(),
    )
    return begin_cutover(transfer=ready, by=giver_manager)


def at_once(task, key):
    """The task run by several workers at the same moment, each on a connection of its own."""
    gate = threading.Barrier(WORKERS)
    faults = []

    def work():
        try:
            gate.wait()
            task(key)
        except Exception as fault:  # noqa: BLE001 - told to the test
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


@pytest.mark.django_db(transaction=True)
def test_five_workers_make_one_delivery(ready, giver_manager, audited, no_broker, monkeypatch):  # noqa: F811
    monkeypatch.setattr("transfer.services.pieces.CLIENTS_OF_A_PIECE", 1)
    run = start_rehearsal(transfer=ready, by=giver_manager)
    for _ in range(5):  # Planned, three pieces, put together.
        at_once(deliver, str(run.pk))
    run.refresh_from_db()
    assert (run.pieces.count(), run.client_count) == (3, 3)
    assert no_broker.count(("deliver", str(run.pk))) == 4
    assert no_broker.count(("make_piece", str(run.pk))) == 1
    assert run.state == "delivered"
    assert SealedFile.objects.filter(purpose="delivery").count() == 1
    assert [kind for kind, _ in audited()].count("run.delivered") == 1
    deliver(str(run.pk))
    assert SealedFile.objects.filter(purpose="delivery").count() == 1


@pytest.mark.django_db(transaction=True)
def test_helpers_make_pieces_of_their_own_and_the_last_has_the_delivery_put_together(
    ready, giver_manager, no_broker, monkeypatch
):  # noqa: F811
    monkeypatch.setattr("transfer.services.pieces.CLIENTS_OF_A_PIECE", 1)
    run = start_rehearsal(transfer=ready, by=giver_manager)
    deliver(str(run.pk))
    at_once(make_piece, str(run.pk))
    assert run.pieces.filter(file=None).count() == 0
    assert SealedFile.objects.filter(purpose="piece").count() == 4  # With the key of the disguise.
    make_piece(str(run.pk))
    assert no_broker[-1] == ("deliver", str(run.pk))
    deliver(str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.lease_until, run.client_count) == ("delivered", None, 3)


@pytest.mark.django_db(transaction=True)
def test_five_workers_move_each_client_once(begun, ready, yuanxiu, settings, audited, no_broker):  # noqa: F811
    settings.CUSTODY_BATCH_ROWS = 1
    for _ in range(6):
        at_once(run_cutover, str(ready.pk))
    ready.refresh_from_db()
    assert ready.state == "reconciling"
    assert set(Client.objects.values_list("custodian", flat=True)) == {yuanxiu.pk}
    assert list(CustodyMove.objects.order_by("number").values_list("number", "state")) == [
        (1, "accepted"),
        (2, "accepted"),
        (3, "accepted"),
    ]
    kinds = [kind for kind, _ in audited()]
    assert kinds.count("custody.accepted") == 3
    assert kinds.count("cutover.finished") == 1
    assert ("transfer.tasks.runs.deliver", str(begun.pk)) in no_broker


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_release_and_acceptance_is_resumed(begun, ready, no_broker, monkeypatch):  # noqa: F811
    class Killed(BaseException):
        """As kill -9: nothing of the worker runs after it."""

    with monkeypatch.context() as crash:
        crash.setattr("transfer.services.cutover._accept", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            run_cutover(str(ready.pk))
    assert CustodyMove.objects.get().state == "released"
    run_cutover(str(ready.pk))  # The dead worker's lease still stands: nobody else works.
    assert CustodyMove.objects.get().state == "released"
    Run.objects.filter(pk=begun.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    reap_runs()
    assert ("run_cutover", str(ready.pk)) in no_broker
    run_cutover(str(ready.pk))
    run_cutover(str(ready.pk))
    ready.refresh_from_db()
    assert (CustodyMove.objects.get().state, ready.state) == ("accepted", "reconciling")


@pytest.mark.django_db
def test_the_reaper_asks_for_what_is_wanted_and_nothing_else(ready, giver_manager, no_broker):  # noqa: F811
    run = start_rehearsal(transfer=ready, by=giver_manager)
    reap_runs()
    assert no_broker == [("deliver", str(run.pk))]
    Run.objects.filter(pk=run.pk).update(problem="run.kept_back")
    reap_runs()
    assert len(no_broker) == 1


@pytest.mark.django_db
def test_reconciling_is_done_in_the_name_of_whoever_asked(
    ready, giver_manager, taker_steward, no_broker, audited
):  # noqa: F811
    run = start_rehearsal(transfer=ready, by=giver_manager)
    make_delivery(run=run)
    run.refresh_from_db()
    send_back(run, taker_steward)
    reconcile_run(str(run.pk))
    run.refresh_from_db()
    assert run.state == "delivered"  # Nobody has asked yet.
    Run.objects.filter(pk=run.pk).update(state="reconciling", reconcile_by=taker_steward)
    reconcile_run(str(run.pk))
    while no_broker:
        reconcile_run(no_broker.pop()[1])
    run.refresh_from_db()
    assert (run.state, run.lease_until, run.problem) == ("done", None, "")
    assert "run.reconciled" in [kind for kind, _ in audited()]


@pytest.mark.django_db
def test_work_that_a_rule_forbids_stops_with_the_reason(begun, ready, no_broker, monkeypatch):  # noqa: F811
    monkeypatch.setattr("transfer.services.cutover.live_mandate", lambda _transfer: None)
    run_cutover(str(ready.pk))
    begun.refresh_from_db()
    assert (begun.problem, begun.lease_until) == ("mandate.outside_window", None)


@pytest.mark.django_db
def test_a_worker_that_was_taken_over_writes_nothing(ready, giver_manager, no_broker):  # noqa: F811
    run = start_rehearsal(transfer=ready, by=giver_manager)
    first = claim_run(run.pk)
    assert claim_run(run.pk) is None
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    second = claim_run(run.pk)
    with pytest.raises(LeaseLost):
        renew(first, reached=1)
    with pytest.raises(LeaseLost):
        make_delivery(run=first)
    give_back(first, problem="run.kept_back")
    second.refresh_from_db()
    assert (second.problem, second.fence) == ("", 2)
    assert not SealedFile.objects.filter(purpose="delivery").exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_a_delivery_loses_at_most_its_piece(
    ready, giver_manager, no_broker, monkeypatch
):  # noqa: F811
    class Killed(BaseException):
        """As kill -9: nothing of the worker runs after it."""

    monkeypatch.setattr("transfer.services.pieces.CLIENTS_OF_A_PIECE", 1)
    run = start_rehearsal(transfer=ready, by=giver_manager)
    deliver(str(run.pk))
    deliver(str(run.pk))
    kept = run.pieces.exclude(file=None).get()
    with monkeypatch.context() as crash:
        crash.setattr("transfer.services.pieces.seal_stream", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            deliver(str(run.pk))
    assert run.pieces.exclude(file=None).get() == kept
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    for _ in range(3):
        deliver(str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.client_count) == ("delivered", 3)
    assert run.pieces.get(number=1).file == kept.file
    assert run.disguise_file is None


@pytest.mark.django_db
def test_every_task_is_known_to_the_worker():
    from handover.celery import app

    app.loader.import_default_modules()
    names = {
        "transfer.tasks.runs.deliver",
        "transfer.tasks.runs.reconcile_run",
        "transfer.tasks.cutover.run_cutover",
    }
    assert names <= set(app.tasks)
    assert app.conf.beat_schedule["reap-runs"]["task"] == run_tasks.reap_runs.name
