"""Pages of a list by key: no OFFSET, so the millionth row costs what the first does."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class KeysetPagination(CursorPagination):
    """Newest first by id (UUIDv7 rises with time), an opaque cursor, at most ``max_page_size`` rows.

    A viewset with another order sets ``ordering`` to columns that end in a unique one. A page larger than
    the ceiling is refused, not shortened: a program that asks for 1,000 and gets 200 believes it has all.
    """

    ordering = "-id"
    page_size = settings.PAGE_ROWS
    page_size_query_param = "limit"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int | None:
        """The number of rows asked for.

        Raises:
            ValidationError: it is no number from 1 to the ceiling.
        """
        wanted = request.query_params.get(self.page_size_query_param)
        if wanted is None:
            return self.page_size
        if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= self.max_page_size):
            words = _("Ask for 1 to %(most)s rows.") % {"most": self.max_page_size}
            raise ValidationError({self.page_size_query_param: [words]})
        return int(wanted)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """The viewset's own order, or newest first."""
        wanted = getattr(view, "ordering", None)
        return (wanted,) if wanted else super().get_ordering(request, queryset, view)
