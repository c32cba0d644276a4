"""Verification names what was done to the log."""

import io
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.db import transaction

from audit import checkpoints, faults, guards, note
from audit.events import AuditEvent
from audit.faults import FaultKind, Report
from audit.models import Event, Leaf, Pending, Tile
from audit.sequencer import sequence_once
from audit.services import record
from audit.tests.test_record import SUBJECT
from audit.tree import EMPTY_ROOT
from audit.verification import verify
from vault import signing
from vault.ids import INSTALLATION, new_id

committed = pytest.mark.django_db(transaction=True)


@transaction.atomic
def act(count=1):
    for number in range(count):
        record(AuditEvent.DATA_READ, actor=new_id(), subject=SUBJECT, count=number)


@pytest.fixture
def log(db):
    """Six leaves under two checkpoints, and one event that waits."""
    act(4)
    sequence_once()
    act(2)
    sequence_once()
    act()


@pytest.fixture
def tamper(superuser):
    """Statements of a superuser who takes the guards away and puts them back."""

    def run(*statements):
        cursor = superuser().cursor()
        cursor.execute("BEGIN; SET CONSTRAINTS ALL IMMEDIATE")
        for table in guards.TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement, *parameters in statements:
            cursor.execute(statement, parameters or None)
        for table in guards.TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        for table, named in guards.triggers().items():
            for name in named:
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        cursor.execute("COMMIT")

    return run


def found(outside=None):
    """The faults in words, without the ids of the events and what follows a comma."""
    return {re.split(", | [0-9a-f]{8}-", str(fault))[0] for fault in verify(outside).faults}


def leaf_event(index):
    return Leaf.objects.get(index=index).event_id


def test_a_whole_log_has_no_faults(log):
    report = verify(checkpoints.latest().note)
    assert report.faults == []
    assert report.ok
    assert (report.leaves, report.pending, report.checkpoints, report.outside_size) == (6, 1, 2, 6)
    assert report.root == bytes(checkpoints.latest().root).hex()
    assert Event.objects.count() == 7


def test_an_empty_log_is_whole(db):
    key = checkpoints.log_key()
    report = verify()
    assert (report.ok, report.leaves, report.root) == (True, 0, EMPTY_ROOT.hex())
    assert key.name.startswith("handover.invalid/log/")


@committed
def test_verification_sees_one_moment_and_changes_nothing(log):
    assert verify().ok
    assert Event.objects.count() == 7


