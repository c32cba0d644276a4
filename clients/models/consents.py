"""What clients answered when they were asked for separate consent. The history only grows."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from clients.models.client import Client, Relation
from clients.models.notices import NoticeCampaign
from vault.ids import new_id


class ConsentRecord(models.Model):
    """One answer of one client to one notice: given, refused or withdrawn. The last one counts.

    The fields follow ISO/IEC TS 27560: who (client, or the guardian for a child), what for (purpose, the
    controller that asks and the recipient it names), which words (the notice and the digest of both its
    texts), when and how (``answered_at``, ``channel``), and the proof (a sealed file or a reference). A
    row is never changed or deleted, by nobody; the database refuses it. ``occasion`` is the transfer.
    """

    class Answer(models.TextChoices):
        GIVEN = "given", _("Consent given")
        REFUSED = "refused", _("Consent refused")
        WITHDRAWN = "withdrawn", _("Consent withdrawn")

    class Channel(models.TextChoices):
        BRANCH = "branch", _("Branch")
        POST = "post", _("Post")
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")
        APP = "app", _("App")
        CALL = "call", _("Recorded call")
        PAGE = "page", _("Client page")

    class Purpose(models.TextChoices):
        HANDOVER = "handover", _("Handing the data over to the recipient the notice names")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occasion = models.UUIDField()
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose.choices, default=Purpose.HANDOVER)
    campaign = models.ForeignKey(NoticeCampaign, on_delete=models.PROTECT, related_name="consents")
    notice_digest = models.BinaryField(max_length=32)
    controller = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=10, choices=Answer.choices)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    answered_at = models.DateTimeField()
    by_guardian = models.BooleanField(default=False)
    guardian = models.ForeignKey(Relation, on_delete=models.PROTECT, null=True, related_name="+")
    reference = models.CharField(max_length=60)
    evidence = models.UUIDField(null=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "client", "answer", "reference"], name="clients_consent_once"
            ),
            models.CheckConstraint(
                condition=Q(by_guardian=True) | Q(guardian=None), name="clients_consent_guardian_acts"
            ),
        ]
        indexes = [models.Index(fields=["occasion", "client", "-answered_at"], name="clients_consent_latest")]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        return self.client.parties()
