"""Below the disk's reserve acts are refused and work rests; reading goes on, and so does all once there is room."""

import errno

import pytest

from transfer.models import ImportChunk, Run
from transfer.services.runs import start_rehearsal
from transfer.tasks import imports, runs
from transfer.tests.import_world import clients_csv, receive  # noqa: F401  a fixture
from transfer.tests.test_certificate import mandate, ready  # noqa: F401  fixtures
from vault.files import FileSealer
from vault.models import SealedFile
from vault.room import has_room

EVERYTHING = 2**62


@pytest.fixture
def full(settings):
    """The reserve is larger than any disk."""
    settings.DISK_RESERVE_BYTES = EVERYTHING
    assert not has_room()
    return settings


@pytest.mark.django_db
def test_an_act_is_refused_and_reading_goes_on(client, giver_manager, full):
    client.force_login(giver_manager)
    answer = client.post("/api/v1/transfers/", {"basis": "merger"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage.full")
    assert client.get("/api/v1/transfers/").status_code == 200
    assert client.post("/language/", {"language": "en"}).status_code == 302


@pytest.mark.django_db
def test_a_file_is_refused_before_the_disk_is_full_and_leaves_nothing(giver_manager, full, tmp_path):
    full.FILES_DIR = tmp_path
    with (
        pytest.raises(OSError, match="No space left") as refused,
        FileSealer(holder=giver_manager.organisation_id) as sealer,
    ):
        sealer.write(b"client")
        sealer.complete(purpose="extract", name="a.csv")
    assert refused.value.errno == errno.ENOSPC
    assert not SealedFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.django_db
def test_work_rests_and_goes_on_by_the_reaper(ready, giver_manager, full, monkeypatch):  # noqa: F811
    asked = []
    monkeypatch.setattr(runs.deliver, "delay", asked.append)
    run = start_rehearsal(transfer=ready, by=giver_manager)
    runs.deliver(str(run.pk))
    run.refresh_from_db()
    assert (run.delivery_file, run.problem, run.lease_until) == (None, "", None)
    full.DISK_RESERVE_BYTES = 0
    runs.reap_runs()
    assert asked == [str(run.pk)]
    for _ in range(20):
        runs.deliver(str(run.pk))
    assert Run.objects.get(pk=run.pk).delivery_file is not None


@pytest.mark.django_db(transaction=True)
def test_a_slice_on_a_full_disk_is_not_parked(receive, giver_steward, monkeypatch):  # noqa: F811
    from transfer.importing.planning import plan
    from transfer.services.imports import start_run

    run = start_run(extract=receive("a.csv", clients_csv("1", "2")), mode="load", by=giver_steward)
    plan(run.pk)

    def fill(_chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(imports, "work_on", fill)
    monkeypatch.setattr(imports.load_chunk, "delay", lambda _run: None)
    for _ in range(5):
        imports.load_chunk(str(run.pk))
    chunk = ImportChunk.objects.get(run=run)
    assert (chunk.state, chunk.attempts) == ("waiting", 0)
