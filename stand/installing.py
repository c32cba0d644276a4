"""Makes the product's database and its roles on a server of one's own: ``python -m stand.installing``.

Reads three addresses (or the files that hold them): SUPERUSER_URL, MIGRATE_DATABASE_URL, DATABASE_URL. Role names,
passwords and database must be those of the last two; what exists is left as it is.
"""

import contextlib
import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg2

from stand.errors import StandError
from stand.roles import APP, DATABASE, MIGRATOR, prepare_roles


def main() -> int:
    """The roles and the empty database exist afterwards; the exit status."""
    try:
        install(_given("SUPERUSER_URL"), _given("MIGRATE_DATABASE_URL"), _given("DATABASE_URL"))
    except (StandError, psycopg2.Error) as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    return 0


def install(superuser: str, migrator: str, app: str) -> None:
    """As the superuser, make what the other two addresses name.

    Raises:
        StandError: an address names another role or database than the product has.
        psycopg2.Error: the server refuses.
    """
    passwords = {MIGRATOR: _password(migrator, MIGRATOR), APP: _password(app, APP)}

    def run(statements: str, database: str) -> str:
        return _run(superuser, statements, database)

    prepare_roles(run, passwords)


def _given(name: str) -> str:
    if name in os.environ:
        return os.environ[name]
    if f"{name}_FILE" in os.environ:
        return Path(os.environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
    raise StandError(f"{name} (or {name}_FILE) is not set")


def _password(address: str, role: str) -> str:
    parts = urlsplit(address)
    if parts.username != role or parts.path != f"/{DATABASE}":
        raise StandError(f"the address of {role} must name that role and the database {DATABASE}")
    password = unquote(parts.password or "")
    if not password or set(password) & set("';\\"):
        raise StandError(
            f"the password of {role} must not be empty or hold quotes, semicolons or backslashes"
        )
    return password


def _run(superuser: str, statements: str, database: str) -> str:
    """Each statement by itself, because a database is not made inside a transaction."""
    rows: list[str] = []
    with contextlib.closing(psycopg2.connect(superuser, dbname=database)) as link:
        link.autocommit = True
        with link.cursor() as cursor:
            for statement in filter(None, map(str.strip, statements.split(";"))):
                cursor.execute(statement)
                rows += ["|".join(map(str, row)) for row in cursor.fetchall()] if cursor.description else []
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
