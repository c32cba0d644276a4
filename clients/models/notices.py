"""Notices to clients, the evidence that they arrived, and what clients answered."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from clients.models.client import Client
from clients.sealed import ObjectionSecret
from vault.ids import new_id
from vault.rows import SealedModel


class NoticeCampaign(models.Model):
    """One notice to all clients of one occasion (a transfer): its text, in both languages, and its digest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occasion = models.UUIDField()
    sender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    text_en = models.TextField()
    text_zh = models.TextField()
    text_digest = models.BinaryField(max_length=32)
    recipient = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    asks_consent = models.BooleanField(default=False)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occasion", "number"], name="clients_noticecampaign_number"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("created_by")),
                name="clients_noticecampaign_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[uuid.UUID]:
        return {self.sender_id}


class DeliveryEvidence(models.Model):
    """One attempt to reach one client, dated when it was true and not when it was entered."""

    class Channel(models.TextChoices):
        POST = "post", _("Post")
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")
        APP = "app", _("App")
        CALL = "call", _("Recorded call")
        BRANCH = "branch", _("Branch")

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", _("Delivered")
        RETURNED = "returned", _("Returned")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(NoticeCampaign, on_delete=models.PROTECT, related_name="evidence")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="delivery_evidence")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    dated_on = models.DateField()
    reference = models.CharField(max_length=60)
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "client", "reference"], name="clients_deliveryevidence_once_per_reference"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Announcement(models.Model):
    """Service by public announcement; counts only with counsel's sign-off and earlier attempts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(NoticeCampaign, on_delete=models.PROTECT, related_name="announcements")
    medium = models.CharField(max_length=120)
    published_on = models.DateField()
    reference = models.CharField(max_length=60)
    proof = models.UUIDField(null=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_off_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    signed_off_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "reference"], name="clients_announcement_once"),
            models.CheckConstraint(
                condition=Q(signed_off_by=None) | ~Q(signed_off_by=models.F("entered_by")),
                name="clients_announcement_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Objection(SealedModel):
    """What a client answered to a notice: an objection alone, or the wish to leave."""

    class Wish(models.TextChoices):
        OBJECT_ONLY = "object", _("Objects")
        MOVE_AWAY = "move_away", _("Wants to move to another broker")
        CLOSE = "close", _("Wants to close the account")

    class Decision(models.TextChoices):
        OPEN = "open", _("Open")
        LEAVING = "leaving", _("Exit under way")
        LEFT = "left", _("Left")
        STAYS = "stays", _("Stays")

    sealed_label = "clients.objection"
    sealed_type = ObjectionSecret

    campaign = models.ForeignKey(NoticeCampaign, on_delete=models.PROTECT, related_name="objections")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="objections")
    raised_on = models.DateField()
    wish = models.CharField(max_length=10, choices=Wish.choices)
    decision = models.CharField(max_length=8, choices=Decision.choices, default=Decision.OPEN)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "client", "raised_on", "wish"], name="clients_objection_once"
            )
        ]

    @property
    def key_subject(self) -> uuid.UUID:
        return self.client_id
