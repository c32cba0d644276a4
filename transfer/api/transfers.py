"""Transfers: list, draft, the stages, counsel's word, approvals; and exceptions to gates."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.actors import acting_user
from access.api import DeclaredPermission
from access.models import Organisation
from access.serializers import Body, asked, told
from access.stepup import require_step_up
from transfer.api.base import TransferPart
from transfer.gates.registry import Fact, Gate, gates
from transfer.models import Approval, GateException, Transfer
from transfer.policies import sees_data, side_of, visible_transfers
from transfer.services.cases import funnel
from transfer.services.closing import close_transfer
from transfer.services.exceptions import ask_exception, grant_exception
from transfer.services.transfers import (
    abort,
    advance,
    correct_approval,
    draft_transfer,
    give_counsel_word,
    name_transferee,
    plan_cutover,
    record_approval,
)

AGREEMENT_GATE = 1


class FirmSerializer(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ("id", "code", "name_en", "name_zh")
        read_only_fields = fields


class TransferSerializer(serializers.ModelSerializer[Transfer]):
    transferor = FirmSerializer(read_only=True)
    transferee = FirmSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Transfer
        fields = (
            "id", "number", "transferor", "transferee", "basis", "jurisdiction", "state", "planned_cutover",
            "pack_name", "pack_digest", "created_by", "created_at", "counsel_word_by", "counsel_word_at",
            "no_return_at",
        )  # fmt: skip
        read_only_fields = fields


class FactSerializer(serializers.Serializer[Fact]):
    code = serializers.CharField()
    ok = serializers.BooleanField()
    text = serializers.SerializerMethodField()
    whose = serializers.CharField()
    count = serializers.SerializerMethodField()

    def get_text(self, fact: Fact) -> str:
        """The sentence, empty while the data behind it is closed to the reader."""
        return str(fact.text) if self.context["open"] else ""

    def get_count(self, fact: Fact) -> int | None:
        """The rows behind it, null while they are closed to the reader."""
        return fact.count if self.context["open"] else None


class ExceptionSerializer(serializers.ModelSerializer[GateException]):
    class Meta:
        model = GateException
        fields = ("id", "gate", "reason", "asked_by", "asked_at", "granted_by", "granted_at", "facts")
        read_only_fields = fields


class GateSerializer(serializers.Serializer[Gate]):
    number = serializers.IntegerField()
    title = serializers.CharField()
    opens = serializers.CharField()
    applies = serializers.BooleanField()
    why_not = serializers.CharField(allow_null=True)
    open = serializers.BooleanField()
    holds = serializers.BooleanField()
    excepted = serializers.BooleanField()
    facts = serializers.SerializerMethodField()
    exception = ExceptionSerializer(allow_null=True)

    @extend_schema(responses=FactSerializer(many=True))
    def get_facts(self, gate: Gate) -> list[dict[str, Any]]:
        """The facts the gate rests on."""
        visible = self.context["sight"] or gate.number == AGREEMENT_GATE
        return FactSerializer(gate.facts, many=True, context={"open": visible}).data


class TransferDetailSerializer(TransferSerializer):
    """A transfer with the facts behind it, as far as the reader's sight goes."""

    side = serializers.SerializerMethodField()
    sight = serializers.SerializerMethodField()
    gates = serializers.SerializerMethodField()
    funnel = serializers.SerializerMethodField()

    class Meta(TransferSerializer.Meta):
        fields = (*TransferSerializer.Meta.fields, "side", "sight", "gates", "funnel")

    def get_side(self, transfer: Transfer) -> str:
        """transferor, transferee, or empty for an outsider."""
        return side_of(transfer, self.context["person"].organisation_id)

    def get_sight(self, transfer: Transfer) -> bool:
        """Whether the data behind the transfer is open to the reader."""
        return self._sight(transfer)

    @extend_schema(responses=GateSerializer(many=True))
    def get_gates(self, transfer: Transfer) -> list[dict[str, Any]]:
        """All eight gates as they stand now."""
        return GateSerializer(gates(transfer), many=True, context={"sight": self._sight(transfer)}).data

    def get_funnel(self, transfer: Transfer) -> dict[str, int] | None:
        """How many clients are in each state; null while the data is closed to the reader."""
        return funnel(transfer) if self._sight(transfer) else None

    def _sight(self, transfer: Transfer) -> bool:
        if "sight" not in self.context:
            self.context["sight"] = sees_data(self.context["person"], transfer)
        return bool(self.context["sight"])


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    class Meta:
        model = Approval
        fields = ("id", "kind", "reference", "granted_on", "entered_by", "entered_at", "corrects", "reason")
        read_only_fields = fields


class TransferQuery(Body):
    state = serializers.ChoiceField(choices=Transfer.State.choices, required=False)


class NewTransfer(Body):
    basis = serializers.ChoiceField(choices=Transfer.Basis.choices, default=Transfer.Basis.MERGER)
    jurisdiction = serializers.RegexField(r"^[A-Z]{2}$", default="CN")
    planned_cutover = serializers.DateTimeField(required=False)


class NewTransferee(Body):
    """The firm by its code, which people of both firms know; ids are not theirs to list."""

    transferee = serializers.SlugRelatedField(
        slug_field="code", queryset=Organisation.objects.filter(kind=Organisation.Kind.BROKER)
    )


class NewPlan(Body):
    at = serializers.DateTimeField()


