"""Backups and the drills that prove them.

The rows are the queue: a row is claimed by a conditional update, keeps a lease while it is worked on,
and says in ``step`` how far the work has come.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from vault.ids import new_id


class Backup(models.Model):
    """One backup in two streams: the data, which decrypts nothing, and the keys' wraps; and the sealed files.

    What a restore must reproduce (row counts, checksums, tree size and root) is recorded when it is taken,
    all seen at the one moment ``snapshot_at``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Step(models.TextChoices):
        SNAPSHOT = "snapshot", _("Counting")
        DATA = "data", _("Writing the data")
        KEYS = "keys", _("Writing the wraps")
        FILES = "files", _("Copying the sealed files")
        SIGNING = "signing", _("Signing")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    step = models.CharField(max_length=10, choices=Step.choices, blank=True)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    snapshot_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    folder = models.CharField(max_length=200, blank=True)
    manifest = models.JSONField(default=dict)
    manifest_digest = models.CharField(max_length=64, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    failure = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(
                    finished_at__isnull=False,
                    snapshot_at__isnull=False,
                    manifest_digest__gt="",
                    folder__gt="",
                ),
                name="continuity_backup_done_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="failed", failure__gt="") | ~Q(state="failed") & Q(failure=""),
                name="continuity_backup_failure_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RestoreDrill(models.Model):
    """One backup restored aside, compared with what was recorded, timed, and torn down.

    ``ok`` is unknown until it has ended. ``compared`` lists every comparison: kind, name, expected, found.
    """

    class Step(models.TextChoices):
        VERIFYING = "verifying", _("Verifying signature and digests")
        RESTORING = "restoring", _("Restoring")
        COMPARING = "comparing", _("Comparing")
        OPENING = "opening", _("Opening a sample")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    backup = models.ForeignKey(Backup, on_delete=models.PROTECT, related_name="drills")
    run_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    step = models.CharField(max_length=10, choices=Step.choices, blank=True)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    ok = models.BooleanField(null=True)
    compared = models.JSONField(default=list)
    rows_opened = models.PositiveIntegerField(default=0)
    recovery_point_seconds = models.PositiveIntegerField(null=True)
    recovery_seconds = models.PositiveIntegerField(null=True)
    failure = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ok=None, finished_at=None) | Q(ok__isnull=False, finished_at__isnull=False),
                name="continuity_restoredrill_judged_when_finished",
            ),
            models.CheckConstraint(
                condition=Q(ok=False, failure__gt="") | (Q(ok=None) | Q(ok=True)) & Q(failure=""),
                name="continuity_restoredrill_failure_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def state(self) -> str:
        """Waiting, running, passed or failed, for those who look on."""
        if self.ok is None:
            return "waiting" if self.lease_until is None else "running"
        return "passed" if self.ok else "failed"
