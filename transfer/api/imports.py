"""Extracts, the runs that read them, and what was refused."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from access.models import User
from access.serializers import Body, asked, told
from transfer.api.base import TransferPart, ask_worker, uploaded
from transfer.api.downloads import download
from transfer.models import Extract, ExtractMapping, ImportChunk, ImportRun, Reject, Transfer
from transfer.services.extracts import declare_totals, receive_extract
from transfer.services.imports import (
    Difference,
    Progress,
    declared_differences,
    progress,
    retry_chunk,
    start_run,
    stop_run,
)
from transfer.services.matching import match_other_book
from transfer.services.peek import export_rejects
from transfer.services.policies import default_policies
from transfer.services.rejects import leave_out
from transfer.tasks.imports import plan_run


def extracts_of(transfer: Transfer, person: User) -> QuerySet[Extract]:
    """The extracts the person may know of: the transferor's, and those of their own firm."""
    return Extract.objects.filter(
        transfer=transfer, side__in=[transfer.transferor_id, person.organisation_id]
    )


class ExtractSerializer(serializers.ModelSerializer[Extract]):
    header = serializers.ListField(child=serializers.CharField(), read_only=True)
    declared_totals = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Extract
        fields = (
            "id", "side", "kind", "purpose", "format", "encoding", "header", "declared_rows", "declared_totals",
            "uploaded_by", "uploaded_at",
        )  # fmt: skip
        read_only_fields = fields


class ProgressSerializer(serializers.Serializer[Progress]):
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    parked = serializers.IntegerField()
    rows = serializers.IntegerField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    percent = serializers.IntegerField()


class DifferenceSerializer(serializers.Serializer[Difference]):
    what = serializers.CharField()
    declared = serializers.CharField()
    found = serializers.CharField(allow_blank=True)


