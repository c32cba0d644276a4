import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from vault.files import open_file, seal_stream
from vault.ids import new_id
from vault.keyring import create_organisation_keys
from vault.models import SealedFile, Wrap
from vault.sweeping import destroy_expired_files, remove_leftovers
from vault.tests.notes import reading_of

TWO_DAYS_AGO = time.time() - 2 * 86_400


@pytest.fixture
def firm(installation, transactional_db):
    firm = new_id()
    create_organisation_keys(firm)
    return firm


@pytest.fixture
def files(installation):
    return lambda: [p for p in (installation / "files").rglob("*") if p.is_file()]


def seal(firm, **more):
    return seal_stream([b"x"], holder=firm, purpose="export", name="x", **more)


def age(path):
    os.utime(path, (TWO_DAYS_AGO, TWO_DAYS_AGO))


def test_expired_files_go_with_rows_and_keys_and_others_stay(firm, files):
    now = timezone.now()
    seal(firm, expires_at=now - timedelta(seconds=1))
    kept = [seal(firm), seal(firm, expires_at=now + timedelta(hours=1))]

    assert destroy_expired_files() == 1
    assert destroy_expired_files() == 0
    assert {file.pk for file in SealedFile.objects.all()} == {file.pk for file in kept}
    assert set(Wrap.objects.values_list("subject", flat=True)) == {file.pk for file in kept}
    assert {path.stem for path in files()} == {str(file.pk) for file in kept}


def test_files_without_a_row_go_once_they_are_old(firm, files, installation):
    kept = seal(firm)
    orphan = seal(firm)
    SealedFile.objects.filter(pk=orphan.pk).delete()

    assert remove_leftovers() == 0
    for path in files():
        age(path)
    assert remove_leftovers() == 1
    assert [path.stem for path in files()] == [str(kept.pk)]
    assert list(open_file(kept, reading_of(firm, kept.pk))) == [b"x"]


def test_old_parts_go_and_young_ones_stay(firm, files, installation):
    aside = installation / "files" / "aside"
    aside.mkdir(parents=True)
    for name in ("old.part", "young.part", "old.txt"):
        (aside / name).write_bytes(b"x")
    age(aside / "old.part")
    age(aside / "old.txt")

    assert remove_leftovers() == 1
    assert sorted(path.name for path in files()) == ["old.txt", "young.part"]


def test_an_empty_installation_has_nothing_to_sweep(firm):
    assert remove_leftovers() == 0
    assert destroy_expired_files() == 0


SEALING = """
import sys
from pathlib import Path
from vault.aside import AsideFile
file = AsideFile(Path(sys.argv[1]))
file.write(b"x" * 100_000)
print("nameless" if file._part is None else "named", flush=True)
sys.stdin.read()
"""


def test_a_process_killed_while_sealing_leaves_no_file(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", SEALING, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    )
    with child:
        kind = child.stdout.readline().strip()
        child.send_signal(signal.SIGKILL)
    if kind == b"named":
        pytest.skip("this file system has no nameless files")

    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
