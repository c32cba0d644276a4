"""The log outside the house."""

import io
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from audit import bundle, checkpoints, offline
from audit.errors import Refused
from audit.events import AuditEvent
from audit.exporting import export_leaves, keep_checkpoint
from audit.models import Event, Leaf
from audit.sequencer import sequence_once
from audit.tests.test_verification import act, committed
from vault.ids import INSTALLATION


@pytest.fixture
def log(db):
    act(300)
    sequence_once()
    act(2)


@pytest.fixture
def files(log, tmp_path):
    """An export, and the arguments that verify it without the product."""
    out = io.StringIO()
    call_command("export_audit_leaves", out=tmp_path / "leaves", stdout=out)
    key = checkpoints.log_key().text
    assert f"--key '{key}'" in out.getvalue()
    leaves, head = tmp_path / "leaves", tmp_path / "leaves.checkpoint"
    return leaves, head, [str(leaves), "--checkpoint", str(head), "--key", key]


def test_the_export_is_exactly_the_hashed_bytes_and_is_recorded(log, tmp_path, audited):
    head = export_leaves(tmp_path / "leaves", by=None)
    with (tmp_path / "leaves").open("rb") as file:
        exported = list(bundle.bodies(file))
    assert exported == [
        bytes(body) for body in Leaf.objects.order_by("index").values_list("event__body", flat=True)
    ]
    assert (tmp_path / "leaves.checkpoint").read_text() == head.note
    assert audited() == [(AuditEvent.LEAVES_EXPORTED, INSTALLATION)]
    assert Event.objects.get(type=AuditEvent.LEAVES_EXPORTED).facts == {
        "size": 300,
        "root": bytes(head.root).hex(),
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leaves", "leaves.checkpoint"]


def test_it_verifies_offline(files, capsys):
    assert offline.main(files[2]) == offline.FITS
    assert "300 leaves fit the checkpoint of 300 by handover.invalid/log/" in capsys.readouterr().out


def test_it_verifies_without_settings_or_database(files):
    here = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "audit.offline", *files[2]], env=here, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_key_nobody_knows_who_signed(files, capsys):
    assert offline.main(files[2][:3]) == offline.SIGNER_UNCHECKED
    assert "signer was not checked" in capsys.readouterr().out


def test_an_older_checkpoint_fits_a_longer_export(files, tmp_path):
    sequence_once()
    export_leaves(tmp_path / "longer", by=None)
    assert offline.main([str(tmp_path / "longer"), *files[2][1:]]) == offline.FITS


@pytest.mark.parametrize("place", [0, 1, 2, 500, -1])
def test_one_flipped_byte_fails(place, files, capsys):
    content = bytearray(files[0].read_bytes())
    content[place] ^= 1
    files[0].write_bytes(content)
    assert offline.main(files[2]) == offline.DIFFERS
    assert capsys.readouterr().err


@pytest.mark.parametrize("cut", [1, 100, 70_000])
def test_a_cut_file_fails(cut, files, capsys):
    files[0].write_bytes(files[0].read_bytes()[:-cut])
    assert offline.main(files[2]) == offline.DIFFERS
    assert capsys.readouterr().err


def test_whole_entries_cut_off_fail(files, capsys):
    with files[0].open("rb") as file:
        bodies = list(bundle.bodies(file))
    files[0].write_bytes(b"".join(map(bundle.entry, bodies[:-1])))
    assert offline.main(files[2]) == offline.DIFFERS
    assert "299 leaves, the checkpoint 300" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"nonsense", b"\xff\xfe"])
def test_a_checkpoint_that_is_none_fails(content, files, capsys):
    files[1].write_bytes(content)
    assert offline.main(files[2]) == offline.DIFFERS
    assert capsys.readouterr().err


def test_a_wrong_key_fails(files, capsys):
    assert offline.main([*files[2][:-1], "nonsense"]) == offline.DIFFERS
    assert "no verifier key" in capsys.readouterr().err


def test_the_checkpoint_of_the_empty_log_fits_any_file(tmp_path):
    from audit import note, tree

    (tmp_path / "leaves").write_bytes(b"")
    with (tmp_path / "leaves").open("rb") as file:
        assert offline.compare(file, note.Note(note.Head("a", 0, tree.EMPTY_ROOT), ())) == 0


@pytest.mark.parametrize("command", ["export_audit_leaves", "keep_checkpoint"])
def test_an_empty_log_has_nothing_to_give(command, audited, tmp_path):
    with pytest.raises(CommandError):
        call_command(command, out=tmp_path / "out")
    assert audited() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gone", [0, 5, 299])
@committed
def test_a_log_that_is_not_whole_is_not_exported(gone, log, superuser, tmp_path):
    (tmp_path / "leaves").write_bytes(b"as before")
    superuser().cursor().execute(
        "ALTER TABLE audit_event DISABLE TRIGGER ALL;"
        f"DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_leaf WHERE index = {gone})"
    )
    with pytest.raises(Refused) as refusal:
        export_leaves(tmp_path / "leaves", by=None)
    assert (refusal.value.code, refusal.value.params) == ("audit.log_not_whole", {"index": gone})
    assert (tmp_path / "leaves").read_bytes() == b"as before"
    assert [path.name for path in tmp_path.iterdir()] == ["leaves"]


def test_a_kept_checkpoint_is_the_newest(log, tmp_path):
    kept = keep_checkpoint(tmp_path / "kept")
    assert kept == checkpoints.latest()
    assert (tmp_path / "kept").read_text() == kept.note


def test_other_leaves_than_the_signed_ones_fail(files, capsys):
    with files[0].open("rb") as file:
        bodies = list(bundle.bodies(file))
    files[0].write_bytes(b"".join(map(bundle.entry, [bodies[1], bodies[0], *bodies[2:]])))
    assert offline.main(files[2]) == offline.DIFFERS
    assert "another root" in capsys.readouterr().err
