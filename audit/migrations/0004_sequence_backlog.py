"""A backlog of pending marks is sequenced in time proportional to it."""

from django.db import migrations

from audit.guards import replace_function


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_auditlog_append_only")]

    operations = [migrations.RunSQL(replace_function("audit_sequence"), migrations.RunSQL.noop)]
