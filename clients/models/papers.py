"""Preferences and stored documents of a client."""

from django.db import models

from clients.models.client import ClientRow
from clients.sealed import DocumentSecret, PreferenceSecret


class Preference(ClientRow):
    """One stated investment preference."""

    sealed_label = "clients.preference"
    sealed_type = PreferenceSecret

    stated_on = models.DateField(null=True)

    class Meta(ClientRow.Meta):
        pass


class Document(ClientRow):
    """An image, form or recording; its bytes lie in a file sealed under the client's key."""

    sealed_label = "clients.document"
    sealed_type = DocumentSecret

    kind = models.CharField(max_length=40)
    file = models.UUIDField(unique=True)
    size = models.PositiveBigIntegerField()

    class Meta(ClientRow.Meta):
        pass
