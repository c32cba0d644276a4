"""The log only grows: PostgreSQL refuses everything else. There is no way back."""

from django.conf import settings
from django.db import migrations

from audit import guards


def put_in_force(apps, schema_editor):
    role = guards.application_role(schema_editor.connection, settings.DB_APP_ROLE)
    for statement in (
        *guards.create_functions(),
        *guards.create_triggers(guards.triggers()),
        *guards.set_rights(role, guards.RIGHTS),
        f"REVOKE ALL ON SEQUENCE audit_pending_id_seq FROM {role}",
        f"GRANT EXECUTE ON FUNCTION audit_sequence(integer) TO {role}",
        # Marks come and go all day: the table is kept small.
        "ALTER TABLE audit_pending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    ):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_log")]
    operations = [migrations.RunPython(put_in_force)]
