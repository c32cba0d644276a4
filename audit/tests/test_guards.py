"""The database refuses every change of the log, whoever asks and however."""

import pytest
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from psycopg2 import errors

from audit import guards
from audit.events import AuditEvent
from audit.models import Checkpoint, Event, Leaf, Pending, Tile
from audit.sequencer import sequence_once
from audit.services import record
from audit.standing import guard_faults
from audit.tests.test_record import SUBJECT


@pytest.fixture
@transaction.atomic
def log(db):
    """One event with a leaf, one that waits, a tile, a diff."""
    record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    sequence_once()
    Tile.objects.create(level=7, index=0, hashes=bytes(32 * 256), root=bytes(32))
    LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(Event), object_pk="1", object_repr="x", action=1
    )
    record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)


def everything():
    return {
        model: sorted(model.objects.values_list().order_by("pk"), key=str)
        for model in (Event, Pending, Leaf, Tile, Checkpoint, LogEntry)
    }


def plain(rows):
    return {
        model: [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in all_rows]
        for model, all_rows in rows.items()
    }


AS_APPLICATION = [
    "UPDATE audit_event SET purpose = 'other'",
    "UPDATE audit_event SET at = at WHERE false",
    "DELETE FROM audit_event",
    "DELETE FROM audit_event WHERE false",
    "TRUNCATE audit_event CASCADE",
    "MERGE INTO audit_event USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO audit_event USING (SELECT 1) AS one ON true WHEN MATCHED THEN UPDATE SET purpose = 'x'",
    "INSERT INTO audit_event SELECT * FROM audit_event LIMIT 1 ON CONFLICT (id) DO UPDATE SET purpose = 'x'",
    "WITH gone AS (DELETE FROM audit_event RETURNING *) SELECT * FROM gone",
    "SELECT * FROM audit_event FOR UPDATE",
    "SET ROLE handover_owner",
    "SET ROLE handover_migrator",
    "SET SESSION AUTHORIZATION handover_owner",
    "SET session_replication_role = replica",
    "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "ALTER TABLE audit_event RENAME TO audit_event_old",
    "DROP TRIGGER audit_event_rows ON audit_event",
    "DROP TABLE audit_leaf",
    "CREATE RULE quiet AS ON INSERT TO audit_event DO INSTEAD NOTHING",
    "CREATE TRIGGER quiet BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()",
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT null'",
    "CREATE TABLE public.audit_shadow (id int)",
    "INSERT INTO audit_leaf (index, event_id, hash) SELECT 99, id, sha256('x') FROM audit_event LIMIT 1",
    "UPDATE audit_leaf SET index = index + 10",
    "DELETE FROM audit_leaf",
    "TRUNCATE audit_leaf",
    "INSERT INTO audit_pending (event_id) SELECT id FROM audit_event LIMIT 1",
    "UPDATE audit_pending SET id = id + 1000",
    "DELETE FROM audit_pending",
    "TRUNCATE audit_pending",
    "SELECT setval('audit_pending_id_seq', 1)",
    "UPDATE audit_tile SET root = root",
    "DELETE FROM audit_tile",
    "TRUNCATE audit_tile",
    "UPDATE audit_checkpoint SET note = 'x'",
    "DELETE FROM audit_checkpoint",
    "TRUNCATE audit_checkpoint",
    "UPDATE auditlog_logentry SET object_repr = 'y'",
    "DELETE FROM auditlog_logentry",
    "TRUNCATE auditlog_logentry",
]


@pytest.mark.parametrize("statement", AS_APPLICATION)
def test_the_application_may_not(statement, log):
    before = plain(everything())
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert refusal.value.__cause__.pgcode in {"42501", "23001"}, refusal.value
    assert plain(everything()) == before


@pytest.mark.parametrize("shift", ["- interval '2 minutes'", "+ interval '1 second'"])
def test_the_application_may_not_set_the_moment(shift, log):
    before = plain(everything())
    with pytest.raises(DatabaseError, match="moment"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_event (id, at, type, subject_type, subject, request_id, purpose, facts, body)"
            f" SELECT gen_random_uuid(), clock_timestamp() {shift}, type, subject_type, subject, request_id,"
            " purpose, facts, body FROM audit_event LIMIT 1"
        )
    assert plain(everything()) == before


