"""The servers alone: who is refused, what survives a killed runner, what is left behind."""

import os
import signal
import stat

import psycopg2
import pytest
import redis

from stand.errors import StandError
from stand.places import Places, socket_folder
from stand.postgres import Server
from stand.redis import RedisServer
from stand.secrets import ensure_secrets
from stand.tests.support import OwnStand, wait_until

SLEEP = ("with", "--servers", "--", "sleep", "600")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """For tests that leave it running."""
    with OwnStand(tmp_path_factory.mktemp("shared") / "state", *SLEEP) as stand:
        yield stand.ready()


@pytest.fixture
def servers(tmp_path):
    with OwnStand(tmp_path / "state", *SLEEP) as stand:
        yield stand.ready()


def test_a_second_start_is_refused_with_the_reason(shared):
    with OwnStand(shared.state, *SLEEP) as second:
        assert second.runner.wait(30) == 1
        assert f"is in use by `stand with sleep` (process {shared.runner.pid})" in second.said()
    assert shared.runner.poll() is None


def test_nothing_is_left_after_sigterm(servers):
    assert len(servers.processes()) > 5
    servers.stop(signal.SIGTERM)
    assert servers.processes() == {}
    assert not (servers.state / "runtime.json").exists()


def test_nothing_is_left_after_ctrl_c(servers):
    servers.stop(signal.SIGINT)
    assert servers.processes() == {}


def test_a_killed_runner_is_recovered_from(servers):
    servers.runner.kill()
    servers.runner.wait()
    with OwnStand(servers.state, *SLEEP) as again:
        again.ready()
        with psycopg2.connect(again.runtime()["database_url"]) as link, link.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("handover_app",)
        link.close()
        again.stop()
        assert again.processes() == {}


def test_a_dead_server_is_started_again(shared):
    os.kill(shared.pid("postgres"), signal.SIGKILL)
    os.kill(shared.pid("redis"), signal.SIGKILL)
    wait_until(lambda: shared.said().count("ready again (try 1 of 5)") == 2)
    psycopg2.connect(shared.runtime()["database_url"]).close()
    client = redis.Redis.from_url(shared.runtime()["redis_url"])
    assert client.ping()
    client.close()


def test_the_status_is_the_commands(tmp_path):
    with OwnStand(tmp_path / "state", "with", "--servers", "--", "sh", "-c", "exit 7") as stand:
        assert stand.runner.wait(60) == 7
    assert stand.processes() == {}


def test_secrets_are_for_their_owner_alone(shared):
    def mode(name):
        return stat.S_IMODE((shared.state / name).stat().st_mode)

    assert [mode("root.key"), mode("secret.key")] == [0o400, 0o400]
    assert [mode("runtime.json"), mode("postgres/passwords.json"), mode("redis/redis.conf")] == [0o600] * 3
    assert [mode(folder) for folder in (".", "postgres", "redis", "keyring", "files", "logs")] == [0o700] * 6
    assert len((shared.state / "root.key").read_bytes()) == 32


def test_nobody_signs_in_without_a_password(shared):
    folder = shared.state / "postgres" / "socket"
    for role in ("postgres", "handover_app", "handover_owner"):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(host=str(folder), user=role, password="guess", dbname="handover")
    path = shared.runtime()["redis_url"].split("@")[1].split("?")[0]
    for client in (redis.Redis(unix_socket_path=path), redis.Redis.from_url(shared.runtime()["redis_url"])):
        with pytest.raises(redis.RedisError, match="authenticated|no permissions"):
            client.config_get("dir")
        client.close()


def test_a_scratch_server_stands_beside_in_a_folder_with_a_long_name(tmp_path):
    folder = tmp_path / ("long" * 20) / ("name" * 10)
    scratch = Server(folder, durable=False).start()
    try:
        assert len(os.fsencode(scratch.socket)) < 100
        assert stat.S_IMODE(scratch.socket.stat().st_mode) == 0o700
        assert scratch.sql("SELECT 1", "handover") == "1"
    finally:
        scratch.remove()
    assert not folder.exists()


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    preferred = tmp_path / ("x" * 120)
    theirs = socket_folder(preferred, "redis.sock")
    theirs.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    theirs.symlink_to(elsewhere)
    with pytest.raises(StandError, match="not a private folder"):
        socket_folder(preferred, "redis.sock")


def test_a_new_root_key_is_refused_beside_old_keys(tmp_path, monkeypatch):
    for name in ("ROOT_KEY_FILE", "SECRET_KEY_FILE", "KEYRING_DIR", "FILES_DIR"):
        monkeypatch.delenv(name, raising=False)
    places = Places(tmp_path)
    places.make()
    (places.keyring / "key").write_bytes(b"sealed")
    with pytest.raises(StandError, match="escrow copy"):
        ensure_secrets(places)
    assert not places.root_key.exists()


def test_a_foreign_redis_at_the_socket_is_not_taken_for_ours(tmp_path):
    first = RedisServer(tmp_path / "redis").start()
    try:
        (tmp_path / "redis" / "password.json").write_text('{"password": "other"}')
        assert not first.answers()
    finally:
        first.stop()
