"""Other legal bases: agreements that name theirs, corrected approvals, exceptions over facts, recalls, profiles."""

import django.db.models.deletion
import vault.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0003_consents_and_archives"),
        ("transfer", "0005_both_sides"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DiligenceProfile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vault.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("released_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Recall",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=vault.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("returned", "Given back"),
                            ("kept", "Stays by the client's own new word"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("words", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="approval",
            name="transfer_approval_one_per_kind",
        ),
        migrations.RemoveConstraint(
            model_name="gateexception",
            name="transfer_gateexception_one_per_gate",
        ),
        migrations.AddField(
            model_name="agreement",
            name="basis",
            field=models.CharField(
                choices=[
                    ("merger", "Absorption merger or division"),
                    ("asset_sale", "Asset or book sale"),
                    ("share_transfer", "Share transfer"),
                    ("due_diligence", "Due diligence"),
                    ("licence_withdrawn", "Licence withdrawn"),
                ],
                default="merger",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="parties_named",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="approval",
            name="corrects",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="correction",
                to="transfer.approval",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="reason",
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AddField(
            model_name="gateexception",
            name="facts",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="approval",
            name="kind",
            field=models.CharField(
                choices=[
                    ("csrc", "CSRC approval"),
                    ("board_transferor", "Transferor's shareholders' resolution"),
                    ("board_transferee", "Transferee's shareholders' resolution"),
                    ("appraisal", "Appraisal of the client-related assets"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("corrects", None)),
                fields=("transfer", "kind"),
                name="transfer_approval_one_first_per_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("corrects", None), models.Q(("reason", ""), _negated=True), _connector="OR"
                ),
                name="transfer_approval_correction_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="gateexception",
            constraint=models.UniqueConstraint(
                condition=models.Q(("granted_at", None)),
                fields=("transfer", "gate"),
                name="transfer_gateexception_one_waiting",
            ),
        ),
        migrations.AddField(
            model_name="diligenceprofile",
            name="released_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="diligenceprofile",
            name="transfer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="transfer.transfer"
            ),
        ),
        migrations.AddField(
            model_name="recall",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="recalls", to="clients.client"
            ),
        ),
        migrations.AddField(
            model_name="recall",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="recall",
            name="transfer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="transfer.transfer"
            ),
        ),
        migrations.AddField(
            model_name="recall",
            name="withdrawal",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="recall", to="clients.consentrecord"
            ),
        ),
        migrations.AddConstraint(
            model_name="diligenceprofile",
            constraint=models.UniqueConstraint(
                fields=("transfer", "number"), name="transfer_diligenceprofile_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="recall",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "open")),
                fields=("transfer", "client"),
                name="transfer_recall_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="recall",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome", "open"),
                    models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                    _connector="OR",
                ),
                name="transfer_recall_decided_by_somebody",
            ),
        ),
    ]
