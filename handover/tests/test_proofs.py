"""The promises to whoever holds the disks and the database, proved on a whole stand with real data.

The tests of this file share one stand and run in order: the last ones destroy the log and the keys.
"""

import base64
import contextlib
import datetime
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
import redis

from handover.tests.canaries import Search, files_below, plain_of, values_of
from sample.world import write_world
from stand.binaries import find_postgres
from stand.tests.support import OwnStand, wait_until

CLIENTS = 300
GUARDED = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A'"


class Proof:
    """The stand, its world, and the hands of a superuser."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.world, self.temporary = folder, folder / "world", folder / "tmp"
        self.temporary.mkdir()
        write_world(self.world, clients=CLIENTS, seed=7, as_of=datetime.date.today())  # noqa: DTZ011
        self.stand = OwnStand(folder / "state", TMPDIR=str(self.temporary), KEYRING_COPY=str(folder / "copy"))
        self.values = values_of(self.world)
        self.search = Search(self.values)
        self.seen_by_redis = folder / "redis.seen"

    def shell(self, call: str) -> str:
        code = f"from handover.tests import proof_world; proof_world.{call}"
        done = self.stand.manage("shell", "-v", "0", "-c", code)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
        return done.stdout.decode()

    def refused(self) -> set[str]:
        return set(json.loads(self.shell("refused()").splitlines()[-1])["refused"])

    def sql(self, statement: str, *facts: object) -> list[tuple]:
        with self._superuser() as cursor:
            cursor.execute(statement, facts or None)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def _superuser(self) -> Iterator:
        link = psycopg2.connect(self.stand.runtime()["superuser_url"])
        link.autocommit = True
        try:
            with link.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
                yield cursor
        finally:
            link.close()

    @contextmanager
    def unguarded(self) -> Iterator:
        """A superuser who takes the log's triggers away and puts them back."""
        with self._superuser() as cursor:
            cursor.execute(GUARDED)
            triggers = cursor.fetchall()
            for table, name in triggers:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            yield cursor
            for table, name in triggers:
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")

    def dump(self) -> bytes:
        command = [find_postgres().program("pg_dump"), "--dbname", self.stand.runtime()["superuser_url"]]
        return subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout

    def watch_redis(self) -> None:
        """Keeps whatever lies in Redis from now on, looked at every few milliseconds."""
        client = redis.Redis.from_url(self.stand.runtime()["redis_url"])

        def keep() -> None:
            kept: set[bytes] = set()
            with self.seen_by_redis.open("wb", buffering=0) as seen, contextlib.suppress(redis.RedisError):
                while True:
                    for value in {*_values_in(client)} - kept:
                        kept.add(value)
                        seen.write(value + b"\n")
                    time.sleep(0.005)

        threading.Thread(target=keep, daemon=True).start()


def _values_in(client: redis.Redis) -> Iterator[bytes]:
    """Every key and every value."""
    for key in client.keys("*"):
        yield key
        with contextlib.suppress(redis.ResponseError):
            match client.type(key):
                case b"string":
                    yield client.get(key) or b""
                case b"list":
                    yield from client.lrange(key, 0, -1)
                case b"set":
                    yield from client.smembers(key)
                case b"hash":
                    yield from client.hvals(key)
                case b"zset":
                    yield from client.zrange(key, 0, -1)


@pytest.fixture(scope="module")
def proof(tmp_path_factory) -> Iterator[Proof]:
    """A stand with a loaded world."""
    folder = tmp_path_factory.mktemp("proof")
    made = Proof(folder)
    with made.stand:
        made.stand.ready()
        made.watch_redis()
        made.shell(f"load({str(made.world)!r}, {str(folder / 'passwords.json')!r})")
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def places(proof: Proof) -> Iterator[tuple[str, bytes]]:
    """Whatever somebody could take away who has everything but the keys' owner."""
    yield "database", plain_of(proof.dump())
    yield "what lay in redis", proof.seen_by_redis.read_bytes()
    state = proof.stand.state
    yield from files_below(state / "files", state / "logs", state / "redis", state / "beat", proof.temporary)
    yield "postgres.log", (state / "postgres" / "postgres.log").read_bytes()
    yield "the stand's words", proof.stand.output.read_bytes()


