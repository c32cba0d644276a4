"""What the product as a whole keeps: nothing but the keys under which programs repeat a creation."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class KeptAnswer(models.Model):
    """A creation that was answered, so that its repetition creates nothing.

    Not the answer is kept but its status and the id of what was created: repeated, it is rendered anew, with
    the reader's rights of that moment. ``digest`` is keyed, so that it tells nothing about the body.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    row = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="handover_keptanswer_once")]

    def __str__(self) -> str:
        return str(self.pk)
