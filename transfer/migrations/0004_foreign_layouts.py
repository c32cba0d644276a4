"""Layouts of foreign extracts: how an extract's records lie, and what somebody declared its headings to mean."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import vault.ids


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_organisations_people_duties"),
        ("transfer", "0003_size"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExtractMapping",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vault.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("kind", models.CharField(max_length=12)),
                ("encoding", models.CharField(blank=True, max_length=12)),
                ("delimiter", models.CharField(default=",", max_length=1)),
                ("header_line", models.PositiveIntegerField(default=1)),
                ("footer_lines", models.PositiveSmallIntegerField(default=0)),
                ("headings", models.JSONField()),
                ("fields", models.JSONField()),
                ("constants", models.JSONField(default=dict)),
                ("declared_at", models.DateTimeField(auto_now_add=True)),
                (
                    "declared_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "side",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.organisation",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="transfer.transfer",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.AddField(model_name="extract", name="how", field=models.JSONField(default=dict)),
        migrations.AddField(
            model_name="extract",
            name="mapping",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="extracts",
                to="transfer.extractmapping",
            ),
        ),
    ]
