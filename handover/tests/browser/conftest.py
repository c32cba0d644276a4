"""A stand of its own, started empty, for the people who walk in the browser."""

import csv
import json
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from handover.tests.browser.company import GIVER, Walk
from handover.tests.browser.people import ARGUMENTS
from sample.world import write_world
from stand.tests.support import OwnStand

CLIENTS, SEED = 300, 7


@pytest.fixture(scope="module")
def empty_stand(tmp_path_factory):
    """The product as `make run` starts it: nothing is in it but the first administrator."""
    folder = tmp_path_factory.mktemp("walk")
    words = folder / "first-password"
    words.write_text(secrets.token_urlsafe(18), encoding="utf-8")
    words.chmod(0o400)
    with OwnStand(folder / "state", ADMIN_PASSWORD_FILE=str(words)) as stand:
        stand.ready()
        given = {name.replace("_", "-"): value for name, value in GIVER.items()}
        told = [part for name, value in given.items() for part in (f"--{name}", value)]
        done = stand.manage("found_installation", *told, "--username", "admin", "--name", "系统管理员")
        assert done.returncode == 0, done.stderr.decode()
        yield stand


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """The files that a firm would bring, written for today."""
    from django.utils import timezone

    folder = tmp_path_factory.mktemp("world")
    write_world(folder, clients=CLIENTS, seed=SEED, as_of=timezone.localdate())
    return folder


@pytest.fixture(scope="module")
def walk(empty_stand, world, chromium_path, tmp_path_factory):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        password = Path(empty_stand.environment["ADMIN_PASSWORD_FILE"]).read_text(encoding="utf-8")
        walk = Walk(
            browser=browser,
            base=f"http://localhost:{empty_stand.port}",
            world=world,
            scratch=tmp_path_factory.mktemp("scratch"),
            answers=json.loads((world / "answers.json").read_text(encoding="utf-8")),
            staff_no=_a_staff_number(world),
            passwords={"admin": password},
        )
        yield walk
        walk.leave()
        browser.close()


def _a_staff_number(world: Path) -> str:
    """Whoever looks after the first client that has somebody."""
    with (world / "transferor" / "客户资料.csv").open(encoding="gb18030", newline="") as text:
        return next(row["客户经理"] for row in csv.DictReader(text) if row["客户经理"])
