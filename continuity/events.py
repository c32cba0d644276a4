"""What the continuity room writes into the log."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from audit.registry import register_events


@register_events
class ContinuityEvent(TextChoices):
    """Backups and the drills that prove them."""

    BACKUP_ASKED = "continuity.backup_asked", _("Backup asked for")
    BACKUP_TAKEN = "continuity.backup_taken", _("Backup taken")
    BACKUP_FAILED = "continuity.backup_failed", _("Backup failed")
    DRILL_ASKED = "continuity.drill_asked", _("Restore drill asked for")
    DRILL_PASSED = "continuity.drill_passed", _("Restore drill passed")
    DRILL_FAILED = "continuity.drill_failed", _("Restore drill failed")
