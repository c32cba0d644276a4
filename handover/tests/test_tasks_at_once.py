"""Every task run by five workers at the same moment, twice over, has one effect; so has every entry of beat.

A task may be delivered twice, asked for again by a reaper that knows no better, or started by a second
beat. A new task needs a case here: the last tests name those that have none.
"""

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from celery.app.task import Task
from django.db import connection
from django.utils import timezone

from clients.models import Client, CustodyMove
from continuity.models import Backup, RestoreDrill
from continuity.services.backups import ask_backup
from continuity.services.drills import ask_drill
from governance.models import LogCheck
from handover.celery import app
from transfer.models import ImportChunk, ImportRun, Run
from transfer.services.imports import start_run
from transfer.services.runs import deliver_step, make_delivery, start_rehearsal
from transfer.tests.import_world import clients_csv, files_folder, receive  # noqa: F401  fixtures
from transfer.tests.test_certificate import mandate, ready, send_back  # noqa: F401  fixtures
from transfer.tests.test_run_tasks import begun  # noqa: F401  a fixture
from vault.files import seal_stream
from vault.models import SealedFile

WORKERS = 5
PAST = datetime.timedelta(seconds=-1)


@dataclass
class Case:
    """What one task is asked for, the event that stands for its effect, and how often that must stand."""

    arguments: list[str]
    event: str = ""
    times: int = 1
    true: Callable[[], object] = lambda: True


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[tuple]:
    """What the tasks ask for next, instead of a broker."""
    sent: list[tuple] = []

    def note(task, args=None, *_more, **_options):
        sent.append((task.name, *(args or ())))

    monkeypatch.setattr(Task, "apply_async", note)
    monkeypatch.setattr(app, "send_task", lambda name, args=(), **_options: sent.append((name, *args)))
    return sent


def at_once(task: Task, arguments: list[str]) -> None:
    """Five workers run the task at the same moment, each on a connection of its own."""
    gate, faults = threading.Barrier(WORKERS), []

    def work() -> None:
        try:
            gate.wait()
            task(*arguments)
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


@pytest.fixture
def load(receive, giver_steward, settings):  # noqa: F811
    """A run over a few slices that waits to be planned."""
    settings.IMPORT_CHUNK_BYTES = 150
    numbers = [f"{number:012d}" for number in range(1, 13)]
    return start_run(extract=receive("a.csv", clients_csv(*numbers)), mode="load", by=giver_steward)


@pytest.fixture
def planned(load):
    from transfer.importing.planning import plan

    plan(load.pk)
    return load


@pytest.fixture
def loaded(planned):
    from transfer.importing.chunks import claim_next, work_on

    while (chunk := claim_next(planned.pk)) is not None:
        work_on(chunk)
    return planned


@pytest.fixture
def plan_run(load) -> Case:
    return Case([str(load.pk)], "import.run_planned", true=lambda: ImportRun.objects.get().state == "running")


@pytest.fixture
def load_chunk(planned) -> Case:
    slices = planned.chunks.count()
    assert 1 < slices <= 2 * WORKERS
    return Case([str(planned.pk)], "import.chunk_loaded", slices, lambda: Client.objects.count() == 12)


@pytest.fixture
def finish_run(loaded) -> Case:
    return Case([str(loaded.pk)], "import.run_finished", true=lambda: ImportRun.objects.get().state == "done")


@pytest.fixture
def reap_imports(planned) -> Case:
    worn = planned.chunks.filter(number=1)
    worn.update(state="claimed", attempts=3, lease_until=timezone.now() + PAST)
    return Case(
        [], "import.chunk_parked", true=lambda: ImportChunk.objects.filter(state="parked").count() == 1
    )


@pytest.fixture
def deliver(ready, giver_manager) -> Case:  # noqa: F811
    run = start_rehearsal(transfer=ready, by=giver_manager)
    return Case([str(run.pk)], "run.delivered", true=lambda: Run.objects.get().delivery_file)


@pytest.fixture
def make_piece(ready, giver_manager) -> Case:  # noqa: F811
    run = start_rehearsal(transfer=ready, by=giver_manager)
    deliver_step(run=run)
    files = SealedFile.objects.count()

    def made_once() -> bool:
        made = run.pieces.exclude(file=None).count()
        return made == run.pieces.count() == 1 and SealedFile.objects.count() == files + made

    return Case([str(run.pk)], true=made_once)


