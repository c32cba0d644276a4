"""The crossing itself: runbook, outside parties, mandate and cutover."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, HexField, told
from access.stepup import require_step_up
from transfer.api.base import TransferPart, ask_worker
from transfer.api.runs import RunSerializer
from transfer.models import (
    ExtensionSignature,
    Mandate,
    MandateExtension,
    MandateSignature,
    OutsideParty,
    Run,
    RunbookStep,
    Transfer,
)
from transfer.services.cutover import begin_cutover
from transfer.services.extensions import (
    draft_extension,
    extension_bytes,
    extension_go_bytes,
    sign_extension,
)
from transfer.services.mandates import draft_mandate, go_bytes, mandate_bytes, sign_mandate
from transfer.services.runbooks import draft_runbook, finish_step, prove_party, start_step
from transfer.tasks.cutover import run_cutover


class StepSerializer(serializers.ModelSerializer[RunbookStep]):
    class Meta:
        model = RunbookStep
        fields = (
            "id", "number", "title_en", "title_zh", "owner_side", "party", "check_code", "planned_at", "rollback_en",
            "rollback_zh", "state", "started_at", "done_at", "done_by",
        )  # fmt: skip
        read_only_fields = fields


class PartySerializer(serializers.ModelSerializer[OutsideParty]):
    class Meta:
        model = OutsideParty
        fields = ("id", "kind", "name", "tested_on", "evidence_reference", "ready_by", "ready_at")
        read_only_fields = fields


class MandateSignatureSerializer(serializers.ModelSerializer[MandateSignature]):
    """One person's go. The signed bytes are the UTF-8 of its statement, which names the mandate by its digest."""

    statement = serializers.SerializerMethodField()
    signature = HexField()

    class Meta:
        model = MandateSignature
        fields = ("organisation", "signed_by", "signed_at", "statement", "signature", "fingerprint")
        read_only_fields = fields

    def get_statement(self, signature: MandateSignature) -> str:
        """What the organisation signed for this person."""
        return go_bytes(signature).decode()


