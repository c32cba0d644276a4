"""Restore drills: a good backup passes, anything else fails with its reason, and nothing is left behind."""

import json
import subprocess
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from django.utils import timezone

from access.errors import NotAllowed
from audit.errors import Refused
from audit.events import AuditEvent
from audit.models import Event
from continuity import manifest, scratch, tasks
from continuity.errors import NotRestorable
from continuity.events import ContinuityEvent
from continuity.manifest import DATA, FILES, KEYS, MANIFEST, SIGNATURE, Manifest
from continuity.models import RestoreDrill
from continuity.restored import PURPOSE
from continuity.services import drills
from continuity.services.backups import folder_of, take_backup
from continuity.services.drills import ask_drill, run_drill
from stand.postgres import Server
from vault.files import seal_stream

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def state(settings, tmp_path):
    """The scratch servers of this test alone."""
    settings.STATE = tmp_path / "state"
    return settings.STATE


def replan(backup, change):
    """Alter the manifest as somebody who holds the signing key and the database would."""
    folder = folder_of(backup)
    said = json.loads((folder / MANIFEST).read_bytes())
    change(said)
    backup.manifest_digest = manifest.write(folder, msgspec.convert(said, Manifest))
    backup.save()


def differing(drill):
    return [(each["kind"], each["name"]) for each in drill.compared if not each["equal"]]


def nothing_left(state):
    return [path.name for path in (state / scratch.FOLDER).iterdir()] == ["lock"]


def test_a_good_backup_passes(taken, giver_manager, state, audited, canglan):
    drill = run_drill(backup=taken, by=giver_manager)
    assert (drill.ok, drill.failure, differing(drill), drill.state) == (True, "", [], "passed")
    assert drill.rows_opened == 3
    assert drill.recovery_seconds < 60
    assert 0 <= drill.recovery_point_seconds < 60
    names = {(each["kind"], each["name"]) for each in drill.compared}
    assert {
        ("rows", "clients_client"),
        ("checksum", "audit_event"),
        ("wraps", f"{canglan.pk} custody"),
        ("log", "recomputed_root"),
        ("files", "same"),
        ("sample", "opened"),
    } <= names
    assert [kind for kind, _ in audited()] == [
        ContinuityEvent.DRILL_ASKED,
        AuditEvent.DATA_READ,
        ContinuityEvent.DRILL_PASSED,
    ]
    read = Event.objects.get(purpose=PURPOSE)
    assert (read.actor, read.organisation, read.facts["count"]) == (giver_manager.pk, canglan.pk, 3)
    assert nothing_left(state)
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(state) not in lines


def test_it_shows_the_moment_of_the_backup_and_leaves_the_live_database_alone(
    taken, make_client, giver_officer, state, superuser
):
    make_client()
    figures = "SELECT (SELECT count(*) FROM clients_client), (SELECT sum(hashtextextended(w::text, 0)) FROM vault_wrap w)"
    with superuser().cursor() as cursor:
        cursor.execute(figures)
        before = cursor.fetchall()
        drill = run_drill(backup=taken, by=giver_officer)
        cursor.execute(figures)
        assert cursor.fetchall() == before
    assert drill.ok is True
    assert [
        each["found"] for each in drill.compared if (each["kind"], each["name"]) == ("rows", "clients_client")
    ] == ["3"]


def test_planted_differences_are_found(taken, giver_officer, state, audited):
    def change(said):
        said["measures"]["tables"]["clients_client"].update(rows=4)
        said["measures"]["tables"]["vault_wrap"].update(checksum="1")
        said["measures"]["clients"].update(nobody=1)

    replan(taken, change)
    drill = run_drill(backup=taken, by=giver_officer)
    assert (drill.ok, drill.failure) == (False, "drill.rows_differ")
    assert differing(drill) == [("rows", "clients_client"), ("checksum", "vault_wrap"), ("clients", "nobody")]
    assert audited()[-1] == (ContinuityEvent.DRILL_FAILED, drill.pk)
    assert nothing_left(state)


@pytest.mark.parametrize(("name", "value"), [("root", "00" * 32), ("size", 1), ("checkpoint", "no note\n")])
def test_another_head_of_the_log_than_the_signed_one_is_found(taken, giver_officer, state, name, value):
    replan(taken, lambda said: said["measures"]["log"].update({name: value}))
    assert run_drill(backup=taken, by=giver_officer).failure == "drill.log_differs"


def test_a_log_that_is_not_the_recorded_one_is_found(taken, giver_officer, state, monkeypatch):
    monkeypatch.setattr(drills, "recompute_log", lambda _link: (1, "00" * 32))
    drill = run_drill(backup=taken, by=giver_officer)
    assert (drill.ok, drill.failure) == (False, "drill.log_differs")
    assert differing(drill) == [("log", "recomputed_size"), ("log", "recomputed_root")]


