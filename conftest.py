"""The tests' databases, keys and browser. Real parts only: see ``stand/pytest_plugin.py``."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2.extensions
import pytest
import redis
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings

from stand.environment import own_addresses
from stand.places import Places
from stand.pytest_plugin import DATABASE, export, template_of
from stand.roles import SUPERUSER
from stand.template import Template

hypothesis_settings.register_profile("house", deadline=None, database=None)
hypothesis_settings.load_profile("house")

# Rooms may offer fixtures to every test in <room>/tests/fixtures.py.
LOWER_ROOMS = ("vault", "audit", "access", "retention", "clients")
UPPER_ROOMS = ("continuity", "incidents", "training", "transfer", "governance", "handover")
HOUSE = Path(__file__).parent
pytest_plugins = [
    f"{room}.tests.fixtures"
    for room in (*LOWER_ROOMS, *UPPER_ROOMS)
    if (HOUSE / room / "tests" / "fixtures.py").exists()
]

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = "browser tests not run: install chromium"


@pytest.fixture(scope="session")
def template() -> Template:
    """The migrated template database; ``clone`` and ``drop`` make and unmake copies of it."""
    return template_of(Places(Path(os.environ["HANDOVER_STATE"])))


@pytest.fixture(scope="session")
def django_db_setup(template: Template, django_test_environment: None) -> None:  # noqa: ARG001
    """The worker's database is a fresh clone of the template, reached as the application role."""
    template.ensure(os.environ)
    template.clone(DATABASE)
    # The log forbids TRUNCATE, so nothing is flushed: a committing test has a clone of its own.
    TransactionTestCase._fixture_teardown = lambda _self: None  # noqa: SLF001


@pytest.fixture
def _django_db_helper(database_of_its_own: None, _django_db_helper: None) -> None:
    """pytest-django's own, after the test's database has been chosen."""


@pytest.fixture
def database_of_its_own(
    request: pytest.FixtureRequest,
    template: Template,
    django_db_setup: None,  # noqa: ARG001
    django_db_blocker,
) -> Iterator[None]:
    """A test that commits gets a clone nobody else sees; any other keeps the worker's database."""
    if not _commits(request):
        yield
        return
    name = f"{DATABASE}_own"
    with django_db_blocker.unblock():
        _use_database(template, name)
        yield
        connection.close()
    with django_db_blocker.unblock():
        connection.settings_dict["NAME"] = DATABASE
    export(template.places, own_addresses(template.postgres, template.redis.url(), DATABASE))
    template.drop(name)


def _commits(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return bool(marker and (marker.kwargs.get("transaction") or (marker.args and marker.args[0]))) or bool(
        {"transactional_db", "live_server"} & set(request.fixturenames)
    )


def _use_database(template: Template, name: str) -> None:
    connection.close()
    template.clone(name)
    connection.settings_dict["NAME"] = name
    export(template.places, own_addresses(template.postgres, template.redis.url(), name))


@pytest.fixture
def superuser(template: Template) -> Iterator[Callable[[], psycopg2.extensions.connection]]:
    """Opens autocommitting connections to this test's database as the superuser: for tampering.

    They see only what is committed, so use them in ``django_db(transaction=True)`` tests.
    """
    opened = []

    def connect() -> psycopg2.extensions.connection:
        name = connection.settings_dict["NAME"]
        link = psycopg2.connect(template.postgres.url(SUPERUSER, name))
        link.autocommit = True
        opened.append(link)
        return link

    yield connect
    for link in opened:
        link.close()


@pytest.fixture
def redis_flushed() -> Iterator[redis.Redis]:
    """The tests' Redis, empty before and after."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


def chromium() -> str | None:
    """The path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without Chromium the browser tests are skipped; with CI=true that is an error."""
    wanting = [item for item in items if item.get_closest_marker("browser")]
    if not wanting or chromium():
        return
    if os.environ.get("CI", "").lower() == "true":
        raise pytest.UsageError(NO_CHROMIUM)
    config.stash[_BROWSER_SKIPPED] = True
    for item in wanting:
        item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if config.stash.get(_BROWSER_SKIPPED, False):
        terminalreporter.write_line(NO_CHROMIUM)


_BROWSER_SKIPPED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium to drive; only for tests marked ``browser``."""
    found = chromium()
    assert found is not None, NO_CHROMIUM
    return found