class MandateSerializer(serializers.ModelSerializer[Mandate]):
    """A mandate with the exact text that people say go to; ``digest`` is the SHA-256 of its UTF-8."""

    clients_root = HexField()
    digest = HexField()
    statement = serializers.SerializerMethodField()
    signatures = MandateSignatureSerializer(many=True, read_only=True)

    class Meta:
        model = Mandate
        fields = (
            "id", "client_count", "clients_root", "not_before", "not_after", "digest", "statement", "signatures",
            "created_by", "created_at", "withdrawn_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_statement(self, mandate: Mandate) -> str:
        """What people say go to."""
        return mandate_bytes(mandate).decode()


class NewProof(Body):
    tested_on = serializers.DateField()
    evidence_reference = serializers.CharField(max_length=80)


class NewMandate(Body):
    not_before = serializers.DateTimeField()
    not_after = serializers.DateTimeField()


class RunbookViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, TransferPart[RunbookStep]):
    """The steps of the cutover, in their order."""

    serializer_class = StepSerializer
    queryset = RunbookStep.objects.none()
    ordering = "number"
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "draft": "transfer.run_runbook",
        "start": "transfer.run_runbook",
        "finish": "transfer.run_runbook",
    }

    def part(self, transfer: Transfer) -> QuerySet[RunbookStep]:
        return RunbookStep.objects.filter(transfer=transfer)

    @extend_schema(request=None, responses={201: StepSerializer(many=True)}, filters=False)
    @action(detail=False, methods=["post"], pagination_class=None)
    def draft(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Draft the runbook around the planned cutover."""
        told(Body, request)
        steps = draft_runbook(transfer=self.transfer, by=self.person)
        return Response(StepSerializer(steps, many=True).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Begin a step of the caller's side."""
        told(Body, request)
        return self.shown(start_step(step=self.get_object(), by=self.person))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Finish a step whose check holds."""
        told(Body, request)
        return self.shown(finish_step(step=self.get_object(), by=self.person))


class PartyViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, TransferPart[OutsideParty]):
    """Depository, exchanges, banks and vendors, and the proof that each is ready."""

    serializer_class = PartySerializer
    queryset = OutsideParty.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "prove": "transfer.run_runbook",
    }

    def part(self, transfer: Transfer) -> QuerySet[OutsideParty]:
        return OutsideParty.objects.filter(transfer=transfer)

    @extend_schema(request=NewProof)
    @action(detail=True, methods=["post"])
    def prove(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """State the test that shows the party ready."""
        values: dict[str, Any] = told(NewProof, request)
        return self.shown(prove_party(party=self.get_object(), by=self.person, **values))


class MandateViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, TransferPart[Mandate]):
    """Go or no-go: at most one mandate is live; the earlier ones are withdrawn."""

    serializer_class = MandateSerializer
    queryset = Mandate.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "create": "transfer.run_cutover",
        "sign": "transfer.sign_mandate",
    }

    def part(self, transfer: Transfer) -> QuerySet[Mandate]:
        return Mandate.objects.filter(transfer=transfer).prefetch_related("signatures__mandate")

    @extend_schema(request=NewMandate, responses={201: MandateSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Draft a mandate over exactly the clients who may move now."""
        made = draft_mandate(transfer=self.transfer, by=self.person, **told(NewMandate, request))
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Say go, as one of two people of one side; needs a fresh step-up."""
        require_step_up(request)
        told(Body, request)
        return self.shown(sign_mandate(mandate=self.get_object(), by=self.person).mandate)


class ExtensionSignatureSerializer(serializers.ModelSerializer[ExtensionSignature]):
    statement = serializers.SerializerMethodField()
    signature = HexField()

    class Meta:
        model = ExtensionSignature
        fields = ("organisation", "signed_by", "signed_at", "statement", "signature", "fingerprint")
        read_only_fields = fields

    def get_statement(self, signature: ExtensionSignature) -> str:
        """What the organisation signed for this person."""
        return extension_go_bytes(signature).decode()


class ExtensionSerializer(serializers.ModelSerializer[MandateExtension]):
    """A later end with the exact text that people say go to; ``digest`` is the SHA-256 of its UTF-8."""

    digest = HexField()
    statement = serializers.SerializerMethodField()
    signatures = ExtensionSignatureSerializer(many=True, read_only=True)

    class Meta:
        model = MandateExtension
        fields = (
            "id", "mandate", "number", "not_after", "reason", "digest", "statement", "signatures", "created_by",
            "created_at", "complete_at", "withdrawn_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_statement(self, extension: MandateExtension) -> str:
        """What people say go to."""
        return extension_bytes(extension).decode()


class NewExtension(Body):
    not_after = serializers.DateTimeField()
    reason = serializers.CharField(max_length=300)


class MandateExtensionViewSet(
    mixins.RetrieveModelMixin, mixins.ListModelMixin, TransferPart[MandateExtension]
):
    """Later ends of the live mandate's window; one counts once two people of each side have signed it."""

    serializer_class = ExtensionSerializer
    queryset = MandateExtension.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "create": "transfer.run_cutover",
        "sign": "transfer.sign_mandate",
    }

    def part(self, transfer: Transfer) -> QuerySet[MandateExtension]:
        mine = MandateExtension.objects.filter(mandate__transfer=transfer).select_related("mandate")
        return mine.prefetch_related("signatures__extension")

    @extend_schema(request=NewExtension, responses={201: ExtensionSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Propose a later end while the cutover is under way."""
        made = draft_extension(transfer=self.transfer, by=self.person, **told(NewExtension, request))
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Say go to the later end; needs a fresh step-up."""
        require_step_up(request)
        told(Body, request)
        extension = self.get_object()
        sign_extension(extension=extension, by=self.person)
        return self.shown(extension)


class CutoverViewSet(TransferPart[Run]):
    """The run with effect: begun once, then carried out batch by batch."""

    serializer_class = RunSerializer
    queryset = Run.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "create": "transfer.run_cutover",
    }

    def part(self, transfer: Transfer) -> QuerySet[Run]:
        return Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER)

    @extend_schema(
        responses=forced_singular_serializer(RunSerializer), filters=False, operation_id="cutover_state"
    )
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """How far the cutover is; 404 before it has begun."""
        return Response(RunSerializer(get_object_or_404(self.get_queryset())).data)

    @extend_schema(request=None, responses={201: RunSerializer}, operation_id="cutover_begin")
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Pass the point of no return; needs a fresh step-up. Workers move the batches."""
        require_step_up(request)
        told(Body, request)
        run = begin_cutover(transfer=self.transfer, by=self.person)
        ask_worker(run_cutover, self.transfer)
        return self.shown(run, status.HTTP_201_CREATED)
