"""Taking a backup: whole and sealed, of one moment, by those who may."""

import base64
import hashlib
import json
import os
import subprocess

import pytest
from django.conf import settings as django_settings
from django.db import connection

from access.errors import NotAllowed
from audit.checkpoints import latest
from audit.errors import Refused
from clients.models import Client
from continuity import dumping, tasks
from continuity.events import ContinuityEvent
from continuity.manifest import DATA, FILES, KEYS, MANIFEST
from continuity.models import Backup
from continuity.services.backups import ask_backup, carry_out_backup, fail_backup, folder_of, take_backup
from stand.binaries import find_postgres
from vault.backups import open_backup
from vault.files import path_of, seal_stream
from vault.models import Wrap

pytestmark = pytest.mark.django_db(transaction=True)


def archive_of(backup, part):
    """The dump inside a sealed part, as the restore program would read it."""
    import zstandard

    packed = b"".join(open_backup(folder_of(backup) / part, context=dumping.context_of(backup.pk, part)))
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


def script_of(archive):
    """The archive as SQL."""
    done = subprocess.run(
        [find_postgres().program("pg_restore"), "--file=-"],
        input=archive,
        capture_output=True,
        env=find_postgres().environment(),
        check=True,
    )
    return done.stdout


def test_it_records_what_it_saw(taken, manifest_of, audited, make_client, giver_officer, canglan):
    assert taken.state == "done"
    assert (taken.failure, taken.taken_by, taken.lease_until) == ("", giver_officer, None)
    said = manifest_of(taken)
    assert said["measures"]["tables"]["clients_client"]["rows"] == Client.objects.count() == 3
    assert said["measures"]["clients"] == {str(canglan.pk): 3}
    assert said["measures"]["wraps"] == {f"{canglan.pk} custody": Wrap.objects.count()}
    head = latest()
    assert said["measures"]["log"]["size"] <= head.size
    assert taken.manifest_digest == hashlib.sha256((folder_of(taken) / MANIFEST).read_bytes()).hexdigest()
    make_client()
    second = take_backup(by=giver_officer)
    assert audited()[-2:] == [
        (ContinuityEvent.BACKUP_ASKED, second.pk),
        (ContinuityEvent.BACKUP_TAKEN, second.pk),
    ]


def test_the_data_stream_decrypts_nothing_and_the_key_stream_holds_the_wraps(taken):
    data, keys = script_of(archive_of(taken, DATA)), script_of(archive_of(taken, KEYS))
    wrapped = bytes(Wrap.objects.values_list("wrapped", flat=True)[0]).hex().encode()
    assert wrapped not in data
    assert wrapped in keys
    assert b"COPY public.clients_client" in data
    assert b"COPY public.clients_client" not in keys


def test_no_sealed_value_is_in_any_file_nor_in_the_dump_within(backup_dir, make_client, giver_officer):
    from clients.sealed import ClientSecret

    canary = "Zq7CanaryOfASealedName"
    chinese = "慕容秋荻"
    make_client(
        secret=ClientSecret(
            source_no="000000000077",
            name=canary + chinese,
            id_type="id_card",
            id_number="11010519491231002X",
            phone="13812345678",
        )
    )
    backup = take_backup(by=giver_officer)
    lookouts = [
        canary.encode(),
        chinese.encode(),
        chinese.encode("gb18030"),
        b"11010519491231002X",
        b"13812345678",
    ]
    lookouts += [each.hex().encode() for each in lookouts] + [base64.b64encode(canary.encode())[:-4]]
    haystacks = [path.read_bytes() for path in backup_dir.rglob("*") if path.is_file()]
    haystacks += [archive_of(backup, DATA), archive_of(backup, KEYS), script_of(archive_of(backup, DATA))]
    assert not [each for each in lookouts for hay in haystacks if each in hay]


def test_no_session_comes_back_to_life(taken):
    assert b"COPY public.django_session" not in script_of(archive_of(taken, DATA))


def test_sealed_files_are_in_it_as_they_are(backup_dir, canglan, giver_officer):
    file = seal_stream([b"an extract"], holder=canglan.pk, purpose="extract", name="one.csv")
    backup = take_backup(by=giver_officer)
    content = path_of(file.pk).read_bytes()
    [line] = [each for each in (folder_of(backup) / FILES).read_text().splitlines() if str(file.pk) in each]
    assert line == f"{file.pk} {len(content)} {hashlib.sha256(content).hexdigest()}"
    copy = folder_of(backup) / "files" / str(file.pk)[-2:] / f"{file.pk}.sealed"
    assert copy.read_bytes() == content
    path_of(file.pk).unlink()
    assert copy.read_bytes() == content


