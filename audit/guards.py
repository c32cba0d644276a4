"""What PostgreSQL itself refuses: the triggers, functions and rights of the log's tables.

The migrations put these statements in force; verification asks the database whether they still are,
word for word. A later change needs a migration that replaces what it changes.

Invariants:
- Events, leaves, tiles and checkpoints are never updated, deleted or truncated, by nobody: the
  triggers are ``ENABLE ALWAYS``, so ``session_replication_role`` does not silence them.
- The application role inserts events, tiles and checkpoints; leaves and pending marks are written
  by two functions of the owner's, so no event is without a mark and no leaf without an event.
- An event's moment is the database's, within a minute.
"""

from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

ROWS_REFUSED: Final = ("audit_event", "audit_leaf", "audit_tile", "audit_checkpoint")
TABLES: Final = (*ROWS_REFUSED, "audit_pending")
DIFFS: Final = "auditlog_logentry"
"""The table in which django-auditlog keeps the diffs of small models."""

REFUSE_SOURCE: Final = """
BEGIN
    RAISE EXCEPTION '% of % is refused: the log only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
"""

MARK_SOURCE: Final = """
BEGIN
    IF EXISTS (
        SELECT FROM fresh
         WHERE at NOT BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp()
    ) THEN
        RAISE EXCEPTION 'the moment of an event is the moment it is recorded'
            USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO public.audit_pending (event_id) SELECT id FROM fresh ORDER BY id;
    RETURN NULL;
END
"""

# One sequencer at a time: the lock lasts until the transaction ends, and the statements after it
# see what its former holder committed. Marks are deleted by their range and not by joining what waits:
# the planner takes the table for nearly empty, as it mostly is, and such a join costs the square of a backlog.
SEQUENCE_SOURCE: Final = """
DECLARE
    first bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7236837741231) THEN
        RETURN;
    END IF;
    SELECT coalesce(max(leaf.index) + 1, 0) INTO first FROM public.audit_leaf AS leaf;
    RETURN QUERY
    WITH waiting AS (
        SELECT pending.id, event.id AS event_id, event.body
          FROM public.audit_pending AS pending
          JOIN public.audit_event AS event ON event.id = pending.event_id
         ORDER BY pending.id
         LIMIT audit_sequence.max
    ), taken AS (
        DELETE FROM public.audit_pending AS pending
         WHERE pending.id <= (SELECT max(waiting.id) FROM waiting)
           AND EXISTS (SELECT FROM public.audit_event AS event WHERE event.id = pending.event_id)
    ), written AS (
        INSERT INTO public.audit_leaf AS leaf (index, event_id, hash)
        SELECT first + row_number() OVER (ORDER BY waiting.id) - 1,
               waiting.event_id,
               sha256('\\x00'::bytea || waiting.body)
          FROM waiting
        RETURNING leaf.index, leaf.hash
    )
    SELECT written.index, written.hash FROM written ORDER BY written.index;
END
"""

FUNCTIONS: Final = {
    "audit_refuse_change": REFUSE_SOURCE,
    "audit_mark_pending": MARK_SOURCE,
    "audit_sequence": SEQUENCE_SOURCE,
}

_HEADS: Final = {
    "audit_refuse_change": "audit_refuse_change() RETURNS trigger",
    "audit_mark_pending": "audit_mark_pending() RETURNS trigger SECURITY DEFINER",
    "audit_sequence": (
        "audit_sequence(max integer) RETURNS TABLE(leaf_index bigint, leaf_hash bytea) SECURITY DEFINER"
    ),
}


def create_functions() -> list[str]:
    """The statements that make the functions, each with a fixed search path and no public right."""
    made = [replace_function(name) for name in _HEADS]
    return [*made, "REVOKE ALL ON FUNCTION audit_sequence(integer) FROM PUBLIC"]


def replace_function(name: str) -> str:
    """The statement that makes one function, or puts the source above in place of an older one."""
    return (
        f"CREATE OR REPLACE FUNCTION {_HEADS[name]} LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp"
        f" AS $body${FUNCTIONS[name]}$body$"
    )


def _refusing(table: str, row_events: str) -> dict[str, str]:
    """The triggers that refuse changes of ``table``, by name, as PostgreSQL itself spells them."""
    return {
        f"{table}_rows": (
            f"CREATE TRIGGER {table}_rows BEFORE {row_events} ON public.{table}"
            " FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()"
        ),
        f"{table}_truncate": (
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON public.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
        ),
    }


def triggers() -> dict[str, dict[str, str]]:
    """The triggers of the log's tables: table, then name, then statement."""
    made = {table: _refusing(table, "DELETE OR UPDATE") for table in ROWS_REFUSED}
    made["audit_pending"] = _refusing("audit_pending", "UPDATE")
    made["audit_event"]["audit_event_mark"] = (
        "CREATE TRIGGER audit_event_mark AFTER INSERT ON public.audit_event"
        " REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_mark_pending()"
    )
    return made


def diff_triggers() -> dict[str, dict[str, str]]:
    """The triggers of django-auditlog's table."""
    return {DIFFS: _refusing(DIFFS, "DELETE OR UPDATE")}


def create_triggers(wanted: dict[str, dict[str, str]]) -> list[str]:
    """The statements that make the triggers and put them in force whatever the session says."""
    return [
        statement
        for table, named in wanted.items()
        for name, definition in named.items()
        for statement in (definition, f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    ]


RIGHTS: Final = {
    "audit_event": frozenset({"SELECT", "INSERT"}),
    "audit_pending": frozenset({"SELECT"}),
    "audit_leaf": frozenset({"SELECT"}),
    "audit_tile": frozenset({"SELECT", "INSERT"}),
    "audit_checkpoint": frozenset({"SELECT", "INSERT"}),
}
"""What the application role may do with each table: exactly this."""

DIFF_RIGHTS: Final = {DIFFS: frozenset({"SELECT", "INSERT"})}


def set_rights(role: str, wanted: dict[str, frozenset[str]]) -> list[str]:
    """The statements that leave ``role``, already quoted, exactly the wanted rights."""
    return [
        statement
        for table, rights in wanted.items()
        for statement in (
            f"REVOKE ALL ON {table} FROM {role}, PUBLIC",
            f"GRANT {', '.join(sorted(rights))} ON {table} TO {role}",
        )
    ]


def application_role(connection: BaseDatabaseWrapper, role: str) -> str:
    """``role``, quoted, if it is another than the one that migrates.

    Raises:
        ImproperlyConfigured: it is the same; the owner of a table cannot be kept from changing it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s IN (current_user, session_user)", [role])
        if cursor.fetchone()[0]:
            raise ImproperlyConfigured(
                f"DB_APP_ROLE is {role}, the role that migrates: migrate as another role than the"
                " application's, and name the application's in DB_APP_ROLE"
            )
    return connection.ops.quote_name(role)
