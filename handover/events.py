"""What the installation itself writes into the log: refusals at its edge, and what it does by the clock."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import register_events


@register_events
class Event(models.TextChoices):
    """Facts are the code or permission, the method and the route; never parameters, which may name people."""

    ACT_REFUSED = "handover.act_refused", _("Act refused")
    ACCESS_REFUSED = "handover.access_refused", _("Access refused")
    FILES_SWEPT = "handover.files_swept", _("Expired files destroyed")
    VAULT_FAILED = "handover.vault_failed", _("Sealed data did not open")
