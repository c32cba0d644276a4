"""The template database of the tests: migrated once, cloned for every worker and every committing test.

Invariants:
- The template and the template keyring are made together and carry one mark; if either is missing or
  older than the code it is made from, both are made anew.
- The template has no session of its own once it is ready, so it can be cloned at any time.
"""

import fcntl
import hashlib
import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stand.environment import migration, own_addresses
from stand.errors import StandError
from stand.places import Places, private_folder, read_json, write_json
from stand.postgres import Server
from stand.redis import RedisServer
from stand.roles import create_database, rights_inside

TEMPLATE = "handover_template"
BASE = Path(__file__).resolve().parent.parent
# Whatever decides what a freshly migrated database and its installation keys look like.
INGREDIENTS = (
    "*/migrations/*.py",
    "vault/key*.py",
    "vault/rootkey.py",
    "vault/signing.py",
    "stand/roles.py",
    "requirements.txt",
)
MIGRATE = ("migrate", "--no-input", "--verbosity=0", "--skip-checks")
# The function rather than its command: the test database needs no working pages.
PREPARE = """
import django
django.setup()
from vault.keyring import prepare_installation
prepare_installation()
"""


@dataclass(frozen=True)
class Template:
    """The template database on the tests' server, and the keyring that belongs to it."""

    places: Places
    postgres: Server
    redis: RedisServer

    @property
    def keyring(self) -> Path:
        return self.places.state / "keyring.template"

    @property
    def mark(self) -> Path:
        return self.places.state / "template.json"

    def ensure(self, environment: Mapping[str, str]) -> None:
        """Template and keyring are up to date and in step afterwards; one process at a time makes them."""
        with (self.places.state / "template.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not self._current():
                self._make(environment)
            if not any(self.places.keyring.iterdir()):
                shutil.copytree(self.keyring, self.places.keyring, dirs_exist_ok=True)

    def clean(self) -> None:
        """Nothing of an earlier run is left but the template, and that only beside its root key."""
        for folder in (self.places.keyring, self.places.files):
            shutil.rmtree(folder, ignore_errors=True)
            private_folder(folder)
        if not self.places.root_key.exists():
            self.mark.unlink(missing_ok=True)

    def clone(self, name: str) -> None:
        """A fresh database ``name``, equal to the template; one that stood there is gone."""
        self.postgres.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);{create_database(name, TEMPLATE)}")

    def drop(self, name: str) -> None:
        """No database ``name``, whoever is connected."""
        self.postgres.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def drop_leftovers(self) -> None:
        """No clone of an earlier run is left."""
        for name in self.postgres.sql(
            "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'"
        ).split():
            self.drop(name)

    def _current(self) -> bool:
        known = read_json(self.mark)
        if not known or known.get("digest") != digest() or not self.keyring.is_dir():
            return False
        marks = self.postgres.sql("SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database")
        return f"{TEMPLATE}|{known.get('mark')}" in marks.splitlines()

    def _make(self, environment: Mapping[str, str]) -> None:
        self.mark.unlink(missing_ok=True)
        made_from = digest()
        self.drop(TEMPLATE)
        self.postgres.sql(create_database(TEMPLATE))
        self.postgres.sql(rights_inside(), TEMPLATE)
        shutil.rmtree(self.keyring, ignore_errors=True)
        private_folder(self.keyring)
        addresses = own_addresses(self.postgres, self.redis.url(), TEMPLATE)
        here = {
            **environment,
            "DJANGO_SETTINGS_MODULE": "handover.settings",
            "DATABASE_URL": addresses.database,
            "KEYRING_DIR": str(self.keyring),
            "KEYRING_COPY": "",
        }
        _run([str(BASE / "manage.py"), *MIGRATE], migration(here, addresses))
        _run(["-c", PREPARE], here)
        mark = secrets.token_hex(16)
        self.postgres.sql(f"COMMENT ON DATABASE {TEMPLATE} IS '{mark}'")
        write_json(self.mark, {"digest": made_from, "mark": mark})


def digest() -> str:
    """A digest of everything the template is made from."""
    whole = hashlib.sha256()
    for path in _ingredients():
        name = path.relative_to(BASE).as_posix()
        whole.update(json.dumps([name, hashlib.sha256(path.read_bytes()).hexdigest()]).encode())
    return whole.hexdigest()


def _ingredients() -> Iterator[Path]:
    for pattern in INGREDIENTS:
        yield from sorted(path for path in BASE.glob(pattern) if "tests" not in path.parts)


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=dict(environment),
        cwd=BASE,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise StandError(f"the test database could not be made:\n{said}")
