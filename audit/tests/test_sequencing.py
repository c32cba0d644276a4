"""The sequencer: dense numbers, tiles and signed heads, whoever else works and whoever is killed."""

import os
import signal
import subprocess
import sys
import threading
import time

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from audit import checkpoints, note, proofs, tree
from audit.context import acting
from audit.models import Checkpoint, Event, Leaf, Pending, Tile
from audit.sequencer import sequence_once
from audit.tests.test_verification import act
from audit.tiles import StoredTiles
from audit.verification import verify
from vault.errors import VaultError
from vault.signing import signer

committed = pytest.mark.django_db(transaction=True)


def hashes():
    return [bytes(row) for row in Leaf.objects.order_by("index").values_list("hash", flat=True)]


def test_nothing_to_do_leaves_no_checkpoint(db):
    assert sequence_once() == 0
    assert checkpoints.latest() is None


def test_events_get_dense_numbers_in_the_order_of_their_marks(db):
    act(5)
    order = list(Pending.objects.order_by("id").values_list("event_id", flat=True))
    assert [sequence_once(2), sequence_once(2), sequence_once(2), sequence_once(2)] == [2, 2, 1, 0]
    assert list(Leaf.objects.order_by("index").values_list("index", "event_id")) == list(enumerate(order))
    assert not Pending.objects.exists()
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [2, 4, 5]


def test_the_head_is_signed_by_the_logs_key(db):
    act(3)
    sequence_once()
    head = checkpoints.latest()
    signed = note.parse(head.note)
    note.check(signed, checkpoints.log_key())
    assert signed.head == note.Head(checkpoints.log_key().name, 3, tree.root_of(hashes()))
    assert checkpoints.at_or_after(2) == head
    assert checkpoints.at_or_after(4) is None


def test_without_a_key_nothing_is_sequenced(db, monkeypatch):
    def missing(purpose, owner):
        raise VaultError("no such key")

    act(2)
    monkeypatch.setattr("audit.checkpoints.signing.signer", missing)
    with pytest.raises(VaultError):
        sequence_once()
    assert (Leaf.objects.count(), Pending.objects.count()) == (0, 2)
    assert signer


@pytest.mark.parametrize("batches", [[255, 1, 1], [256, 256], [300, 300], [700], [1, 600, 100]])
def test_tiles_and_proofs_are_those_of_the_leaves(batches, db):
    for count in batches:
        act(count)
        assert sequence_once() == count
    leaves = hashes()
    size = len(leaves)
    assert Tile.objects.filter(level=0).count() == size // 256
    for old in {1, size // 2, size}:
        root = tree.root_of(leaves[:old])
        assert tree.root_at(old, StoredTiles(old).node) == root
        tree.verify_consistency(old, size, root, tree.root_of(leaves), proofs.consistency_proof(old, size))
        for index in {0, old // 2, old - 1}:
            tree.verify_inclusion(leaves[index], index, old, proofs.inclusion_proof(index, old), root)
    assert verify().ok


def test_no_proof_of_a_size_the_log_never_had(db):
    act(3)
    sequence_once()
    with pytest.raises(tree.ProofError, match="hashes instead of"):
        proofs.inclusion_proof(0, 4)
    with pytest.raises(tree.ProofError, match="missing"):
        StoredTiles(1000).tile(0, 0)


@committed
def test_a_reader_never_sees_a_leaf_without_its_head(db):
    act(3)
    with transaction.atomic():
        sequence_once()
        with psycopg2.connect(os.environ["DATABASE_URL"]) as other, other.cursor() as cursor:
            cursor.execute("SELECT (SELECT count(*) FROM audit_leaf), (SELECT count(*) FROM audit_pending)")
            assert cursor.fetchone() == (0, 3)
        other.close()
    assert Leaf.objects.count() == 3


@committed
def test_while_one_works_the_other_finds_nothing(db):
    act(3)
    other = psycopg2.connect(os.environ["DATABASE_URL"])
    with other.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_sequence(2)")
        assert sequence_once() == 0
        other.rollback()
    assert sequence_once() == 3
    other.close()


@committed
def test_two_rivals_and_four_writers_leave_no_gap_and_no_double(db):
    done = threading.Event()
    failures = []

    def writing():
        try:
            for _ in range(40):
                act(3)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def sequencing():
        try:
            while not (done.is_set() and not Pending.objects.exists()):
                sequence_once(17)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=writing) for _ in range(4)]
    rivals = [threading.Thread(target=sequencing) for _ in range(2)]
    for thread in [*writers, *rivals]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in rivals:
        thread.join()
    assert failures == []
    assert Event.objects.count() == 480
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == list(range(480))
    assert Leaf.objects.values("event_id").distinct().count() == 480
    assert verify(checkpoints.latest().note).ok


def started(*arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "sequence_log", "--skip-checks", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@committed
def test_the_command_works_until_it_is_told_to_stop(db):
    act(3)
    process = started("--pause", "0.05")
    try:
        until(lambda: Leaf.objects.count() == 3)
        act(2)
        until(lambda: Leaf.objects.count() == 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()
    assert verify().ok


def sequencing_child():
    """A process that sequences in small batches until it is killed."""
    connection.close()
    child = os.fork()
    if child == 0:
        while True:
            sequence_once(5)
    return child


@committed
def test_killed_at_any_point_it_leaves_a_whole_log(db):
    act(900)
    for killed_at in (5, 100, 300, 500):
        child = sequencing_child()
        try:
            until(lambda at=killed_at: Leaf.objects.count() >= at)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert verify().ok
    while sequence_once():
        pass
    report = verify()
    assert (report.ok, report.leaves, report.pending) == (True, 900, 0)


def test_once_empties_the_queue(db):
    act(5)
    call_command("sequence_log", once=True, limit=2)
    assert (Leaf.objects.count(), Pending.objects.count()) == (5, 0)


@committed
def test_a_failure_is_logged_and_tried_again(db, monkeypatch, caplog):
    from audit.management.commands import sequence_log

    act(2)
    command = sequence_log.Command()
    with monkeypatch.context() as broken:
        broken.setattr(
            "audit.checkpoints.signing.signer", lambda *_: (_ for _ in ()).throw(VaultError("gone"))
        )
        assert command._one_round(10) == 0
    assert "sequencing failed" in caplog.text
    assert Pending.objects.count() == 2
    with acting(purpose="retry"):
        assert command._one_round(10) == 2


@committed
def test_told_to_stop_it_finishes_its_round(db, monkeypatch):
    """In this process: the signal comes while a full batch is at work, and the next look is the last."""
    from audit.management.commands import sequence_log

    act(3)
    rounds = []

    def working(limit):
        rounds.append(sequence_once(limit))
        if len(rounds) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return rounds[-1]

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(sequence_log, "sequence_once", working)
    try:
        call_command("sequence_log", pause=0.01, limit=2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert rounds == [2, 1, 0]
    assert Leaf.objects.count() == 3
