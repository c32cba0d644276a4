"""What becomes of every source field: exactly one policy each."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from transfer.models.agreement import OfTransfer


class FieldPolicy(OfTransfer):
    """The policy of one source field; an unknown field (no row) stops the import."""

    class Policy(models.TextChoices):
        MOVE = "move", _("Move")
        REMAP = "remap", _("Remap")
        REGENERATE = "regenerate", _("Regenerate")
        NEVER = "never", _("Never")

    kind = models.CharField(max_length=12)
    source_field = models.CharField(max_length=80)
    target_field = models.CharField(max_length=40, blank=True)
    policy = models.CharField(max_length=10, choices=Policy.choices)
    crosswalk = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "kind", "source_field"], name="transfer_fieldpolicy_one_per_field"
            )
        ]
