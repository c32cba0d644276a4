"""A running stand is handed every hostile file over HTTP: each refused by name, nobody dies, swells or calls out."""

import datetime
import http.client
import json
import re
import socket
import time
import uuid
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from intake import bounds
from intake.tests.hostile import HOSTILE, linked_outside, made
from sample.world import write_world
from stand.tests.support import OwnStand, wait_until
from transfer.tests.import_world import CLIENT_HEADER, client_lines

CLIENTS = 300
LONGEST_ANSWER = 60.0
PREPARE = """
import json
from pathlib import Path
from handover.demo import loading
from handover.demo.cast import assemble
from handover.demo.story import Story
from handover.demo.transfers import open_transfer
folder = Path({world!r})
cast = assemble(folder, loading.a_staff_number(folder))
transfer = open_transfer(Story(print), cast)
told = {{"transfer": str(transfer.pk), "password": cast.passwords["canglan.manager"]}}
Path({out!r}).write_text(json.dumps(told))
"""
# What a file shows only when all of it is read: these are received, and refused when their run is planned.
LATE = {
    "a quote that never closes": (
        "a.csv",
        (f"{CLIENT_HEADER}\r\n" + '"' + client_lines("1" * 12) * 40_000).encode(),
    ),
    "a line of JSON that breaks off": (
        "b.jsonl",
        b"".join(
            json.dumps(dict.fromkeys(CLIENT_HEADER.split(","), str(n)), ensure_ascii=False).encode() + b"\n"
            for n in range(5_000)
        )
        + b'{"broken',
    ),
}


class Steward:
    """Somebody signed in, with cookies and nothing else."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        page = self.send("GET", "/sign-in/", b"", "")
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page[1])[1].decode()
        form = f"csrfmiddlewaretoken={token}&username={name}&password={quote(password)}".encode()
        assert self.send("POST", "/sign-in/", form, "application/x-www-form-urlencoded")[0] == 302

    def send(self, method: str, path: str, body: bytes, kind: str, **headers: str) -> tuple[int, bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            named = {"Host": "localhost", "Cookie": cookies, "X-CSRFToken": self.cookies.get("csrftoken", "")}
            link.request(method, path, body, named | ({"Content-Type": kind} if kind else {}) | headers)
            answer = link.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            return answer.status, answer.read()
        finally:
            link.close()

    def call(self, method: str, path: str, **body: object) -> tuple[int, dict]:
        status, data = self.send(
            method,
            f"/api/v1{path}",
            json.dumps(body).encode(),
            "application/json",
            **{"Idempotency-Key": uuid.uuid4().hex},
        )
        return status, json.loads(data or b"{}")

    def upload(self, path: str, name: str, data: bytes) -> tuple[int, dict]:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = head + data + f"\r\n--{mark}--\r\n".encode()
        status, answer = self.send("POST", f"/api/v1{path}", body, f"multipart/form-data; boundary={mark}")
        return status, json.loads(answer)


def serving(stand: OwnStand) -> dict[int, str]:
    """The processes that serve and work."""
    return {
        pid: words for pid, words in stand.processes().items() if "gunicorn" in words or " worker " in words
    }


def highest(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    today = datetime.datetime.now(ZoneInfo("Asia/Shanghai")).date()
    write_world(folder / "world", clients=CLIENTS, seed=7, as_of=today)
    with OwnStand(folder / "state") as stand:
        stand.ready()
        out = folder / "told.json"
        code = PREPARE.format(world=str(folder / "world"), out=str(out))
        done = stand.manage("shell", "-v", "0", "-c", code)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
        yield stand, json.loads(out.read_text())


def test_nobody_dies_swells_or_calls_out(told):
    stand, prepared = told
    steward = Steward(stand.port, "canglan.manager", prepared["password"])
    at = f"/transfers/{prepared['transfer']}"
    before = serving(stand)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        files = {case: (name, made(case), codes) for case, (name, _, codes) in HOSTILE.items()}
        outside = linked_outside(listener.getsockname()[1])
        files["links to a server"] = ("l.xlsx", outside, {"file.header_missing", "file.unknown_field"})
        for case, (name, data, codes) in files.items():
            began = time.monotonic()
            status, answer = steward.upload(f"{at}/extracts/", name, data)
            assert (status, answer["code"] in codes) == (409, True), (case, answer)
            assert time.monotonic() - began < LONGEST_ANSWER, case
        for case, (name, data) in LATE.items():
            _refused_by_the_worker(steward, at, case, name, data)
        with pytest.raises(TimeoutError):
            listener.accept()
    after = serving(stand)
    assert set(after) == set(before)
    assert all(highest(pid) <= bounds.MEMORY_BYTES for pid in after)
    good = f"{CLIENT_HEADER}\r\n{client_lines('000000000017')}".encode()
    assert _run_of(steward, at, "good.csv", good)["state"] == "done"


def _refused_by_the_worker(steward: Steward, at: str, case: str, name: str, data: bytes) -> None:
    run = _run_of(steward, at, name, data)
    assert (run["state"], run["refusal_code"].startswith("file.")) == ("refused", True), (case, run)


def _run_of(steward: Steward, at: str, name: str, data: bytes) -> dict:
    status, extract = steward.upload(f"{at}/extracts/", name, data)
    assert status == 201, extract
    steward.call("POST", f"{at}/extracts/{extract['id']}/default-policies/")
    status, run = steward.call("POST", f"{at}/imports/", extract=extract["id"], mode="profile")
    assert status == 201, run
    path = f"{at}/imports/{run['id']}/"
    wait_until(lambda: steward.call("GET", path)[1]["state"] in {"refused", "done"}, 90)
    return steward.call("GET", path)[1]
