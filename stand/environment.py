"""What the product's processes are told, and what a second terminal may read.

Invariants:
- Web, worker, beat and sequencer get the application role's address only; migrations get the
  migrator's; the superuser's stands in ``runtime.json``, which its owner alone may read.
- Addresses given from outside replace the servers of our own.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from stand.places import Places, write_json
from stand.postgres import Server
from stand.roles import APP, DATABASE, MIGRATOR, SUPERUSER


@dataclass(frozen=True)
class Addresses:
    """How to reach the servers, by role."""

    database: str
    migrate_database: str
    redis: str
    superuser: str = ""


def own_addresses(postgres: Server, redis: str, database: str = DATABASE) -> Addresses:
    """The addresses of a PostgreSQL of our own, beside the Redis at ``redis``."""
    return Addresses(
        database=postgres.url(APP, database),
        migrate_database=postgres.url(MIGRATOR, database),
        redis=redis,
        superuser=postgres.url(SUPERUSER, database),
    )


def application(places: Places, addresses: Addresses, port: int) -> dict[str, str]:
    """The environment of web, worker, beat and sequencer."""
    inherited = {name: value for name, value in os.environ.items() if name not in _REPLACED}
    return {
        **_THRIFTY,
        **inherited,
        "HANDOVER_STATE": str(places.state),
        "HANDOVER_PORT": str(port),
        "DATABASE_URL": addresses.database,
        "REDIS_URL": addresses.redis,
        "SECRET_KEY_FILE": str(places.secret_key),
        "ROOT_KEY_FILE": str(places.root_key),
        "KEYRING_DIR": str(places.keyring),
        "KEYRING_COPY": places.keyring_copy,
        "FILES_DIR": str(places.files),
        "PYTHONUNBUFFERED": "1",
    }


# glibc gives freed memory back instead of keeping an arena for every thread that ever was.
_THRIFTY = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
_REPLACED = frozenset({"MIGRATE_DATABASE_URL", "SUPERUSER_URL"})


def migration(environment: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """The environment in which migrations run: as the migrator, granting to the application role."""
    return {
        **environment,
        "DATABASE_URL": addresses.migrate_database,
        "DB_APP_ROLE": urlsplit(addresses.database).username or APP,
    }


def write_runtime(places: Places, addresses: Addresses, port: int) -> None:
    """A second terminal's ``manage.py`` finds the running stand afterwards."""
    write_json(
        places.runtime,
        {
            "database_url": addresses.database,
            "migrate_database_url": addresses.migrate_database,
            "redis_url": addresses.redis,
            "superuser_url": addresses.superuser,
            "port": port,
            "handover_port": port,
            "pid": os.getpid(),
            "secret_key_file": str(places.secret_key),
            "root_key_file": str(places.root_key),
            "keyring_dir": str(places.keyring),
            "keyring_copy": places.keyring_copy,
            "files_dir": str(places.files),
        },
    )
