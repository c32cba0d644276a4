"""Backups and the drills that prove them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from vault.ids import new_id


class Backup(models.Model):
    """One backup in two streams: the data, which decrypts nothing, and the keys' wraps.

    What a restore must reproduce (row counts, sums, tree size and root) is recorded when it is taken.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    folder = models.CharField(max_length=200)
    manifest = models.JSONField(default=dict)
    manifest_digest = models.CharField(max_length=64, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    failure = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(finished_at__isnull=False, manifest_digest__gt=""),
                name="continuity_backup_done_is_whole",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RestoreDrill(models.Model):
    """One backup restored aside, compared with what was recorded, timed, and torn down."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    backup = models.ForeignKey(Backup, on_delete=models.PROTECT, related_name="drills")
    run_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    ok = models.BooleanField(null=True)
    compared = models.JSONField(default=list)
    recovery_point_seconds = models.PositiveIntegerField(null=True)
    recovery_seconds = models.PositiveIntegerField(null=True)
    failure = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ok=None) | Q(finished_at__isnull=False), name="continuity_restoredrill_judged_when_finished"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
