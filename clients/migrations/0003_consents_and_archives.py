"""Answers to the question for separate consent, which nobody changes, and a surviving transferor's archive."""

import django.db.models.deletion
import vault.ids
from django.conf import settings
from django.db import migrations, models


# Answers only grow; archived rows may go as a whole (a batch that was never accepted), and never change.
GUARD = """
CREATE FUNCTION clients_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: a new row says what is different', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER consents_only_grow BEFORE UPDATE OR DELETE ON clients_consentrecord
    FOR EACH ROW EXECUTE FUNCTION clients_refuse_change();
CREATE TRIGGER archived_rows_stay BEFORE UPDATE ON clients_archivedrow
    FOR EACH ROW EXECUTE FUNCTION clients_refuse_change();
"""
UNGUARD = """
DROP TRIGGER consents_only_grow ON clients_consentrecord;
DROP TRIGGER archived_rows_stay ON clients_archivedrow;
DROP FUNCTION clients_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_organisations_people_duties"),
        ("clients", "0002_reveals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="noticecampaign",
            name="asks_consent",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="noticecampaign",
            name="recipient",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="access.organisation",
            ),
        ),
        migrations.CreateModel(
            name="SealedArchive",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vault.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("occasion", models.UUIDField()),
                ("move", models.UUIDField(null=True)),
                ("client_count", models.PositiveIntegerField()),
                ("row_count", models.PositiveIntegerField()),
                ("rows_root", models.BinaryField(max_length=32)),
                ("sealed_at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="archives",
                        to="access.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ArchivedRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=40)),
                ("row", models.UUIDField()),
                ("revision", models.PositiveIntegerField()),
                ("sealed", models.BinaryField()),
                ("digest", models.BinaryField(max_length=32)),
                ("clear", models.JSONField()),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="archived_rows",
                        to="clients.client",
                    ),
                ),
                (
                    "archive",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rows",
                        to="clients.sealedarchive",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsentRecord",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vault.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("occasion", models.UUIDField()),
                (
                    "purpose",
                    models.CharField(
                        choices=[("handover", "Handing the data over to the recipient the notice names")],
                        default="handover",
                        max_length=20,
                    ),
                ),
                ("notice_digest", models.BinaryField(max_length=32)),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("given", "Consent given"),
                            ("refused", "Consent refused"),
                            ("withdrawn", "Consent withdrawn"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("branch", "Branch"),
                            ("post", "Post"),
                            ("email", "E-mail"),
                            ("sms", "SMS"),
                            ("app", "App"),
                            ("call", "Recorded call"),
                            ("page", "Client page"),
                        ],
                        max_length=8,
                    ),
                ),
                ("answered_at", models.DateTimeField()),
                ("by_guardian", models.BooleanField(default=False)),
                ("reference", models.CharField(max_length=60)),
                ("evidence", models.UUIDField(null=True)),
                ("entered_at", models.DateTimeField(auto_now_add=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="clients.noticecampaign",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="clients.client",
                    ),
                ),
                (
                    "controller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.organisation",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "guardian",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clients.relation",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.organisation",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["occasion", "client", "-answered_at"], name="clients_consent_latest")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("campaign", "client", "answer", "reference"), name="clients_consent_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("by_guardian", True), ("guardian", None), _connector="OR"),
                        name="clients_consent_guardian_acts",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="sealedarchive",
            index=models.Index(fields=["occasion"], name="clients_sealedarchive_occasion"),
        ),
        migrations.AddConstraint(
            model_name="archivedrow",
            constraint=models.UniqueConstraint(fields=("archive", "row"), name="clients_archivedrow_once"),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
