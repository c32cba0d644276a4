"""The whole product under the runner, as ``make run`` starts it."""

import os
import signal
import socket
import urllib.request

import pytest

import sample.plan
from stand.__main__ import LEAST_CLIENTS
from stand.tests.support import OwnStand, wait_until


def test_it_serves_survives_killed_parts_and_leaves_nothing(tmp_path):
    with OwnStand(tmp_path / "state") as stand:
        stand.ready()
        for name in ("redis", "postgres", "web", "sequencer", "worker", "beat"):
            assert f"{name:<10} ready" in stand.said()
        with urllib.request.urlopen(f"http://127.0.0.1:{stand.port}/") as answer:
            assert answer.status == 200

        os.kill(stand.pid("worker"), signal.SIGKILL)
        wait_until(lambda: "worker     ready again (try 1 of 5)" in stand.said())

        stand.runner.kill()
        stand.runner.wait()
        with OwnStand(stand.state) as again:
            again.ready()
            assert again.stop() == 0
        assert stand.processes() == {}


def test_a_port_in_use_is_refused_with_the_remedy(tmp_path):
    stand = OwnStand(tmp_path / "state")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stand.port))
        taken.listen()
        with stand:
            assert stand.runner.wait(30) == 1
            assert f"port {stand.port} is in use" in stand.said()
            assert "HANDOVER_PORT" in stand.said()


@pytest.mark.parametrize("clients", ["299", "0", "many", "-5"])
def test_a_sample_too_small_is_refused_before_anything_starts(tmp_path, clients):
    with OwnStand(tmp_path / "state", "demo", CLIENTS=clients) as stand:
        assert stand.runner.wait(30) == 1
        assert f"ERROR: CLIENTS must be a number from 300 on, not '{clients}'" in stand.said()
    assert not (tmp_path / "state").exists()


def test_the_least_sample_is_the_samples_own():
    assert LEAST_CLIENTS == sample.plan.LEAST_CLIENTS
