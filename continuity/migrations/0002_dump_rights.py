"""A dump is taken by the application's own role: it may read, not move, the counter of pending marks."""

from django.conf import settings
from django.db import migrations

from audit import guards


def let_read(apps, schema_editor):
    role = guards.application_role(schema_editor.connection, settings.DB_APP_ROLE)
    schema_editor.execute(f"GRANT SELECT ON SEQUENCE audit_pending_id_seq TO {role}", params=None)


def take_back(apps, schema_editor):
    role = guards.application_role(schema_editor.connection, settings.DB_APP_ROLE)
    schema_editor.execute(f"REVOKE SELECT ON SEQUENCE audit_pending_id_seq FROM {role}", params=None)


class Migration(migrations.Migration):
    dependencies = [("continuity", "0001_backups_and_drills"), ("audit", "0002_append_only")]
    operations = [migrations.RunPython(let_read, take_back)]
