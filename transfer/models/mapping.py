"""What somebody declared about a source system's layout: which heading means what."""

from django.db import models

from access.models import Organisation, User
from transfer.models.agreement import OfTransfer


class ExtractMapping(OfTransfer):
    """How files of one foreign layout are read: their kind, where the header stands, and for every heading our
    field or, where it is empty, that it is never stored.

    A mapping is never changed: another decision is another mapping, and the newest for the same headings is
    proposed. It holds words of a header and no data of clients; ``constants`` are values that all rows share;
    ``rules`` say per field which words of the source mean which of ours, or how many digits a code has.
    """

    side = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12)
    encoding = models.CharField(max_length=12, blank=True)
    delimiter = models.CharField(max_length=1, default=",")
    header_line = models.PositiveIntegerField(default=1)
    footer_lines = models.PositiveSmallIntegerField(default=0)
    headings = models.JSONField()
    fields = models.JSONField()
    constants = models.JSONField(default=dict)
    rules = models.JSONField(default=dict)
    declared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField(auto_now_add=True)
