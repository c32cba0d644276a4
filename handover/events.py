"""What the edge writes into the log: refusals, after the act was rolled back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import register_events


@register_events
class Event(models.TextChoices):
    """Facts are the code or permission, the method and the route; never parameters, which may name people."""

    ACT_REFUSED = "handover.act_refused", _("Act refused")
    ACCESS_REFUSED = "handover.access_refused", _("Access refused")
    VAULT_FAILED = "handover.vault_failed", _("Sealed data did not open")
