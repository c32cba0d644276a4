"""The agreement: versions, signatures, clauses and what follows when one is breached."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, HexField, Words, told
from access.stepup import require_step_up
from audit.reading import reading
from transfer.api.base import TransferPart, uploaded
from transfer.letters import purpose_words
from transfer.models import Agreement, Clause, ClauseBreach, Signature, Transfer
from transfer.policies import BOTH, require_side
from transfer.services.agreements import (
    check_clauses,
    decide_breach,
    draft_agreement,
    register_executed,
    sign_agreement,
)


class SignatureSerializer(serializers.ModelSerializer[Signature]):
    signature = HexField()

    class Meta:
        model = Signature
        fields = ("organisation", "signed_by", "signed_at", "signature", "fingerprint")
        read_only_fields = fields


class ClauseSerializer(serializers.ModelSerializer[Clause]):
    class Meta:
        model = Clause
        fields = (
            "id", "number", "text_en", "text_zh", "owner_side", "check_code", "due_on", "consequence_en",
            "consequence_zh",
        )  # fmt: skip
        read_only_fields = fields


class PurposeSerializer(serializers.Serializer[Any]):
    en = serializers.CharField(max_length=500)
    zh = serializers.CharField(max_length=500)


class AgreementSerializer(serializers.ModelSerializer[Agreement]):
    digest = HexField()
    purposes = serializers.SerializerMethodField()
    field_scope = serializers.ListField(child=serializers.CharField(), read_only=True)
    signatures = SignatureSerializer(many=True, read_only=True)
    clauses = ClauseSerializer(many=True, read_only=True)

    class Meta:
        model = Agreement
        fields = (
            "id", "version", "title", "purposes", "purpose_changed", "field_scope", "digest", "executed_digest",
            "signed_on", "created_by", "created_at", "signatures", "clauses",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(PurposeSerializer(many=True))
    def get_purposes(self, agreement: Agreement) -> list[dict[str, str]]:
        """In words, also those that the document names by code."""
        return [
            {"en": purpose_words(purpose, "en"), "zh": purpose_words(purpose, "zh-hans")}
            for purpose in agreement.purposes
        ]


class BreachSerializer(serializers.ModelSerializer[ClauseBreach]):
    clause_number = serializers.IntegerField(source="clause.number", read_only=True)

    class Meta:
        model = ClauseBreach
        fields = ("id", "clause", "clause_number", "fact", "found_at", "decision", "decided_by", "decided_at")
        read_only_fields = fields


class NewPurpose(Body):
    en = serializers.CharField(max_length=500)
    zh = serializers.CharField(max_length=500)


class NewClause(Body):
    number = serializers.IntegerField(min_value=1)
    text_en = serializers.CharField(max_length=5_000)
    text_zh = serializers.CharField(max_length=5_000)
    owner_side = serializers.ChoiceField(choices=Clause.Side.choices)
    check = serializers.CharField(max_length=40)
    due_on = serializers.DateField(required=False, allow_null=True)
    consequence_en = serializers.CharField(max_length=5_000)
    consequence_zh = serializers.CharField(max_length=5_000)


class NewAgreement(Body):
    title = serializers.CharField(max_length=200)
    purposes = NewPurpose(many=True, allow_empty=False)
    purpose_changed = serializers.BooleanField(default=False)
    field_scope = serializers.ListField(child=serializers.CharField(max_length=80), allow_empty=False)
    clauses = NewClause(many=True, allow_empty=False)


class NewExecuted(Body):
    file = serializers.FileField()
    signed_on = serializers.DateField()


class AgreementViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[Agreement]):
    """Versions of the agreement; a new version replaces the one before until both parties have signed."""

    serializer_class = AgreementSerializer
    queryset = Agreement.objects.none()
    shows_data = False
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "create": "transfer.draft_agreement",
        "executed": "transfer.sign_agreement",
        "sign": "transfer.sign_agreement",
    }

    def part(self, transfer: Transfer) -> QuerySet[Agreement]:
        return Agreement.objects.filter(transfer=transfer).prefetch_related("signatures", "clauses")

    @extend_schema(request=NewAgreement, responses={201: AgreementSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Draft a version: every clause names its owner, its check and its consequence."""
        made = draft_agreement(transfer=self.transfer, terms=told(NewAgreement, request), by=self.person)
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request={"multipart/form-data": NewExecuted})
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def executed(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Register the executed document by the digest of its bytes."""
        values = told(NewExecuted, request)
        agreement, file = self.get_object(), uploaded(values)
        with reading(
            actor=self.person, organisation=file.holder, purpose="executed_agreement", subjects=[file.pk]
        ) as right:
            done = register_executed(
                agreement=agreement,
                document=file,
                signed_on=values["signed_on"],
                reading=right,
                by=self.person,
            )
        return self.shown(done)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Sign exactly this version for the caller's organisation; needs a fresh step-up."""
        require_step_up(request)
        told(Body, request)
        return self.shown(sign_agreement(agreement=self.get_object(), by=self.person).agreement)


class BreachViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[ClauseBreach]):
    """Clauses found broken by their checks, and what was decided about it."""

    serializer_class = BreachSerializer
    queryset = ClauseBreach.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "check": "transfer.draft_agreement",
        "decide": "transfer.decide_breach",
    }

    def part(self, transfer: Transfer) -> QuerySet[ClauseBreach]:
        return ClauseBreach.objects.filter(clause__agreement__transfer=transfer).select_related(
            "clause__agreement"
        )

    @extend_schema(request=None, responses=BreachSerializer(many=True), filters=False)
    @action(detail=False, methods=["post"], pagination_class=None)
    def check(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Check every clause on today's facts; the answer holds the breaches found by this call only."""
        told(Body, request)
        require_side(self.person, "transfer.draft_agreement", self.transfer, *BOTH)
        found = check_clauses(transfer=self.transfer, by=self.person)
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(request=Words)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Decide, in words, what follows from the breach."""
        words = told(Words, request)["words"]
        return self.shown(decide_breach(breach=self.get_object(), decision=words, by=self.person))
