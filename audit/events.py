"""What this room itself writes into the log."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import register_events


@register_events
class AuditEvent(models.TextChoices):
    """Reads of sealed data, and the log leaving the house."""

    DATA_READ = "audit.data_read", _("Sealed data read")
    LEAVES_EXPORTED = "audit.leaves_exported", _("Log exported")
