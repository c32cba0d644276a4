"""Figures that pages read at any size: the funnel counted by triggers, figures kept, rows found by index."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.guards import application_role
from transfer import guards


def put_in_force(apps, schema_editor):
    role = application_role(schema_editor.connection, settings.DB_APP_ROLE)
    for statement in (
        guards.COUNT_CASES,
        *guards.TRIGGERS,
        guards.COUNT_THOSE_THERE,
        guards.MEASURE,
        "REVOKE ALL ON FUNCTION transfer_measure_table(text) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION transfer_measure_table(text) TO {role}",
    ):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("transfer", "0002_delivery_pieces"), ("audit", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="CaseCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.CharField(max_length=14)),
                ("clients", models.BigIntegerField()),
                (
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="transfer.transfer"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KeptFigures",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("depends_on", models.BinaryField(max_length=32)),
                ("figures", models.JSONField()),
                (
                    "transfer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="transfer.transfer",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="keptfigures",
            constraint=models.UniqueConstraint(fields=("transfer", "name"), name="transfer_keptfigures_once"),
        ),
        migrations.RemoveIndex(model_name="clientcase", name="transfer_clientcase_state"),
        migrations.RemoveIndex(model_name="finding", name="transfer_finding_run_code"),
        migrations.AddIndex(
            model_name="clientcase",
            index=models.Index(fields=["transfer", "state", "id"], name="transfer_clientcase_state"),
        ),
        migrations.AddIndex(
            model_name="clientcase",
            index=models.Index(
                condition=models.Q(("state", "notified")),
                fields=["transfer", "window_ends_on"],
                name="transfer_clientcase_windows",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["run", "code", "id"], name="transfer_finding_run_code"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["client_digest"], name="transfer_finding_client"),
        ),
        migrations.AddIndex(
            model_name="reject",
            index=models.Index(
                condition=models.Q(("decision", "open")), fields=["run"], name="transfer_reject_open"
            ),
        ),
        migrations.RunPython(put_in_force),
    ]