@pytest.mark.parametrize("part", [DATA, KEYS, FILES])
def test_a_flipped_bit_is_refused_before_anything_is_restored(taken, giver_officer, state, part, monkeypatch):
    monkeypatch.setattr(Server, "start", lambda _self: pytest.fail("restored all the same"))
    path = folder_of(taken) / part
    content = bytearray(path.read_bytes() or b"x")
    content[len(content) // 2] ^= 1
    empty = not path.stat().st_size
    path.write_bytes(content)
    drill = run_drill(backup=taken, by=giver_officer)
    assert drill.failure == ("backup.part_cut" if empty else "backup.part_changed")
    assert differing(drill) == [("part", part)]


def test_a_cut_part_and_a_missing_part_are_told_apart(taken, giver_officer, state):
    path = folder_of(taken) / DATA
    path.write_bytes(path.read_bytes()[:-1])
    assert run_drill(backup=taken, by=giver_officer).failure == "backup.part_cut"
    path.unlink()
    assert run_drill(backup=taken, by=giver_officer).failure == "backup.part_missing"


def test_a_manifest_with_a_changed_byte_is_refused(taken, giver_officer, state):
    path = folder_of(taken) / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"rows": 3', b'"rows": 4', 1))
    assert run_drill(backup=taken, by=giver_officer).failure == "backup.signature_wrong"


def test_a_manifest_without_its_signature_is_refused(taken, giver_officer, state):
    (folder_of(taken) / SIGNATURE).write_text("no signature\n")
    assert run_drill(backup=taken, by=giver_officer).failure == "backup.signature_wrong"
    (folder_of(taken) / SIGNATURE).unlink()
    assert run_drill(backup=taken, by=giver_officer).failure == "backup.part_missing"


def test_another_backup_in_its_place_is_refused(taken, giver_officer, state):
    other = take_backup(by=giver_officer)
    for name in (MANIFEST, SIGNATURE):
        (folder_of(taken) / name).write_bytes((folder_of(other) / name).read_bytes())
    assert run_drill(backup=taken, by=giver_officer).failure == "backup.manifest_replaced"


def test_a_stream_of_another_backup_does_not_open_under_a_fitting_manifest(taken, giver_officer, state):
    other = take_backup(by=giver_officer)
    (folder_of(taken) / KEYS).write_bytes((folder_of(other) / KEYS).read_bytes())
    part = manifest.part_of(folder_of(taken) / KEYS)
    replan(taken, lambda said: said["parts"].update({KEYS: {"size": part.size, "sha256": part.sha256}}))
    drill = run_drill(backup=taken, by=giver_officer)
    assert (drill.ok, drill.failure) == (False, "backup.part_closed")
    assert nothing_left(state)


def test_a_wrap_that_does_not_open_fails_the_drill(backup_dir, make_client, giver_officer, superuser, state):
    client = make_client()
    with superuser().cursor() as cursor:
        cursor.execute("ALTER TABLE vault_wrap DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE vault_wrap SET wrapped = set_byte(wrapped, 40, 255 - get_byte(wrapped, 40))"
            " WHERE subject = %s",
            [str(client.pk)],
        )
    drill = run_drill(backup=take_backup(by=giver_officer), by=giver_officer)
    assert (drill.ok, drill.failure) == (False, "drill.sample_closed")


def test_a_changed_sealed_file_is_found(backup_dir, canglan, giver_officer, state):
    file = seal_stream([b"an extract"], holder=canglan.pk, purpose="extract", name="one.csv")
    backup = take_backup(by=giver_officer)
    copy = folder_of(backup) / "files" / str(file.pk)[-2:] / f"{file.pk}.sealed"
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.unlink()
    copy.write_bytes(content)
    assert run_drill(backup=backup, by=giver_officer).failure == "backup.part_changed"
    copy.unlink()
    assert run_drill(backup=backup, by=giver_officer).failure == "backup.part_missing"


def test_what_a_killed_drill_left_is_ended_and_removed(taken, giver_officer, state):
    # A server whose starter does not know of it any more.
    left = Server(state / scratch.FOLDER / "killed", durable=False).start()
    running = left.process.pid
    assert Path(f"/proc/{running}").exists()
    left.process.poll()
    drill = run_drill(backup=taken, by=giver_officer)
    assert drill.ok is True
    left.process.wait(10)
    assert nothing_left(state)


def test_only_one_drill_at_a_time_on_a_machine(taken, state):
    with scratch.scratch_server(uuid4()), pytest.raises(NotRestorable) as problem:
        with scratch.scratch_server(uuid4()):
            pytest.fail("two servers")
    assert problem.value.code == "drill.under_way"


def test_it_refuses_whoever_may_not_and_what_is_not_done(taken, auditor, giver_officer, audited):
    with pytest.raises(NotAllowed):
        run_drill(backup=taken, by=auditor)
    taken.state, taken.failure = "failed", "backup.failed"
    taken.save()
    with pytest.raises(Refused) as refusal:
        run_drill(backup=taken, by=giver_officer)
    assert refusal.value.code == "backup.not_done"
    assert not RestoreDrill.objects.exists()
    assert audited() == []


def test_a_second_drill_is_refused_while_one_waits_and_a_lost_one_has_failed(taken, giver_officer):
    drill = ask_drill(backup=taken, by=giver_officer)
    with pytest.raises(Refused) as refusal:
        ask_drill(backup=taken, by=giver_officer)
    assert refusal.value.code == "drill.under_way"
    RestoreDrill.objects.filter(pk=drill.pk).update(lease_until=timezone.now())
    tasks.reap_continuity()
    drill.refresh_from_db()
    assert (drill.ok, drill.failure) == (False, "drill.worker_lost")


def test_running_the_task_five_times_runs_one_drill(taken, giver_officer, state, audited):
    drill = ask_drill(backup=taken, by=giver_officer)
    for _ in range(5):
        tasks.make_drill(str(drill.pk))
    assert [kind for kind, _ in audited()].count(ContinuityEvent.DRILL_PASSED) == 1
