"""Files made to do harm, handed in like any other: refused by name, the worker lives, nothing is written or called."""

import os
import socket
from pathlib import Path

import pytest

from audit.errors import Refused
from clients.models import Client
from intake import bounds
from intake.tests.hostile import HOSTILE, linked_outside, made
from intake.tests.hostile import workbook as honest
from transfer.models import Extract, Reject
from transfer.services.extracts import receive_extract
from transfer.services.imports import run_now, start_run
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import AS_OF, CLIENT_HEADER, client_lines, clients_csv, sealed

pytestmark = pytest.mark.django_db

ONE, TWO = "000000000017", "000000000024"
WATCHED = ("/tmp", "/var/tmp", "/dev/shm", os.getcwd())


def listing() -> set[str]:
    """What lies where a careless reader would write."""
    return {entry.path for folder in WATCHED if Path(folder).is_dir() for entry in os.scandir(folder)}


def highest_memory() -> int:
    """The most this process has held since ``forget_memory``."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def forget_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def refused(receive, name: str, data: bytes) -> Refused:
    """How the whole way from handing in to planning refuses this file."""
    with pytest.raises(Refused) as refusal:
        extract = receive(name, data)
        run = run_now(start_run(extract=extract, mode="profile", by=extract.uploaded_by, as_of=AS_OF))
        raise Refused(run.refusal_code or f"nothing: {run.state}", **run.refusal_params)
    return refusal.value


@pytest.mark.parametrize("case", HOSTILE)
def test_it_is_refused_by_name_and_does_no_harm(case, transfer, canglan, giver_steward, tmp_path):
    name, _, codes = HOSTILE[case]
    file = sealed(canglan, name, made(case))
    before, mine = listing(), os.getpid()
    forget_memory()
    with pytest.raises(Refused) as refusal:
        receive_extract(transfer=transfer, side=canglan, sealed_file=file, by=giver_steward)
    assert refusal.value.code in codes
    assert refusal.value.message != refusal.value.code
    assert highest_memory() <= bounds.MEMORY_BYTES
    assert (os.getpid(), Extract.objects.count(), Client.objects.count()) == (mine, 0, 0)
    new = {path for path in listing() - before if "intake" in path or "calamine" in path}
    assert not new and not (tmp_path / "etc").exists()


def test_a_workbook_full_of_links_calls_nobody(receive):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        refusal = refused(receive, "a.xlsx", linked_outside(listener.getsockname()[1]))
        with pytest.raises(TimeoutError):
            listener.accept()
    assert refusal.code == "file.header_missing"


def line(number: str, name: str) -> str:
    return client_lines(number, name=name)


LONG = {
    "a cell of 20 MB": (line(ONE, "x" * 20_000_000), {"file.line_too_long"}, 2),
    "a quoted cell of 20 MB in many lines": (
        line(ONE, '"' + "x\r\n" * 7_000_000 + '"'),
        {"file.truncated"},
        2,
    ),
    "a line without end": ("x" * 30_000_000, {"file.line_too_long"}, 2),
    "a quote over the whole file": ('"' + line(ONE, "周宁") * 300_000, {"file.truncated"}, 2),
}


@pytest.mark.parametrize("case", LONG)
def test_text_without_measure_is_refused_with_its_line(case, receive):
    text, codes, where = LONG[case]
    data = f"{CLIENT_HEADER}\r\n{text}".encode()
    forget_memory()
    refusal = refused(receive, "a.csv", data)
    assert refusal.code in codes
    assert int(refusal.params["line"]) == where
    assert highest_memory() <= bounds.MEMORY_BYTES + 3 * len(data)


def test_a_hundred_thousand_columns_are_refused(receive):
    header = ",".join(f"列{number}" for number in range(100_000))
    assert refused(receive, "a.csv", f"{header}\r\n{header}\r\n".encode()).code in {
        "file.header_too_long",
        "file.too_many_columns",
    }
    small = ",".join(f"c{number}" for number in range(2_001))
    assert refused(receive, "b.csv", f"{small}\r\n".encode()).code == "file.too_many_columns"
    rows = honest([f"c{number}" for number in range(2_100)])
    assert refused(receive, "c.xlsx", rows).code == "file.too_many_columns"


def test_a_first_line_without_end_is_refused(receive):
    assert refused(receive, "a.csv", b"x" * 5_000_000).code == "file.line_too_long"
    assert refused(receive, "b.csv", b"x" * 500_000).code in {"file.header_too_long", "file.truncated"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("周\u202e宁", "control_character"),
        ("周\u0007宁", "control_character"),
        ("周" * 5_000, "too_long"),
    ],
)
def test_a_cell_with_hidden_marks_refuses_its_row(load, cell, code):
    run = load("a.csv", (CLIENT_HEADER + "\r\n" + line(ONE, cell) + line(TWO, "周宁")).encode())
    assert (run.rows, run.accepted) == (2, 1)
    assert list(Reject.objects.filter(run=run).values_list("line", "column", "code")) == [
        (2, "客户姓名", code)
    ]


def test_control_totals_without_end_are_refused_unread(transfer, canglan, giver_steward):
    from transfer.services.extracts import declare_totals

    file = sealed(canglan, "totals.csv", b"x" * 1_100_000)
    with pytest.raises(Refused) as refusal:
        declare_totals(transfer=transfer, sealed_file=file, by=giver_steward)
    assert refusal.value.code == "file.too_large"


def test_after_a_hostile_file_the_next_one_loads(receive, load):
    refused(receive, "a.xlsx", made("the tallest sheet claimed"))
    run = load("a.csv", clients_csv(ONE))
    assert (run.state, run.accepted) == ("done", 1)


def test_of_a_ragged_line_only_its_key_leaves_when_something_is_never_stored(load, receive, giver_steward):
    from audit.reading import reading
    from transfer.services.rejects import reject_file, reject_subjects

    text = f"{CLIENT_HEADER},交易密码\r\n{line(ONE, '周宁').strip()},geheim-1,x\r\n"
    run = load("a.csv", text.encode())
    assert list(Reject.objects.filter(run=run).values_list("code", flat=True)) == ["ragged_row"]
    with reading(
        actor=giver_steward,
        organisation=run.extract.side_id,
        purpose="export_rejects",
        subjects=reject_subjects(run),
    ) as right:
        out = b"".join(reject_file(run=run, reading=right, language="en")).decode("utf-8-sig")
    assert ONE in out and "geheim" not in out and "周宁" not in out
