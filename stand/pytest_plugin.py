"""Real servers for the tests: PostgreSQL and Redis start before Django's settings load and stop at the end.

The controlling process starts them and names them in the environment; xdist's workers inherit it.
A state folder serves one run at a time: set HANDOVER_STATE for a second one.
"""

import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from stand.environment import Addresses, application, own_addresses, write_runtime
from stand.errors import StandError
from stand.lock import take_lock
from stand.places import Places
from stand.postgres import Server
from stand.redis import RedisServer
from stand.secrets import ensure_secrets
from stand.supervisor import end_leftovers
from stand.template import BASE, Template
from stand.translations import compile_messages

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE = f"test_{WORKER}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Before anything reads a setting, the servers run and the environment names them."""
    places = Places(Path(os.environ.get("HANDOVER_STATE") or BASE / "var" / "test").resolve())
    if WORKER == "main":
        try:
            _start(early_config, places)
        except StandError as error:
            raise pytest.UsageError(str(error)) from error
    template = template_of(places)
    addresses = own_addresses(template.postgres, template.redis.url(), DATABASE)
    if WORKER == "main":
        write_runtime(places, addresses, port=0)
    export(places, addresses)
    return (yield)


def template_of(places: Places) -> Template:
    """The template database of the running test servers, from any process of the run."""
    return Template(places, Server(places.postgres, durable=False), RedisServer(places.redis, may_flush=True))


def export(places: Places, addresses: Addresses) -> None:
    """The database of the test is what this process and those it starts use."""
    os.environ.update(application(places, addresses, port=0))
    os.environ["MIGRATE_DATABASE_URL"] = addresses.migrate_database
    os.environ["SUPERUSER_URL"] = addresses.superuser


def _start(config: pytest.Config, places: Places) -> None:
    began = time.monotonic()
    places.make()
    lock = take_lock(places.lock, "pytest")
    template = template_of(places)
    end_leftovers(places)
    template.clean()
    compile_messages()
    ensure_secrets(places)
    template.redis.start()
    config.add_cleanup(template.redis.stop)
    template.postgres.start()
    config.add_cleanup(template.postgres.stop)
    config.add_cleanup(lock.release)
    config.add_cleanup(lambda: places.runtime.unlink(missing_ok=True))
    template.drop_leftovers()
    config.stash[STARTED] = time.monotonic() - began


STARTED = pytest.StashKey[float]()
