"""The image's own commands run as they stand in docker-compose.yml, and its health checks tell well from ill."""

import os
import shutil
import subprocess
import sys

import pytest

from handover.tests.test_compose import PARTS, SERVICES, plain
from stand.programs import BASE
from stand.tests.support import free_port, wait_until


def _told(tmp_path, **more):
    """The environment of a part of the image, on this test's servers and in this test's folders."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "DATABASE_URL", "REDIS_URL", "ROOT_KEY_FILE")}
    copy = tmp_path / "copy"
    if not copy.exists():
        shutil.copytree(os.environ["KEYRING_DIR"], copy)
    return {
        **kept,
        "SECRET_KEY_FILE": os.environ["SECRET_KEY_FILE"],
        "HANDOVER_STATE": str(tmp_path),
        "HANDOVER_HOST": "0.0.0.0",
        "KEYRING_DIR": os.environ["KEYRING_DIR"],
        "KEYRING_COPY": str(copy),
        "PUBLIC_URL": "https://handover.example.com",
        "TRUSTED_PROXIES": "172.30.77.2",
        "PYTHONWARNINGS": "ignore",
        "TLS": "",
        **more,
    }


def _command(words, tmp_path):
    real = {"python": sys.executable, "SCHEDULE": str(tmp_path / "beat" / "schedule")}
    return [real.get(word, word) for word in plain(words)]


@pytest.mark.django_db(transaction=True)
def test_the_images_commands_run_and_their_health_checks_tell_well_from_ill(tmp_path, canglan, redis_flushed):
    (tmp_path / "beat").mkdir()
    told = _told(tmp_path, HANDOVER_PORT=str(free_port()))

    def healthy(name):
        words = _command(SERVICES[name]["healthcheck"]["test"][1:], tmp_path)
        more = ["--schedule-folder", str(tmp_path / "beat")] if name == "beat" else []
        return subprocess.run([*words, *more], cwd=BASE, env=told, capture_output=True).returncode == 0

    assert (
        subprocess.run(
            _command(SERVICES["check"]["command"], tmp_path), cwd=BASE, env=told, capture_output=True
        ).returncode
        == 0
    )
    assert not healthy("web")
    assert not healthy("worker")
    assert not healthy("beat")
    running = []
    try:
        for name in PARTS:
            with (tmp_path / f"{name}.log").open("wb") as log:
                command = _command(SERVICES[name]["command"], tmp_path)
                running.append(
                    subprocess.Popen(command, cwd=BASE, env=told, stdout=log, stderr=subprocess.STDOUT)
                )
        for name in ("web", "sequencer", "worker", "beat"):
            try:
                wait_until(lambda name=name: healthy(name), 300)
            except AssertionError:
                raise AssertionError(
                    name + (tmp_path / f"{name}.log").read_text(errors="replace")[-3000:]
                ) from None
        assert all(each.poll() is None for each in running)
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.wait(60)
