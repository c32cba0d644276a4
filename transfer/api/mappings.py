"""Mappings of foreign layouts: declared, listed, proposed for a file, and looked through at one."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, told
from transfer.api.base import TransferPart, uploaded
from transfer.importing.how import COMMA, DECLARED
from transfer.models import Extract, ExtractMapping, Transfer
from transfer.services.mappings import (
    Beginning,
    Declaration,
    Wanted,
    declare_mapping,
    look_at_foreign,
    proposals_for,
)


class MappingSerializer(serializers.ModelSerializer[ExtractMapping]):
    headings = serializers.ListField(child=serializers.CharField(), read_only=True)
    fields_of_headings = serializers.ListField(
        source="fields", child=serializers.CharField(allow_blank=True), read_only=True
    )
    constants = serializers.DictField(child=serializers.CharField(), read_only=True)
    rules = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ExtractMapping
        fields = (
            "id", "side", "name", "kind", "encoding", "delimiter", "header_line", "footer_lines", "headings",
            "fields_of_headings", "constants", "rules", "declared_by", "declared_at",
        )  # fmt: skip
        read_only_fields = fields


class LineSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    cells = serializers.ListField(child=serializers.CharField(allow_blank=True))


class BeginningSerializer(serializers.Serializer[Beginning]):
    delimiter = serializers.CharField()
    header_line = serializers.IntegerField()
    headings = serializers.ListField(child=serializers.CharField())
    guesses = serializers.ListField(child=serializers.CharField(allow_blank=True))
    lines = LineSerializer(many=True)


class NewMapping(Body):
    """``fields_of_headings``: one per heading; empty for one that is never stored."""

    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=Extract.Kind.choices)
    headings = serializers.ListField(child=serializers.CharField(max_length=80), max_length=2000)
    fields_of_headings = serializers.ListField(
        child=serializers.CharField(max_length=40, allow_blank=True), max_length=2000
    )
    header_line = serializers.IntegerField(min_value=0, max_value=60, default=1)
    footer_lines = serializers.IntegerField(min_value=0, max_value=40, default=0)
    delimiter = serializers.ChoiceField(choices=[",", ";", "\t", "|"], default=COMMA)
    encoding = serializers.ChoiceField(choices=DECLARED, default="", allow_blank=True)
    constants = serializers.DictField(child=serializers.CharField(max_length=200), default=dict)
    rules = serializers.DictField(child=serializers.CharField(max_length=400), default=dict)


class FileOfLayout(Body):
    file = serializers.FileField()


class LookedAt(Body):
    file = serializers.FileField()
    kind = serializers.ChoiceField(choices=Extract.Kind.choices)
    header_line = serializers.IntegerField(min_value=0, max_value=60, required=False)
    footer_lines = serializers.IntegerField(min_value=0, max_value=40, default=0)
    delimiter = serializers.ChoiceField(choices=[",", ";", "\t", "|"], required=False)
    encoding = serializers.ChoiceField(choices=DECLARED, default="", allow_blank=True)


class MappingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[ExtractMapping]):
    """What the columns of foreign files mean, as the caller's firm has declared it."""

    serializer_class = MappingSerializer
    parser_classes = (JSONParser, MultiPartParser)
    queryset = ExtractMapping.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.load_extract",
        "retrieve": "transfer.load_extract",
        "create": "transfer.set_policy",
        "look": "transfer.load_extract",
        "proposals": "transfer.load_extract",
    }

    def part(self, transfer: Transfer) -> QuerySet[ExtractMapping]:
        return ExtractMapping.objects.filter(transfer=transfer, side=self.person.organisation)

    @extend_schema(request=NewMapping, responses={201: MappingSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Declare what every heading of a layout is; nothing may be left open."""
        values = told(NewMapping, request)
        made = declare_mapping(
            transfer=self.transfer,
            side=self.person.organisation,
            name=values["name"],
            headings=values["headings"],
            declaration=Declaration(
                kind=values["kind"],
                fields=values["fields_of_headings"],
                header_line=values["header_line"],
                encoding=values["encoding"],
                delimiter=values["delimiter"],
                footer_lines=values["footer_lines"],
                constants=values["constants"],
                rules=values["rules"],
            ),
            by=self.person,
        )
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request={"multipart/form-data": LookedAt}, responses=BeginningSerializer, filters=False)
    @action(detail=False, methods=["post"], pagination_class=None, parser_classes=[MultiPartParser])
    def look(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The headings of a file, what they may mean, and its first ten lines masked; nothing is kept."""
        values = told(LookedAt, request)
        file = uploaded(values)
        wanted = Wanted(**{name: value for name, value in values.items() if name != "file"})
        found = look_at_foreign(transfer=self.transfer, sealed_file=file, wanted=wanted, by=self.person)
        return Response(BeginningSerializer(found).data)

    @extend_schema(
        request={"multipart/form-data": FileOfLayout}, responses=MappingSerializer(many=True), filters=False
    )
    @action(detail=False, methods=["post"], pagination_class=None, parser_classes=[MultiPartParser])
    def proposals(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The saved mappings whose headings stand in a file, newest first."""
        file = uploaded(told(FileOfLayout, request))
        fitting = proposals_for(transfer=self.transfer, sealed_file=file, by=self.person)
        return Response(MappingSerializer(fitting, many=True).data)
