"""The bench runs from end to end, in small: its figures mean nothing here, that it still measures does."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from clients.models import Client
from handover.bench.memory import Grown
from handover.bench.pairs import Aim, Pair

MEASURED = ("import", "search", "page", "custody", "certificate")


def run_bench(*arguments):
    return subprocess.run(
        [sys.executable, "manage.py", "bench", *arguments],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )


@pytest.mark.django_db(transaction=True)
def test_every_path_is_measured_beside_its_peers_and_nothing_stays(tmp_path):
    only = [word for path in MEASURED for word in ("--only", path)]
    told = tmp_path / "figures.json"

    done = run_bench("--clients", "300", "--rounds", "1", *only, "--json", str(told))

    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(told.read_text())
    paths = {result["path"].partition(",")[0].partition(":")[0] for result in figures["results"]}
    assert paths >= {
        "import of clients",
        "import of trades",
        "exact search",
        "list page",
        "custody",
        "certificate",
    }
    assert all(result["ratio"] > 0 for result in figures["results"])
    assert {"clients", "rounds", "seed", "at", "machine"} <= figures.keys()
    assert "goal <= 1.25" in done.stdout and "COPY of the plaintext" in done.stdout
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'bench%%'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM clients_client")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_an_installation_with_other_work_is_left_alone(make_client):
    client = make_client("000000000001")

    done = run_bench("--clients", "300", "--rounds", "1", "--only", "import")

    assert done.returncode != 0 and "this installation holds other work" in done.stderr
    assert list(Client.objects.all()) == [client]


def pair(aim, goal, *rounds):
    made = Pair("path", "peer", aim, goal)
    for ours, peer in rounds:
        made.add(ours, peer)
    return made


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds():
    assert pair(Aim.AT_MOST, 1.5, (1, 1), (30, 10), (2, 1)).ratio == 2
    assert pair(Aim.FASTER, 1.5, (1, 4), (10, 30), (1, 1)).ratio == 3


@pytest.mark.parametrize(
    ("aim", "goal", "verdict"),
    [
        (Aim.AT_MOST, 2, "met"),
        (Aim.AT_MOST, 1.9, "missed"),
        (Aim.FASTER, 0.5, "met"),
        (Aim.FASTER, 0.6, "missed"),
    ],
)
def test_a_verdict_says_whether_the_goal_is_met(aim, goal, verdict):
    assert pair(aim, goal, (2, 1)).verdict == verdict


def test_memory_is_judged_by_the_limit_and_by_its_growth():
    assert Grown("import", idle=100, tenth=60, whole=63).verdict == "met, flat"
    assert Grown("import", idle=100, tenth=20, whole=65).verdict == "missed, grows"