def test_a_file_destroyed_meanwhile_is_listed_as_missing(backup_dir, canglan, giver_officer):
    file = seal_stream([b"an extract"], holder=canglan.pk, purpose="extract", name="one.csv")
    path_of(file.pk).unlink()
    backup = take_backup(by=giver_officer)
    assert f"{file.pk} missing" in (folder_of(backup) / FILES).read_text().splitlines()


def test_it_refuses_whoever_may_not(auditor, giver_staff, audited):
    for person in (auditor, giver_staff):
        with pytest.raises(NotAllowed):
            take_backup(by=person)
    assert not Backup.objects.exists()
    assert audited() == []


def test_it_refuses_a_second_one_while_one_waits(giver_officer, giver_manager):
    ask_backup(by=giver_officer)
    with pytest.raises(Refused) as refusal:
        ask_backup(by=giver_manager)
    assert refusal.value.code == "backup.under_way"


def test_running_the_task_five_times_takes_one_backup(backup_dir, giver_officer, audited):
    backup = ask_backup(by=giver_officer)
    for _ in range(5):
        tasks.make_backup(str(backup.pk))
    assert len([kind for kind, _ in audited() if kind == ContinuityEvent.BACKUP_TAKEN]) == 1
    assert [path.name for path in backup_dir.iterdir()] == [str(backup.pk)]


def test_a_failing_dump_leaves_nothing_and_says_why(backup_dir, giver_officer, superuser, audited):
    # A table nobody let the application read cannot be dumped.
    link = superuser()
    link.cursor().execute(
        "CREATE TABLE public.hidden (n int); ALTER TABLE public.hidden OWNER TO handover_owner;"
        "REVOKE ALL ON public.hidden FROM PUBLIC, handover_app"
    )
    backup = ask_backup(by=giver_officer)
    tasks.make_backup(str(backup.pk))
    backup.refresh_from_db()
    assert backup.state == "failed"
    assert backup.failure == "backup.dump_failed"
    assert list(backup_dir.iterdir()) == []
    assert audited()[-1] == (ContinuityEvent.BACKUP_FAILED, backup.pk)


def test_a_folder_that_cannot_be_written_is_said(tmp_path, settings, giver_officer):
    (tmp_path / "file").write_text("in the way")
    settings.BACKUP_DIR = tmp_path / "file"
    backup = take_backup(by=giver_officer)
    assert (backup.state, backup.failure) == ("failed", "backup.not_written")


def test_a_lost_worker_is_noticed_and_nothing_of_its_files_is_left(backup_dir, giver_officer):
    backup = ask_backup(by=giver_officer)
    Backup.objects.filter(pk=backup.pk).update(state="running", lease_until=backup.started_at)
    left = backup_dir / f"{backup.pk}.part"
    left.mkdir(parents=True)
    (left / DATA).write_bytes(b"half")
    tasks.reap_continuity()
    backup.refresh_from_db()
    assert (backup.state, backup.failure) == ("failed", "backup.worker_lost")
    assert not left.exists()


def test_the_reaper_asks_again_for_what_waits(backup_dir, giver_officer, monkeypatch):
    backup = ask_backup(by=giver_officer)
    asked = []
    monkeypatch.setattr(tasks.make_backup, "delay", asked.append)
    tasks.reap_continuity()
    assert asked == [str(backup.pk)]


def test_a_backup_that_was_given_up_is_not_finished_by_a_late_worker(backup_dir, giver_officer, monkeypatch):
    backup = ask_backup(by=giver_officer)
    whole = dumping.dump

    def interrupted(*arguments, **options):
        fail_backup(backup.pk, "backup.worker_lost")
        backup_dir.joinpath(f"{backup.pk}.part").mkdir(exist_ok=True)
        return whole(*arguments, **options)

    monkeypatch.setattr(dumping, "dump", interrupted)
    carry_out_backup(backup.pk)
    backup.refresh_from_db()
    assert (backup.state, backup.failure) == ("failed", "backup.worker_lost")
    assert list(backup_dir.iterdir()) == []


def test_no_password_stands_in_a_command_line(backup_dir, giver_officer, monkeypatch):
    seen = []
    whole = subprocess.Popen

    def watch(command, *arguments, **options):
        seen.append((command, options.get("env") or {}))
        return whole(command, *arguments, **options)

    monkeypatch.setattr(dumping.subprocess, "Popen", watch)
    assert take_backup(by=giver_officer).state == "done"
    password = connection.settings_dict["PASSWORD"]
    assert len(seen) == 2
    assert all(password not in " ".join(command) for command, _ in seen)
    assert all(environment["PGUSER"] == django_settings.DB_APP_ROLE for _, environment in seen)
    assert os.environ["SUPERUSER_URL"] not in json.dumps([environment for _, environment in seen])