@pytest.fixture
def reconcile_run(ready, giver_manager, taker_steward) -> Case:  # noqa: F811
    run = start_rehearsal(transfer=ready, by=giver_manager)
    make_delivery(run=run)
    run.refresh_from_db()
    send_back(run, taker_steward)
    Run.objects.update(state="reconciling", reconcile_by=taker_steward)
    return Case([str(run.pk)], "run.reconciled", true=lambda: Run.objects.get().state == "done")


@pytest.fixture
def run_cutover(begun, ready, settings) -> Case:  # noqa: F811
    settings.CUSTODY_BATCH_ROWS = 2
    moved = lambda: CustodyMove.objects.filter(state="accepted").count() == 2  # noqa: E731
    return Case([str(ready.pk)], "custody.accepted", 2, moved)


@pytest.fixture
def reap_runs(ready, giver_manager) -> Case:  # noqa: F811
    start_rehearsal(transfer=ready, by=giver_manager)
    return Case([], true=lambda: Run.objects.get().fence == 0)


@pytest.fixture
def make_backup(backup_dir, giver_officer, make_client) -> Case:
    make_client()
    backup = ask_backup(by=giver_officer)
    return Case(
        [str(backup.pk)], "continuity.backup_taken", true=lambda: Backup.objects.get().state == "done"
    )


@pytest.fixture
def make_drill(taken, giver_officer, settings, tmp_path) -> Case:
    settings.STATE = tmp_path / "state"
    drill = ask_drill(backup=taken, by=giver_officer)
    return Case([str(drill.pk)], "continuity.drill_passed", true=lambda: RestoreDrill.objects.get().ok)


@pytest.fixture
def reap_continuity(backup_dir, giver_officer) -> Case:
    ask_backup(by=giver_officer)
    Backup.objects.update(state="running", lease_until=timezone.now() + PAST)
    return Case([], "continuity.backup_failed")


@pytest.fixture
def check_log(auditor) -> Case:
    check = LogCheck.objects.create(asked_by=auditor, asked_at=timezone.now())
    return Case([str(check.pk)], "log.checked", true=lambda: LogCheck.objects.get().finished_at)


@pytest.fixture
def reap_log_checks(auditor) -> Case:
    LogCheck.objects.create(asked_by=auditor, asked_at=timezone.now(), lease_until=timezone.now() + PAST)
    return Case([], "log.check_failed")


@pytest.fixture
def sweep_files(canglan, settings, tmp_path) -> Case:
    settings.FILES_DIR = tmp_path / "files"
    for _ in range(3):
        seal_stream([b"x"], holder=canglan.pk, purpose="upload", name="x", expires_at=timezone.now() + PAST)
    return Case([], "handover.files_swept", true=lambda: not SealedFile.objects.exists())


CASES = {
    "transfer.tasks.imports": ("plan_run", "load_chunk", "finish_run", "reap_imports"),
    "transfer.tasks.runs": ("deliver", "make_piece", "reconcile_run", "reap_runs"),
    "transfer.tasks.cutover": ("run_cutover",),
    "continuity.tasks": ("make_backup", "make_drill", "reap_continuity"),
    "governance.tasks": ("check_log", "reap_log_checks"),
    "handover.tasks": ("sweep_files",),
}
PROVED = [f"{module}.{name}" for module, names in CASES.items() for name in names]
ROUNDS = 40
"""A delivery and a reconciliation take several steps, a cutover several batches: each round is one at most."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", PROVED)
def test_five_at_once_have_one_effect(task, request, audited):
    app.loader.import_default_modules()
    case: Case = request.getfixturevalue(task.rpartition(".")[2])
    rounds = iter(range(ROUNDS))
    while not case.true() and next(rounds, None) is not None:
        at_once(app.tasks[task], case.arguments)
    at_once(app.tasks[task], case.arguments)
    at_once(app.tasks[task], case.arguments)
    kinds = [kind for kind, _ in audited()]
    assert case.true()
    assert not case.event or kinds.count(case.event) == case.times, kinds


def test_every_task_has_its_case():
    app.loader.import_default_modules()
    assert {name for name in app.tasks if not name.startswith("celery.")} == set(PROVED)


def test_every_entry_of_beat_is_such_a_task():
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(PROVED)