TAMPERINGS = {
    "an event that lost its mark": (["DELETE FROM audit_pending"], {"event_unsequenced: event"}, set()),
    "a mark that lost its event": (
        ["DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_pending)"],
        {"mark_orphaned: event"},
        set(),
    ),
    "a waiting event with another column": (
        ["UPDATE audit_event SET purpose = 'x' WHERE id IN (SELECT event_id FROM audit_pending)"],
        {"columns_changed: event"},
        set(),
    ),
    "a leaf that lost its event": (
        ["DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 2)"],
        {"leaf_orphaned: leaf 2"},
        set(),
    ),
    "a leaf taken out of the middle": (
        ["DELETE FROM audit_leaf WHERE index = 2"],
        {"leaf_missing: leaves 2 to 2", "event_unsequenced: event"},
        set(),
    ),
    "another column": (
        ["UPDATE audit_event SET actor = NULL WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 1)"],
        {"columns_changed: leaf 1"},
        set(),
    ),
    "another fact": (
        [
            "UPDATE audit_event SET facts = '{\"count\": 9}'"
            " WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 1)"
        ],
        {"columns_changed: leaf 1"},
        set(),
    ),
    "a back-dated event": (
        [
            "UPDATE audit_event SET at = at - interval '1 day' WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 1)"
        ],
        {"columns_changed: leaf 1"},
        set(),
    ),
    "another body": (
        [
            "UPDATE audit_event SET body = body || ' ' WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 3)"
        ],
        {"body_changed: leaf 3", "columns_changed: leaf 3"},
        set(),
    ),
    "another body with its hash": (
        [
            "UPDATE audit_event SET body = body || ' ' WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 3)",
            "UPDATE audit_leaf SET hash = sha256('\\x00'::bytea || body) FROM audit_event"
            " WHERE audit_event.id = event_id AND index = 3",
        ],
        {"columns_changed: leaf 3", "root_differs: leaves 0 to 3"},
        {"forked: size 6"},
    ),
    "two leaves exchanged": (
        [
            "UPDATE audit_leaf SET index = 99 WHERE index = 4",
            "UPDATE audit_leaf SET index = 4 WHERE index = 5",
            "UPDATE audit_leaf SET index = 5 WHERE index = 99",
        ],
        {"root_differs: leaves 4 to 5"},
        {"forked: size 6"},
    ),
    "the newest leaf cut off": (
        [
            "DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 5)",
            "DELETE FROM audit_leaf WHERE index = 5",
        ],
        {"truncated: 5 leaves", "unsigned: leaves 4 to 4"},
        {"truncated: 5 leaves"},
    ),
    "a leaf nobody signed": (
        [
            "INSERT INTO audit_leaf (index, event_id, hash) SELECT 6, event_id, sha256('\\x00'::bytea || body)"
            " FROM audit_pending JOIN audit_event ON audit_event.id = event_id",
            "DELETE FROM audit_pending",
        ],
        {"unsigned: leaves 6 to 6"},
        set(),
    ),
    "the newest checkpoint gone": (
        ["DELETE FROM audit_checkpoint WHERE size = 6"],
        {"unsigned: leaves 4 to 5"},
        set(),
    ),
    "another root in a checkpoint": (
        ["UPDATE audit_checkpoint SET root = sha256('x') WHERE size = 4"],
        {"root_differs: leaves 0 to 3", "checkpoint_changed: checkpoint 4"},
        set(),
    ),
    "an unreadable checkpoint": (
        ["UPDATE audit_checkpoint SET note = 'nonsense' WHERE size = 4"],
        {"checkpoint_changed: checkpoint 4: this is no signed note"},
        set(),
    ),
    "a signature from elsewhere": (
        ["UPDATE audit_checkpoint SET note = replace(note, E'\\n— ', E'\\n— else') WHERE size = 4"],
        {"signature_wrong: checkpoint 4: the log's key has not signed this checkpoint"},
        set(),
    ),
    "the whole log gone": (
        [
            "DELETE FROM audit_checkpoint",
            "DELETE FROM audit_leaf",
            "DELETE FROM audit_pending",
            "DELETE FROM audit_event",
        ],
        set(),
        {"truncated: 0 leaves"},
    ),
    "rolled back": (
        [
            "DELETE FROM audit_checkpoint WHERE size = 6",
            "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE index > 3)",
            "DELETE FROM audit_leaf WHERE index > 3",
        ],
        set(),
        {"truncated: 4 leaves"},
    ),
}


@committed
def test_it_names_what_was_done(log, tamper, superuser, subtests):
    outside = checkpoints.latest().note
    # Copies from which each tampering is undone: a database of its own for each would take minutes.
    superuser().cursor().execute(
        "".join(f"CREATE TABLE kept_{table} AS TABLE {table};" for table in guards.TABLES)
    )
    undo = [
        *[(f"DELETE FROM {table}",) for table in reversed(guards.TABLES)],
        *[(f"INSERT INTO {table} SELECT * FROM kept_{table}",) for table in guards.TABLES],
        ("DELETE FROM audit_pending WHERE id NOT IN (SELECT id FROM kept_audit_pending)",),
    ]
    for name, (statements, inside, besides) in TAMPERINGS.items():
        with subtests.test(name):
            tamper(*[(statement,) for statement in statements])
            try:
                assert found() == inside
                assert found(outside) == inside | besides
            finally:
                tamper(*undo)
    assert verify(outside).ok


@committed
def test_a_log_rolled_back_and_gone_on_is_a_fork(log, tamper):
    outside = checkpoints.latest().note
    tamper(*[(statement,) for statement in TAMPERINGS["rolled back"][0]])
    act(5)
    sequence_once()
    assert verify().ok
    assert verify(outside).kinds == {FaultKind.FORKED}