def test_no_private_value_lies_anywhere_in_clear(proof):
    found = list(places(proof))
    sizes = {name: len(data) for name, data in found}
    assert sizes["database"] > 1_000_000
    assert b"_kombu" in dict(found)["what lay in redis"]
    assert sum(name.endswith(".sealed") for name in sizes) > 10
    assert len(proof.values) > CLIENTS * 5
    assert proof.search.found_in(found) == set()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le"])
def test_a_planted_value_is_found_in_every_form(proof, encoding):
    value = max((value for value in proof.values if not value.isascii()), key=len)
    plain = value.encode(encoding)
    forms = {"plain": plain, "hex": plain.hex().encode(), "HEX": plain.hex().upper().encode()}
    forms |= {f"base64 {before}": base64.b64encode(bytes(before) + plain) for before in range(3)}
    planted = [(name, os.urandom(99) + form + os.urandom(99)) for name, form in forms.items()]
    assert {name for name, _ in proof.search.found_in(planted)} == set(forms)


def test_a_value_planted_in_the_database_is_found(proof):
    value = max(proof.values, key=len)
    proof.sql("CREATE TABLE planted AS SELECT convert_to(%s, 'GB18030') AS bytes", value)
    try:
        assert ("database", value) in proof.search.found_in([("database", plain_of(proof.dump()))])
    finally:
        proof.sql("DROP TABLE planted")


def exchange(proof: Proof, table: str, columns: str, one: str, other: str, *, key: str = "id") -> None:
    proof.sql(
        f"UPDATE {table} AS row SET ({columns}) = (SELECT {columns} FROM {table} AS other"
        f" WHERE other.{key} = CASE row.{key} WHEN %s THEN %s::uuid ELSE %s::uuid END)"
        f" WHERE row.{key} IN (%s, %s)",
        one, other, one, one, other,
    )  # fmt: skip


def test_exchanged_rows_wraps_and_old_ciphertext_are_refused(proof):
    assert proof.refused() == set()
    clients = [row for (row,) in proof.sql("SELECT id::text FROM clients_client ORDER BY id LIMIT 6")]
    one, other, third, fourth, fifth, sixth = clients
    exchange(proof, "clients_client", "sealed", one, other)
    exchange(proof, "vault_wrap", "wrapped", third, fourth, key="subject")
    exchange(proof, "vault_wrap", "wrapped, commitment", fifth, sixth, key="subject")
    account = proof.sql(
        "SELECT id::text FROM clients_account WHERE client_id != ALL(%s::uuid[]) LIMIT 1", clients
    )[0][0]
    proof.sql("UPDATE clients_account SET revision = revision + 1 WHERE id = %s", account)
    parts = ("account", "relation", "holding", "trade", "preference", "document")
    behind = {
        row
        for part in parts
        for (row,) in proof.sql(
            f"SELECT id::text FROM clients_{part} WHERE client_id = ANY(%s::uuid[])", clients[2:]
        )
    }
    assert proof.refused() == {*clients, account, *behind}
    found = proof.stand.manage("verify_rows")
    assert found.returncode == 1
    assert f"clients_account, row {account}" in found.stderr.decode()
    proof.sql("UPDATE clients_account SET revision = revision - 1 WHERE id = %s", account)
    exchange(proof, "clients_client", "sealed", one, other)
    exchange(proof, "vault_wrap", "wrapped", third, fourth, key="subject")
    exchange(proof, "vault_wrap", "wrapped, commitment", fifth, sixth, key="subject")
    assert proof.refused() == set()
    assert proof.stand.manage("verify_rows").returncode == 0


