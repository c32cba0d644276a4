"""Rehearsals and the cutover's run: the delivery, what came back, and the reconciliation."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, CountsField, asked, told
from access.stepup import require_step_up
from transfer.api.base import TransferPart, ask_worker, uploaded
from transfer.api.downloads import download
from transfer.comparisons import COMPARISONS
from transfer.models import ReturnFile, Run, Transfer
from transfer.services.returns import ask_reconciliation, receive_return
from transfer.services.runs import download_delivery, retry_run, start_rehearsal
from transfer.tasks.runs import deliver, reconcile_run


class RunSerializer(serializers.ModelSerializer[Run]):
    compared = serializers.DictField(child=CountsField(), read_only=True)
    delivered = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id", "kind", "number", "state", "asked_by", "asked_at", "delivered", "delivery_digest", "client_count",
            "reached", "problem", "compared", "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_delivered(self, run: Run) -> bool:
        """Whether the delivery lies ready."""
        return run.delivery_file is not None


class ReturnSerializer(serializers.ModelSerializer[ReturnFile]):
    class Meta:
        model = ReturnFile
        fields = ("id", "source", "kind", "version", "rows", "uploaded_by", "uploaded_at")
        read_only_fields = fields


class RunQuery(Body):
    kind = serializers.ChoiceField(choices=Run.Kind.choices, required=False)
    state = serializers.ChoiceField(choices=Run.State.choices, required=False)


class NewReturn(Body):
    source = serializers.ChoiceField(choices=ReturnFile.Source.choices)
    kind = serializers.ChoiceField(choices=sorted({kind for _source, kind in COMPARISONS}))
    file = serializers.FileField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Only what is compared is received."""
        if (attrs["source"], attrs["kind"]) not in COMPARISONS:
            raise serializers.ValidationError({"kind": [_("This source sends back no such file.")]})
        return attrs


class RunViewSet(mixins.RetrieveModelMixin, TransferPart[Run]):
    """Runs: rehearsals without effect, and the one with effect."""

    serializer_class = RunSerializer
    queryset = Run.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "create": "transfer.run_rehearsal",
        "retry": "transfer.run_rehearsal",
        "delivery": "transfer.download_delivery",
        "returns": "transfer.view_transfer",
        "receive": "transfer.receive_return",
        "reconcile": "transfer.receive_return",
    }

    def part(self, transfer: Transfer) -> QuerySet[Run]:
        return Run.objects.filter(transfer=transfer)

    @extend_schema(parameters=[RunQuery])
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The runs, newest first."""
        return self.paged(self.get_queryset().filter(**asked(RunQuery, request)), RunSerializer)

    @extend_schema(request=None, responses={201: RunSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Start a rehearsal; its delivery is made by a worker."""
        told(Body, request)
        run = start_rehearsal(transfer=self.transfer, by=self.person)
        ask_worker(deliver, run)
        return self.shown(run, status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Try again what stopped on a refusal; a worker takes it up within seconds."""
        told(Body, request)
        return self.shown(retry_run(run=self.get_object(), by=self.person))

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True)
    def delivery(self, request: Request, transfer: str, pk: str) -> StreamingHttpResponse:  # noqa: ARG002
        """The delivery for the transferee's system; needs a fresh step-up, and the download stands in the log."""
        require_step_up(request)
        run = self.get_object()
        _file, pieces = download_delivery(run=run, by=self.person)
        return download(pieces, "application/zip", f"{self.transfer.number}-{run.kind}-{run.number}.zip")

    @extend_schema(responses=ReturnSerializer(many=True))
    @action(detail=True)
    def returns(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """The files that came back, every version."""
        return self.paged(self.get_object().returns.all(), ReturnSerializer)

    @extend_schema(
        request={"multipart/form-data": NewReturn}, responses={201: ReturnSerializer}, filters=False
    )
    @action(detail=True, methods=["post"], url_path="receive", parser_classes=[MultiPartParser])
    def receive(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Hand in a file that came back; it is the newest version of its source and kind."""
        values = told(NewReturn, request)
        made = receive_return(
            run=self.get_object(),
            source=values["source"],
            kind=values["kind"],
            file=uploaded(values),
            by=self.person,
        )
        return Response(ReturnSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def reconcile(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Compare what came back with what was handed over; a worker does it in the caller's name."""
        told(Body, request)
        run = ask_reconciliation(run=self.get_object(), by=self.person)
        ask_worker(reconcile_run, run)
        return self.shown(run)
