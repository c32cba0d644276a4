"""Short ways to the pages of a transfer, for the tests of pages."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from transfer.services.exceptions import ask_exception, grant_exception


def address(name, *parts):
    """The address of a page of the transfer room."""
    return reverse(f"transfer-{name}", args=parts)


def text(answer):
    """What a page says."""
    return answer.content.decode()


def upload(name, content):
    """A file as a browser sends it."""
    data = content.encode() if isinstance(content, str) else content
    return SimpleUploadedFile(name, data)


def open_gate_1(transfer, giver_officer, taker_officer):
    """Sight is open to everybody who may see the transfer, by an exception to gate 1."""
    exception = ask_exception(transfer=transfer, gate=1, reason="test", by=giver_officer)
    grant_exception(exception=exception, by=taker_officer)