class Browser:
    """Just enough of one to sign in and to send half a file."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, {}

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        link.request(method, path, body, self.headers("application/x-www-form-urlencoded"))
        answer = link.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        text = answer.read().decode(errors="replace")
        link.close()
        return answer.status, text

    def headers(self, kind: str) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Host": "localhost", "Content-Type": kind, "Cookie": cookies}

    def sign_in(self, name: str, password: str) -> None:
        _, page = self.ask("GET", "/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        body = f"csrfmiddlewaretoken={token}&username={name}&password={password}"
        status, _ = self.ask("POST", "/sign-in/", body)
        assert status == 302


def test_an_interrupted_upload_leaves_nothing_and_was_never_in_clear(proof):
    browser = Browser(proof.stand.port)
    passwords = json.loads((proof.folder / "passwords.json").read_text())
    browser.sign_in("canglan.manager", passwords["canglan.manager"])
    transfer = proof.sql("SELECT id FROM transfer_transfer")[0][0]
    value = max(proof.values, key=len).encode()
    files = proof.stand.state / "files"
    before = (
        {path for path in files.rglob("*") if path.is_file()},
        proof.sql("SELECT count(*) FROM vault_sealedfile"),
    )

    boundary, content = uuid.uuid4().hex, value * (3 * 2**20 // len(value))
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'.encode()
    named = browser.headers(f"multipart/form-data; boundary={boundary}")
    named["X-CSRFToken"], named["Content-Length"] = browser.cookies["csrftoken"], str(9 * 2**20)
    lines = [
        f"POST /transfers/{transfer}/imports/upload/ HTTP/1.1",
        *(f"{key}: {text}" for key, text in named.items()),
    ]
    with socket.create_connection(("127.0.0.1", proof.stand.port)) as link:
        link.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + head + content)
        part = wait_for_part(proof, files)
        assert value not in part
        assert proof.search.found_in(files_below(files, proof.temporary)) == set()
    wait_until(lambda: not open_parts(proof, files))
    assert before == (
        {path for path in files.rglob("*") if path.is_file()},
        proof.sql("SELECT count(*) FROM vault_sealedfile"),
    )


def open_parts(proof: Proof, files: Path) -> list[Path]:
    """The unfinished files that the stand's processes hold open, named or nameless."""
    found = []
    for process in proof.stand.processes():
        for handle in Path(f"/proc/{process}/fd").glob("*"):
            try:
                if str(files / "aside") in os.readlink(handle):
                    found.append(handle)
            except OSError:
                continue
    return found


def wait_for_part(proof: Proof, files: Path) -> bytes:
    """The bytes of the upload under way, once at least one chunk of it is written."""
    written: list[bytes] = []

    def is_written() -> bool:
        written[:] = [part.read_bytes() for part in open_parts(proof, files)]
        return any(len(part) > 2**20 for part in written)

    wait_until(is_written)
    return b"".join(written)


@pytest.fixture
def head(proof, tmp_path) -> Iterator[Path]:
    """A checkpoint kept outside; the sequencer and beat stand still meanwhile."""
    out = tmp_path / "checkpoint"
    os.kill(proof.stand.pid("beat"), signal.SIGSTOP)
    wait_until(lambda: proof.sql("SELECT count(*) FROM audit_pending") == [(0,)])
    assert proof.stand.manage("keep_checkpoint", "--out", str(out)).returncode == 0
    os.kill(proof.stand.pid("sequencer"), signal.SIGSTOP)
    yield out
    for part in ("beat", "sequencer"):
        os.kill(proof.stand.pid(part), signal.SIGCONT)


def verified(proof: Proof, head: Path) -> tuple[int, str]:
    done = proof.stand.manage("verify_audit_log", "--checkpoint", str(head))
    return done.returncode, done.stderr.decode() + done.stdout.decode()


def test_the_application_cannot_change_the_log(proof):
    link = psycopg2.connect(proof.stand.runtime()["database_url"])
    link.autocommit = True
    for table in ("audit_event", "audit_leaf", "audit_checkpoint", "audit_tile"):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with link.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    for statement in ("UPDATE audit_event SET purpose = 'x'", "UPDATE audit_leaf SET index = index"):
        with link.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    link.close()