class ImportRunSerializer(serializers.ModelSerializer[ImportRun]):
    totals = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ImportRun
        fields = (
            "id", "extract", "mode", "state", "as_of", "rows", "accepted", "rejected", "totals", "refusal_code",
            "asked_by", "asked_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class ImportRunDetailSerializer(ImportRunSerializer):
    """A run with how far it has come and, once done, where it differs from what was declared."""

    progress = serializers.SerializerMethodField()
    differences = serializers.SerializerMethodField()

    class Meta(ImportRunSerializer.Meta):
        fields = (*ImportRunSerializer.Meta.fields, "progress", "differences")

    @extend_schema(responses=ProgressSerializer)
    def get_progress(self, run: ImportRun) -> dict[str, Any]:
        """From the ledger of slices."""
        return ProgressSerializer(progress(run)).data

    @extend_schema(responses=DifferenceSerializer(many=True))
    def get_differences(self, run: ImportRun) -> list[dict[str, Any]]:
        """Declared figures that are not what was found; empty until the run is done."""
        declared = run.extract.declared_rows is not None
        found = declared_differences(run) if run.state == ImportRun.State.DONE and declared else []
        return DifferenceSerializer(found, many=True).data


class RejectSerializer(serializers.ModelSerializer[Reject]):
    class Meta:
        model = Reject
        fields = ("id", "line", "column", "code", "decision", "reason", "decided_by", "decided_at")
        read_only_fields = fields


class ExtractQuery(Body):
    kind = serializers.ChoiceField(choices=Extract.Kind.choices, required=False)
    purpose = serializers.ChoiceField(choices=Extract.Purpose.choices, required=False)


class RunQuery(Body):
    extract = serializers.UUIDField(required=False)
    mode = serializers.ChoiceField(choices=ImportRun.Mode.choices, required=False)
    state = serializers.ChoiceField(choices=ImportRun.State.choices, required=False)


class RejectQuery(Body):
    decision = serializers.ChoiceField(choices=Reject.Decision.choices, required=False)
    code = serializers.CharField(required=False, max_length=24)


class NewExtract(Body):
    file = serializers.FileField()
    purpose = serializers.ChoiceField(choices=Extract.Purpose.choices, default=Extract.Purpose.FULL)
    kind = serializers.ChoiceField(choices=Extract.Kind.choices, required=False)
    mapping = serializers.UUIDField(required=False, help_text="A mapping that was declared for its headings.")


class NewTotals(Body):
    file = serializers.FileField()


class NewRun(Body):
    extract = serializers.PrimaryKeyRelatedField(queryset=Extract.objects.all())
    mode = serializers.ChoiceField(choices=ImportRun.Mode.choices)
    as_of = serializers.DateField(required=False)


class LeaveOut(Body):
    reason = serializers.CharField(max_length=200)


class Matched(serializers.Serializer[Any]):
    found = serializers.IntegerField()


class ExtractViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[Extract]):
    """Files handed in, each sealed while it arrives."""

    serializer_class = ExtractSerializer
    parser_classes = (JSONParser, MultiPartParser)
    queryset = Extract.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_import",
        "retrieve": "transfer.view_import",
        "create": "transfer.load_extract",
        "totals": "transfer.load_extract",
        "match": "transfer.load_extract",
        "default_policies": "transfer.set_policy",
    }

    def part(self, transfer: Transfer) -> QuerySet[Extract]:
        return extracts_of(transfer, self.person)

    @extend_schema(parameters=[ExtractQuery])
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The extracts handed in."""
        return self.paged(self.get_queryset().filter(**asked(ExtractQuery, request)), ExtractSerializer)

    @extend_schema(request={"multipart/form-data": NewExtract}, responses={201: ExtractSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Hand in a file of the caller's own firm; format, encoding and kind are recognised."""
        values = told(NewExtract, request)
        made = receive_extract(
            transfer=self.transfer,
            side=self.person.organisation,
            sealed_file=uploaded(values),
            purpose=values["purpose"],
            kind=values.get("kind"),
            mapping=self._mapping(values.get("mapping")),
            by=self.person,
        )
        return self.shown(made, status.HTTP_201_CREATED)

    def _mapping(self, key: UUID | None) -> ExtractMapping | None:
        """A mapping of the caller's own firm, or 404."""
        own = ExtractMapping.objects.filter(side=self.person.organisation)
        return self.of_part(own, key) if key else None

    @extend_schema(
        request={"multipart/form-data": NewTotals}, responses=ExtractSerializer(many=True), filters=False
    )
    @action(detail=False, methods=["post"], pagination_class=None, parser_classes=[MultiPartParser])
    def totals(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Hand in the control totals; the answer holds the extracts that carry them now."""
        file = uploaded(told(NewTotals, request))
        declared = declare_totals(transfer=self.transfer, sealed_file=file, by=self.person)
        return Response(ExtractSerializer(declared, many=True).data)

    @extend_schema(request=None, responses=Matched)
    @action(detail=False, methods=["post"])
    def match(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Find the clients that both firms have."""
        told(Body, request)
        return Response({"found": match_other_book(transfer=self.transfer, by=self.person)})

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="default-policies")
    def default_policies(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Give every known field of this extract its usual policy where it has none."""
        told(Body, request)
        extract = self.get_object()
        default_policies(transfer=self.transfer, extract=extract, by=self.person)
        return self.shown(extract)


class ImportRunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[ImportRun]):
    """Looks at extracts (profile) and loads of them."""

    serializer_class = ImportRunDetailSerializer
    queryset = ImportRun.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_import",
        "retrieve": "transfer.view_import",
        "create": "transfer.load_extract",
        "stop": "transfer.load_extract",
        "retry_slice": "transfer.load_extract",
        "rejects": "transfer.view_import",
        "leave_out": "transfer.decide_reject",
        "reject_file": "transfer.decide_reject",
    }

    def part(self, transfer: Transfer) -> QuerySet[ImportRun]:
        runs = ImportRun.objects.filter(extract__in=extracts_of(transfer, self.person))
        return runs.select_related("extract")

    @extend_schema(parameters=[RunQuery], responses=ImportRunSerializer(many=True))
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The runs, newest first."""
        return self.paged(self.get_queryset().filter(**asked(RunQuery, request)), ImportRunSerializer)

    @extend_schema(request=NewRun, responses={201: ImportRunDetailSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Start looking at an extract, or loading it; a stopped run goes on where it was."""
        body = NewRun(data=request.data)
        cast("Any", body.fields["extract"]).queryset = extracts_of(self.transfer, self.person)
        body.is_valid(raise_exception=True)
        run = start_run(by=self.person, **body.validated_data)
        ask_worker(plan_run, run)
        return self.shown(run, status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Stop; what is loaded stays, and starting again goes on from there."""
        told(Body, request)
        return self.shown(stop_run(run=self.get_object(), by=self.person))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="slices/<int:number>/retry")
    def retry_slice(self, request: Request, transfer: str, pk: str, number: int) -> Response:  # noqa: ARG002
        """Try a parked slice again."""
        told(Body, request)
        run = self.get_object()
        waiting = ImportChunk.objects.filter(run=run, number=number).values_list("pk", flat=True).first()
        retry_chunk(chunk=self.of_part(run.chunks.all(), waiting or 0), by=self.person)
        ask_worker(plan_run, run)
        return self.shown(run)

    @extend_schema(parameters=[RejectQuery], responses=RejectSerializer(many=True))
    @action(detail=True)
    def rejects(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """The refused lines in the order of the file; no personal data lies in them."""
        self.ordering = "line"
        rows = Reject.objects.filter(run=self.get_object(), **asked(RejectQuery, request))
        return self.paged(rows, RejectSerializer)

    @extend_schema(request=LeaveOut, responses=RejectSerializer)
    @action(detail=True, methods=["post"], url_path="rejects/<int:reject>/leave-out")
    def leave_out(self, request: Request, transfer: str, pk: str, reject: int) -> Response:  # noqa: ARG002
        """Leave a refused line out for good, and say why."""
        row = self.of_part(Reject.objects.filter(run=self.get_object()), reject)
        done = leave_out(reject=row, by=self.person, **told(LeaveOut, request))
        return Response(RejectSerializer(done).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="reject-file")
    def reject_file(self, request: Request, transfer: str, pk: str) -> StreamingHttpResponse:  # noqa: ARG002
        """The refused lines in clear, to be mended and handed in again; for the firm whose file it is."""
        run = self.get_object()
        pieces = export_rejects(run=run, by=self.person, language=get_language() or "en")
        return download(pieces, "text/csv; charset=utf-8", f"rejects-{run.pk}.csv")
