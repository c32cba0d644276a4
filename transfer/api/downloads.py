"""Answers that are files."""

from collections.abc import Iterable
from itertools import chain

from django.http import StreamingHttpResponse


def download(pieces: Iterable[bytes], media_type: str, name: str) -> StreamingHttpResponse:
    """A file in pieces; a refusal or a failure at its first piece is still an answer of its own."""
    rest = iter(pieces)
    first = next(rest, b"")
    answer = StreamingHttpResponse(chain([first], rest), content_type=media_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
