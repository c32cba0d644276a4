"""The database roles of the product, and the SQL that makes them.

- ``handover_owner`` owns everything and cannot sign in.
- ``handover_migrator`` signs in and acts as the owner; web and worker never see its password.
- ``handover_app`` is the web's and the worker's: rows yes, structure no.
- ``postgres`` is the superuser the cluster was made with.
"""

from collections.abc import Callable

SUPERUSER = "postgres"
OWNER = "handover_owner"
MIGRATOR = "handover_migrator"
APP = "handover_app"
DATABASE = "handover"

_ROLES = f"""
CREATE ROLE {OWNER} NOLOGIN;
CREATE ROLE {MIGRATOR} LOGIN NOINHERIT PASSWORD '{{migrator}}';
CREATE ROLE {APP} LOGIN PASSWORD '{{app}}';
GRANT {OWNER} TO {MIGRATOR};
"""

_RIGHTS_INSIDE = f"""
ALTER SCHEMA public OWNER TO {OWNER};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {APP};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO {APP};
"""

RunSql = Callable[[str, str], str]


def prepare_roles(run: RunSql, passwords: dict[str, str]) -> None:
    """The three roles and the empty database exist afterwards; begun work of an earlier try is finished."""
    if APP not in run("SELECT rolname FROM pg_roles", "postgres").split():
        script = _ROLES.format(migrator=passwords[MIGRATOR], app=passwords[APP])
        run(f"BEGIN;{script}COMMIT;", "postgres")
    if DATABASE not in run("SELECT datname FROM pg_database", "postgres").split():
        run(create_database(DATABASE), "postgres")
    run(_RIGHTS_INSIDE, DATABASE)


def create_database(name: str, template: str = "template0") -> str:
    """The SQL of a database for the product's roles alone; inside, a copy has its template's rights."""
    return (
        f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template};"
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;"
        f"GRANT CONNECT ON DATABASE {name} TO {APP}, {MIGRATOR};"
    )


def rights_inside() -> str:
    """The SQL that gives the roles their rights inside a database made from nothing."""
    return _RIGHTS_INSIDE
