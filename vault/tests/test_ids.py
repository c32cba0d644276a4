import threading
import time
from uuid import RFC_4122, UUID

from vault.ids import INSTALLATION, new_id, new_id_rows, new_ids


def test_an_id_is_a_version_7_uuid_of_this_moment():
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000

    assert made.version == 7
    assert made.variant == RFC_4122
    # A bulk of ids made just before may have claimed the next few milliseconds.
    assert before <= made.int >> 80 <= after + 1_000


def test_ids_rise_within_a_process_in_bulk_and_one_by_one():
    made = [new_id(), *new_ids(5_000), new_id(), *new_ids(3)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_keep_rising_when_the_clock_is_set_back(monkeypatch):
    now = time.time_ns()
    first = new_id()
    monkeypatch.setattr("vault.ids.time.time_ns", lambda: now - 86_400 * 10**9)

    assert new_id() > first


def test_threads_never_share_an_id():
    found = []
    threads = [threading.Thread(target=lambda: found.extend(new_ids(500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 2_000


def test_ids_in_rows_are_such_ids_too():
    made = [UUID(bytes=row.tobytes()) for row in new_id_rows(5_000)]

    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}
    assert made == sorted(made)
    assert len({each.int & (2**62 - 1) for each in made}) == len(made)
    assert new_ids(1)[0] > made[-1]


def test_rows_and_ids_are_laid_out_alike(monkeypatch):
    monkeypatch.setattr("vault.ids.os.urandom", lambda count: bytes(range(1, 9)) * (count // 8))
    monkeypatch.setattr("vault.ids._claim_ticks", lambda _count: 0x123456789ABCDEF)

    assert [row.tobytes() for row in new_id_rows(3)] == [each.bytes for each in new_ids(3)]


def test_no_ids_are_no_ids():
    assert new_ids(0) == []
    assert len(new_id_rows(0)) == 0


def test_the_installation_is_nobody_else():
    assert INSTALLATION.int == 0
    assert new_id() != INSTALLATION
