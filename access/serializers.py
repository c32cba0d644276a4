"""What every room's API bodies and answers share.

Invariants:
- A body or a query with a field nobody asked for is refused, so that a slip of the pen is never taken for consent.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.settings import api_settings

_PAGING: Final = {"cursor", "limit", api_settings.URL_FORMAT_OVERRIDE}
_FORM_TOKEN: Final = "csrfmiddlewaretoken"  # noqa: S105 - the name of a form field


class Body(serializers.Serializer[Any]):
    """What a caller sends with an act; a field that is not declared is an error of its own."""

    def to_internal_value(self, data: Any) -> Any:
        """The validated values; unknown fields are named beside the wrong ones."""
        sent = set(data) if isinstance(data, Mapping) else set()
        extra = sorted(str(name) for name in sent - set(self.fields) - {_FORM_TOKEN})
        unknown = {name: [_("There is no such field here.")] for name in extra}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            wrong = error.detail if isinstance(error.detail, dict) else {}
            raise serializers.ValidationError({**wrong, **unknown}) from None
        if unknown:
            raise serializers.ValidationError(unknown)
        return values


class Words(Body):
    """An act that needs a reason in words."""

    words = serializers.CharField(max_length=1_000)


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]*$"})
class HexField(serializers.Field[Any, Any, Any, Any]):
    """Bytes as lower-case hexadecimal text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Any) -> str:
        return bytes(value).hex()


class CountsField(serializers.DictField):
    """Counts by code."""

    child = serializers.IntegerField()


def told(body: type[Body], request: Request) -> dict[str, Any]:
    """The validated body of an act.

    Raises:
        ValidationError: something is missing, wrong or unknown; every field is named.
    """
    form = body(data=request.data)
    form.is_valid(raise_exception=True)
    values: dict[str, Any] = form.validated_data
    return values


def asked(query: type[Body], request: Request) -> dict[str, Any]:
    """The validated query of a list, without its paging.

    Raises:
        ValidationError: a value is wrong or the list knows no such filter.
    """
    form = query(data={name: value for name, value in request.query_params.items() if name not in _PAGING})
    form.is_valid(raise_exception=True)
    values: dict[str, Any] = form.validated_data
    return values