AS_SUPERUSER = [
    "UPDATE audit_event SET purpose = purpose",
    "UPDATE audit_leaf SET index = index",
    "UPDATE audit_tile SET root = root",
    "UPDATE audit_checkpoint SET note = note",
    "UPDATE audit_pending SET id = id",
    "UPDATE auditlog_logentry SET object_repr = object_repr",
    *(f"DELETE FROM {table}" for table in [*guards.ROWS_REFUSED, guards.DIFFS]),
    *(f"TRUNCATE {table} CASCADE" for table in [*guards.TABLES, guards.DIFFS]),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("replication", ["origin", "replica"])
def test_not_even_the_superuser_by_mistake(replication, log, superuser):
    before = plain(everything())
    cursor = superuser().cursor()
    cursor.execute(f"SET session_replication_role = {replication}")
    for statement in AS_SUPERUSER:
        with pytest.raises(errors.RestrictViolation, match="the log only grows"):
            cursor.execute(statement)
        assert plain(everything()) == before, statement


def test_the_guards_stand(db):
    assert guard_faults() == []
    call_command("check", databases=["default"], tags=["database"])


TAMPERED = {
    "DROP TRIGGER audit_event_rows ON audit_event": "trigger_missing: audit_event_rows",
    "ALTER TABLE audit_leaf DISABLE TRIGGER audit_leaf_truncate": "trigger_disabled: audit_leaf_truncate (D)",
    "ALTER TABLE audit_leaf ENABLE TRIGGER audit_leaf_truncate": "trigger_disabled: audit_leaf_truncate (O)",
    "ALTER TABLE auditlog_logentry DISABLE TRIGGER auditlog_logentry_rows": (
        "trigger_disabled: auditlog_logentry_rows (D)"
    ),
    "DROP TRIGGER audit_tile_rows ON audit_tile; CREATE TRIGGER audit_tile_rows BEFORE DELETE OR UPDATE"
    " ON audit_tile FOR EACH ROW WHEN (false) EXECUTE FUNCTION audit_refuse_change()": (
        "trigger_changed: audit_tile_rows"
    ),
    "CREATE TRIGGER quiet BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()": (
        "trigger_changed: quiet on audit_event is not ours"
    ),
    "CREATE RULE quiet AS ON INSERT TO audit_event DO INSTEAD NOTHING": (
        "trigger_changed: rule quiet on audit_event is not ours"
    ),
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'": "function_changed: audit_refuse_change",
    "ALTER FUNCTION audit_sequence(integer) SET search_path = public": "function_changed: audit_sequence",
    "GRANT DELETE ON audit_pending TO handover_app": "rights_changed: handover_app: DELETE on audit_pending",
    "GRANT handover_owner TO handover_app": "rights_changed: handover_app may act as handover_owner",
}


@pytest.mark.django_db(transaction=True)
def test_a_guard_that_does_not_stand_is_named(superuser, subtests):
    cursor = superuser().cursor()
    for statement, fault in TAMPERED.items():
        with subtests.test(fault):
            cursor.execute(statement)
            assert fault in [str(found) for found in guard_faults()]
    cursor.execute("REVOKE handover_owner FROM handover_app")
    with pytest.raises(CommandError, match="audit.E001"):
        call_command("check", databases=["default"], tags=["database"])


def test_other_databases_are_not_asked():
    call_command("check", tags=["database"])


@pytest.mark.django_db(transaction=True)
def test_before_the_migrations_there_is_nothing_to_check(superuser):
    superuser().cursor().execute(
        "DELETE FROM django_migrations WHERE app = 'audit'; DROP TRIGGER audit_event_rows ON audit_event"
    )
    call_command("check", databases=["default"], tags=["database"])


def test_the_migrating_role_cannot_be_the_applications(db):
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match="DB_APP_ROLE"):
        guards.application_role(connection, connection.settings_dict["USER"])
    assert guards.application_role(connection, "somebody_else") == '"somebody_else"'
