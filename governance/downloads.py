"""Files that leave the house: with a name, kept by no cache, and never guessed at by a browser."""

from collections.abc import Iterator

from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from access.models import User
from audit.exporting import begin_export, exported


def attached(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    """The answer as a file of this name."""
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def stream_leaves(user: User) -> HttpResponseBase:
    """The log's entries as a file; taking them stands in the log before the first byte leaves.

    Raises:
        Refused: the log has no checkpoint yet.
    """
    head = begin_export(by=user)
    answer = StreamingHttpResponse(_entries(head.size), content_type="application/octet-stream")
    return attached(answer, f"log-{head.size}.leaves")


def _entries(size: int) -> Iterator[bytes]:
    with transaction.atomic():
        yield from exported(size)
