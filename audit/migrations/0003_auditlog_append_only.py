"""The diffs that django-auditlog keeps of small models only grow, like the log."""

from django.conf import settings
from django.db import migrations

from audit import guards


def put_in_force(apps, schema_editor):
    role = guards.application_role(schema_editor.connection, settings.DB_APP_ROLE)
    for statement in (
        *guards.create_triggers(guards.diff_triggers()),
        *guards.set_rights(role, guards.DIFF_RIGHTS),
    ):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only"), ("auditlog", "0017_add_actor_email")]
    operations = [migrations.RunPython(put_in_force)]