@committed
def test_a_forger_without_the_key_is_named(log, tamper):
    """Everything is rewritten consistently, tiles and heads too, but signed with another key."""
    real = checkpoints.log_key()
    forger = Ed25519PrivateKey.generate()
    outside = checkpoints.latest().note
    head = note.Head(real.name, 6, bytes(checkpoints.latest().root))
    same_name = note.LogKey(real.name, forger.public_key().public_bytes_raw())
    tamper(("UPDATE audit_checkpoint SET note = %s WHERE size = 6", note.write(head, same_name, forger.sign)))
    assert found(outside) == {"signature_wrong: checkpoint 6: the log's key has not signed this checkpoint"}
    same_id = note.write(head, real, forger.sign)
    tamper(("UPDATE audit_checkpoint SET note = %s WHERE size = 6", same_id))
    assert found(outside) == {"signature_wrong: checkpoint 6: the signature does not fit the checkpoint"}
    assert verify(same_id).kinds == {FaultKind.SIGNATURE_WRONG}


@committed
def test_whoever_holds_the_key_is_found_from_outside_only(log, tamper):
    outside = checkpoints.latest().note
    event = leaf_event(5)
    tamper(
        ("DELETE FROM audit_checkpoint WHERE size = 6",),
        ("DELETE FROM audit_leaf WHERE index = 5",),
        ("DELETE FROM audit_event WHERE id = %s", event),
    )
    act()
    sequence_once()
    assert verify().ok
    assert verify(outside).kinds == {FaultKind.FORKED}


def test_an_outside_checkpoint_that_is_none_is_said(log):
    assert verify("nonsense").kinds == {FaultKind.NOTE_UNREADABLE}


@pytest.mark.parametrize("root,kinds", [(EMPTY_ROOT, set()), (bytes(32), {FaultKind.FORKED})])
def test_an_outside_checkpoint_of_the_empty_log(root, kinds, log):
    signer = signing.signer("log", INSTALLATION)
    key = checkpoints.log_key()
    text = note.write(note.Head(key.name, 0, root), key, lambda message: signer.sign(message)[1:])
    assert verify(text).kinds == kinds


def test_more_faults_than_are_kept_are_counted(monkeypatch):
    monkeypatch.setattr(faults, "MAX_FAULTS", 2)
    report = Report()
    for number in range(3):
        report.add(FaultKind.UNSIGNED, str(number))
    assert (report.fault_count, len(report.faults), report.ok) == (3, 2, False)


def test_the_command_says_that_the_log_is_whole(log, tmp_path):
    kept = tmp_path / "kept"
    out = io.StringIO()
    call_command("keep_checkpoint", out=kept, stdout=io.StringIO())
    call_command("verify_audit_log", "--checkpoint", str(kept), stdout=out)
    assert "6 leaves, 1 pending, 2 checkpoints, compared with an outside checkpoint of 6" in out.getvalue()
    assert "The log is whole." in out.getvalue()


@committed
def test_the_command_names_faults_and_fails(log, tamper, monkeypatch):
    monkeypatch.setattr(faults, "MAX_FAULTS", 1)
    tamper(("DELETE FROM audit_leaf WHERE index = 2",))
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_audit_log", stdout=out, stderr=err)
    assert exit_.value.code == 1
    assert "event_unsequenced: event" in err.getvalue()
    assert "and 1 more" in err.getvalue()
    assert "no root: leaves are missing" in out.getvalue()


@committed
def test_a_guard_that_is_down_is_a_fault_too(log, superuser):
    superuser().cursor().execute("ALTER TABLE audit_event ENABLE TRIGGER audit_event_rows")
    assert found() == {"trigger_disabled: audit_event_rows (O)"}


def test_rows_print_their_place_and_nothing_more(log):
    tile = Tile(level=1, index=2)
    event = Event.objects.first()
    mark, leaf, head = Pending.objects.get(), Leaf.objects.get(index=3), checkpoints.latest()
    assert [str(row) for row in (event, mark, leaf, tile, head)] == [
        str(event.pk),
        str(mark.pk),
        "3",
        "1/2",
        "6",
    ]
