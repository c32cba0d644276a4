"""Pages of a list by key: no OFFSET, so the millionth row costs what the first does."""

from django.conf import settings
from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """Newest first by id (UUIDv7 rises with time), an opaque cursor, at most ``max_page_size`` rows.

    A viewset with another order sets ``ordering`` to columns that end in a unique one.
    """

    ordering = "-id"
    page_size = settings.PAGE_ROWS
    page_size_query_param = "limit"
    max_page_size = 500