class NewApproval(Body):
    kind = serializers.ChoiceField(choices=Approval.Kind.choices)
    reference = serializers.CharField(max_length=80)
    granted_on = serializers.DateField()


class ApprovalCorrection(Body):
    reference = serializers.CharField(max_length=80)
    granted_on = serializers.DateField()
    reason = serializers.CharField(max_length=400)


class NewException(Body):
    gate = serializers.IntegerField(min_value=1, max_value=8)
    reason = serializers.CharField(max_length=2_000)


class TransferViewSet(viewsets.GenericViewSet[Transfer]):
    """Transfers of the reader's organisation and those opened by a grant. No PUT and no DELETE: acts only."""

    serializer_class = TransferDetailSerializer
    permission_classes = (DeclaredPermission,)
    lookup_value_converter = "uuid"
    queryset = Transfer.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "create": "transfer.draft_transfer",
        "name_transferee": "transfer.draft_transfer",
        "plan_cutover": "transfer.draft_transfer",
        "advance": "transfer.advance_transfer",
        "abort": "transfer.abort_transfer",
        "counsel_word": "transfer.give_counsel_word",
        "approvals": "transfer.view_transfer",
        "record_approval": "transfer.record_approval",
        "correct_approval": "transfer.record_approval",
        "close": "transfer.close_transfer",
    }

    def get_queryset(self) -> QuerySet[Transfer]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return visible_transfers(acting_user(self.request))

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | {"person": self.request.user if self.request else None}

    def _shown(self, transfer: Transfer, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=transfer.pk)).data, status=code)

    @extend_schema(parameters=[TransferQuery], responses=TransferSerializer(many=True))
    def list(self, request: Request) -> Response:
        """The transfers within reach."""
        page = self.paginate_queryset(self.get_queryset().filter(**asked(TransferQuery, request)))
        return self.get_paginated_response(TransferSerializer(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """One transfer with its gates, their facts, and its clients by state."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=NewTransfer, responses={201: TransferDetailSerializer})
    def create(self, request: Request) -> Response:
        """Draft a transfer of the clients of the caller's firm."""
        made = draft_transfer(by=acting_user(request), **told(NewTransfer, request))
        return self._shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=NewTransferee)
    @action(detail=True, methods=["post"], url_path="name-transferee")
    def name_transferee(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Name the firm that takes over."""
        values = told(NewTransferee, request)
        return self._shown(name_transferee(transfer=self.get_object(), by=acting_user(request), **values))

    @extend_schema(request=NewPlan)
    @action(detail=True, methods=["post"], url_path="plan-cutover")
    def plan_cutover(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Plan the moment of the cutover."""
        values = told(NewPlan, request)
        return self._shown(plan_cutover(transfer=self.get_object(), by=acting_user(request), **values))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def advance(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Go to the next stage, if its gates are open."""
        told(Body, request)
        return self._shown(advance(transfer=self.get_object(), by=acting_user(request)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def abort(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """End the transfer before anything is handed over; needs a fresh step-up."""
        require_step_up(request)
        told(Body, request)
        return self._shown(abort(transfer=self.get_object(), by=acting_user(request)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="counsel-word")
    def counsel_word(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Counsel says that the legal basis fits."""
        told(Body, request)
        return self._shown(give_counsel_word(transfer=self.get_object(), by=acting_user(request)))

    @extend_schema(responses=ApprovalSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def approvals(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """The approvals on record."""
        page = self.paginate_queryset(Approval.objects.filter(transfer=self.get_object()))
        return self.get_paginated_response(ApprovalSerializer(page, many=True).data)

    @extend_schema(request=NewApproval, responses={201: ApprovalSerializer})
    @approvals.mapping.post
    def record_approval(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Enter an approval of a regulator or of shareholders."""
        values = told(NewApproval, request)
        made = record_approval(transfer=self.get_object(), by=acting_user(request), **values)
        return Response(ApprovalSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ApprovalCorrection, responses={201: ApprovalSerializer})
    @action(detail=True, methods=["post"], url_path="approvals/<uuid:approval>/correct")
    def correct_approval(self, request: Request, pk: str, approval: str) -> Response:  # noqa: ARG002
        """Correct an entry; the wrong one stays beside it."""
        row = get_object_or_404(Approval, pk=approval, transfer=self.get_object())
        values = told(ApprovalCorrection, request)
        made = correct_approval(approval=row, by=acting_user(request), **values)
        return Response(ApprovalSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Close a settled transfer; needs a fresh step-up."""
        require_step_up(request)
        told(Body, request)
        return self._shown(close_transfer(transfer=self.get_object(), by=acting_user(request)))


class ExceptionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[GateException]):
    """Exceptions to gates: asked by one person, granted by another."""

    serializer_class = ExceptionSerializer
    queryset = GateException.objects.none()
    shows_data = False
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "create": "transfer.ask_exception",
        "grant": "transfer.grant_exception",
    }

    def part(self, transfer: Transfer) -> QuerySet[GateException]:
        return GateException.objects.filter(transfer=transfer)

    @extend_schema(request=NewException, responses={201: ExceptionSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Ask to pass a closed gate."""
        made = ask_exception(transfer=self.transfer, by=self.person, **told(NewException, request))
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def grant(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Grant what somebody else asked for; needs a fresh step-up."""
        require_step_up(request)
        told(Body, request)
        return self.shown(grant_exception(exception=self.get_object(), by=self.person))
