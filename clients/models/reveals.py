"""Each field that was shown in the clear to a person, with what they said it was for."""

import uuid

from django.db import models

from access.models import User
from clients.models.client import Client
from clients.sealed import RevealSecret
from vault.rows import SealedModel


class Reveal(SealedModel):
    """One field of one client shown to one person.

    ``event`` is the reading in the log; the log holds no free text, so the person's own words lie here,
    sealed under the client's key.
    """

    sealed_label = "clients.reveal"
    sealed_type = RevealSecret

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="reveals")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=40)
    purpose = models.CharField(max_length=20)
    event = models.UUIDField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    @property
    def key_subject(self) -> uuid.UUID:
        return self.client_id

    def parties(self) -> set[uuid.UUID]:
        return self.client.parties()