def test_a_superusers_hand_in_the_log_is_found_against_the_outside_head(proof, head):
    status, said = verified(proof, head)
    assert (status, "The log is whole." in said) == (0, True), said
    index = proof.sql("SELECT max(index) / 2 FROM audit_leaf")[0][0]
    event = proof.sql("SELECT event_id::text FROM audit_leaf WHERE index = %s", index)[0][0]
    flip = "UPDATE audit_event SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE id = %s"
    swap = (
        "UPDATE audit_leaf AS leaf SET (event_id, hash) = (SELECT event_id, hash FROM audit_leaf AS other"
        " WHERE other.index = %s * 2 + 1 - leaf.index) WHERE index IN (%s, %s + 1)"
    )
    with proof.unguarded() as cursor:
        cursor.execute(flip, [event])
    status, said = verified(proof, head)
    assert (status, f"leaf {index}, event {event}" in said) == (1, True), said
    with proof.unguarded() as cursor:
        cursor.execute(flip, [event])
        cursor.execute("ALTER TABLE audit_leaf DROP CONSTRAINT IF EXISTS audit_leaf_event_id_key")
        cursor.execute(swap, [index, index, index])
    status, said = verified(proof, head)
    assert status == 1, said
    with proof.unguarded() as cursor:
        cursor.execute(swap, [index, index, index])
    assert verified(proof, head)[0] == 0
    with proof.unguarded() as cursor:
        cursor.execute("CREATE TABLE kept_event AS SELECT * FROM audit_event WHERE id = %s", [event])
        cursor.execute("CREATE TABLE kept_leaf AS SELECT * FROM audit_leaf WHERE event_id = %s", [event])
        cursor.execute("DELETE FROM audit_leaf WHERE event_id = %s", [event])
        cursor.execute("DELETE FROM audit_event WHERE id = %s", [event])
    status, said = verified(proof, head)
    assert (status, f"leaves {index} to {index}" in said) == (1, True), said
    with proof.unguarded() as cursor:
        cursor.execute("INSERT INTO audit_event SELECT * FROM kept_event")
        cursor.execute("INSERT INTO audit_leaf SELECT * FROM kept_leaf")
    assert verified(proof, head)[0] == 0
    with proof.unguarded() as cursor:
        cut = "SELECT max(size) FROM audit_checkpoint WHERE size < (SELECT max(size) FROM audit_checkpoint)"
        cursor.execute(cut)
        size = cursor.fetchone()[0]
        cursor.execute("CREATE TABLE gone AS SELECT event_id FROM audit_leaf WHERE index >= %s", [size])
        cursor.execute("DELETE FROM audit_checkpoint WHERE size > %s", [size])
        cursor.execute("DELETE FROM audit_leaf WHERE index >= %s", [size])
        cursor.execute("DELETE FROM audit_event WHERE id IN (SELECT event_id FROM gone)")
        cursor.execute("DELETE FROM audit_tile WHERE level = 0 AND index >= %s / 256", [size])
    status, said = verified(proof, head)
    assert status == 1, said
    assert "outside" in said


def test_the_product_starts_with_its_own_root_key_only(proof, tmp_path):
    root, wrong = proof.stand.state / "root.key", tmp_path / "wrong.key"
    wrong.write_bytes(os.urandom(32))
    wrong.chmod(0o400)
    for key, reason in (
        (tmp_path / "none.key", "none.key is missing"),
        (wrong, "wrong.key is not the one of"),
    ):
        proof.stand.environment["ROOT_KEY_FILE"] = str(key)
        done = proof.stand.manage("check")
        assert (done.returncode, reason in done.stderr.decode()) == (1, True), done.stderr.decode()
    proof.stand.stop()
    root.chmod(0o444)
    with OwnStand(proof.stand.state) as again:
        assert again.runner.wait(120) == 1
        assert "is open to others (mode 0444, must be 0400)" in again.said()
    assert again.processes() == {}
