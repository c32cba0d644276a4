"""Rules of the vault that PostgreSQL repeats: wraps are never altered, revisions move with documents."""

from django.conf import settings
from django.db import migrations

GUARD = """
CREATE FUNCTION vault_guard_sealed_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'the id of a sealed row never changes' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.sealed = OLD.sealed) <> (NEW.revision = OLD.revision) THEN
        RAISE EXCEPTION 'revision and document change together' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.revision NOT IN (OLD.revision, OLD.revision + 1) THEN
        RAISE EXCEPTION 'a revision rises by one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


def application_only_adds_and_withdraws(apps, schema_editor):
    _with_application_role(schema_editor, "REVOKE UPDATE, TRUNCATE ON vault_wrap FROM")


def application_may_alter_again(apps, schema_editor):
    _with_application_role(schema_editor, "GRANT UPDATE, TRUNCATE ON vault_wrap TO")


def _with_application_role(schema_editor, statement):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.DB_APP_ROLE])
        if cursor.fetchone():
            quoted = schema_editor.connection.ops.quote_name(settings.DB_APP_ROLE)
            cursor.execute(f"{statement} {quoted}")


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_epochs_wraps_and_sealed_files")]

    operations = [
        migrations.RunSQL(GUARD, "DROP FUNCTION vault_guard_sealed_row()"),
        migrations.RunPython(application_only_adds_and_withdraws, application_may_alter_again),
    ]
