"""The child can do nothing but compute and use its two pipes; whatever it does, the parent lives on."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from intake import bounds, frames, reading
from intake.confine import EVERY_MEANS, LIMITS, SECCOMP
from intake.errors import Unreadable
from intake.reading import Bytes, Child, records_of


def probe(port: int = 9) -> tuple[dict, list[str]]:
    with Child(Bytes(b"")) as child:
        child.ask(frames.Wish("probe", 0, names=[str(port)]))
        with pytest.raises(Unreadable) as refusal:
            list(child.answers())
        return refusal.value.params, child.held


def test_nothing_that_must_not_work_works_in_the_child(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        outcome, held = probe(listener.getsockname()[1])
        with pytest.raises(TimeoutError):
            listener.accept()
    assert LIMITS in held
    assert outcome.pop("memory") == "MemoryError"
    assert "worked" not in outcome.values() or SECCOMP not in held
    assert not os.path.exists("/tmp/intake-probe")


def test_the_machine_says_which_means_it_has():
    told = subprocess.run(
        [sys.executable, "-m", "intake", "--means"],
        cwd=reading.HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(told.stdout.strip().split(", ")) == set(reading.means()) <= set(EVERY_MEANS)


def test_neither_arguments_nor_environment_carry_a_word_of_the_file(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "must-not-be-seen")
    with Child(Bytes(b"secret-name")) as child:
        pid = child._process.pid
        shown = Path(f"/proc/{pid}/cmdline").read_bytes()
        child.ask(frames.Wish("members", 11, "zip", names=["secret-name"]))
        with pytest.raises(Unreadable):
            list(child.answers())
    assert b"secret" not in shown
    assert "SECRET_KEY" not in reading._ENVIRONMENT


def fake(monkeypatch, script: str) -> None:
    monkeypatch.setattr(reading, "_COMMAND", (sys.executable, "-c", script))


LOCK = "import os,struct,sys\ndef f(k,p): os.write(1,struct.pack('>cI',k,len(p))+p)\nf(b'L',b'\\x90')\nos.read(0,999)\n"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("", "file.reader_failed"),
        ("import os; os.write(1, b'nonsense' * 99)", "file.reader_failed"),
        (LOCK + "f(b'R', b'\\xc1')", "file.reader_failed"),
        (LOCK + "f(b'R', b'\\x91\\x93\\x01\\xa0\\x91\\xa1a'); f(b'E', b'\\x07')", "file.reader_failed"),
        (LOCK + "f(b'A', struct.pack('>QI', 0, 99))", "file.reader_failed"),
        (LOCK + "f(b'A', b'')", "file.reader_failed"),
        (LOCK + "f(b'Z', b'')", "file.reader_failed"),
        (LOCK + "os.write(1, struct.pack('>cI', b'R', 2**31))", "file.reader_failed"),
        (LOCK + "os.kill(os.getpid(), 6)", "file.too_heavy"),
        (LOCK + "sys.exit(9)", "file.too_heavy"),
        (LOCK + "os.kill(os.getpid(), 15)", "file.reader_failed"),
    ],
)
def test_a_child_that_dies_or_talks_nonsense_is_a_refusal(monkeypatch, script, code):
    fake(monkeypatch, script)
    with pytest.raises(Unreadable) as refusal:
        list(records_of(Bytes(b"x"), file_format="xlsx"))
    assert refusal.value.code == code


def test_a_child_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(bounds, "WAIT_SECONDS", 1)
    fake(monkeypatch, LOCK + "import time; time.sleep(60)")
    with Child(Bytes(b"x")) as child:
        child.ask(frames.Wish("records", 1, "xlsx"))
        with pytest.raises(Unreadable) as refusal:
            list(child.answers())
    assert refusal.value.code == "file.too_slow"
    assert not Path(f"/proc/{child._process.pid}").exists()


def test_a_child_that_never_listens_is_ended(monkeypatch):
    monkeypatch.setattr(bounds, "WAIT_SECONDS", 1)
    script = LOCK + "import time\nfor n in range(99): f(b'A', struct.pack('>QI', 0, 1000000))\ntime.sleep(60)"
    fake(monkeypatch, script)
    with pytest.raises(Unreadable) as refusal:
        list(records_of(Bytes(b"x" * 1_000_000), file_format="xlsx"))
    assert refusal.value.code == "file.too_slow"


def test_a_child_that_talks_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(bounds, "OUTPUT_BASE_BYTES", 10_000_000)
    fake(monkeypatch, LOCK + "import itertools\nfor n in itertools.count(): f(b'P', b'x' * 100000)")
    with Child(Bytes(b"x")) as child:
        child.ask(frames.Wish("members", 1, "zip"))
        with pytest.raises(Unreadable) as refusal:
            for _ in child.answers():
                pass
    assert refusal.value.code == "file.too_heavy"


def test_the_child_ends_with_its_parent():
    """Killed outright, the parent leaves no child behind."""
    script = (
        "import time\nfrom intake.reading import *\n"
        "c = Child(Bytes(b'x')).__enter__()\nc.ask(frames.Wish('members', 1, 'zip'))\n"
        "print(c._process.pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=reading.HOUSE, stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(500):
        try:
            if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
                return
        except FileNotFoundError:
            return
        signal.sigtimedwait([], 0.01)
    raise AssertionError("the child lives")
