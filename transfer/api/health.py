"""The health report with its money and rows, and what becomes of every source field."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, CountsField, asked, told
from transfer.api.base import TransferPart
from transfer.models import Extract, FieldPolicy, Finding, Transfer
from transfer.services.health import CODES, HealthReport, health_report
from transfer.services.policies import declare_field, set_policy


class MoneyField(serializers.DictField):
    """Amounts by currency, as decimal text."""

    child = serializers.DecimalField(max_digits=30, decimal_places=4, coerce_to_string=True)


class HealthSerializer(serializers.Serializer[HealthReport]):
    clients = serializers.IntegerField()
    counts = CountsField()
    money = serializers.DictField(child=MoneyField())
    total_money = MoneyField()
    rejects = CountsField()


class FindingSerializer(serializers.ModelSerializer[Finding]):
    class Meta:
        model = Finding
        fields = ("id", "run", "code", "line", "client")
        read_only_fields = fields


class PolicySerializer(serializers.ModelSerializer[FieldPolicy]):
    crosswalk = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = FieldPolicy
        fields = ("id", "kind", "source_field", "target_field", "policy", "crosswalk")
        read_only_fields = fields


class HealthQuery(Body):
    side = serializers.ChoiceField(choices=["transferor", "transferee"], default="transferor")


class FindingQuery(HealthQuery):
    code = serializers.ChoiceField(choices=CODES)


class PolicyQuery(Body):
    kind = serializers.ChoiceField(choices=Extract.Kind.choices, required=False)
    policy = serializers.ChoiceField(choices=FieldPolicy.Policy.choices, required=False)


class NewPolicy(Body):
    policy = serializers.ChoiceField(choices=FieldPolicy.Policy.choices)


class NewField(Body):
    kind = serializers.ChoiceField(choices=Extract.Kind.choices)
    source_field = serializers.CharField(max_length=80)


class HealthViewSet(TransferPart[Finding]):
    """What the data of one side looks like."""

    serializer_class = HealthSerializer
    queryset = Finding.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_import",
        "findings": "transfer.view_import",
    }

    @extend_schema(
        parameters=[HealthQuery],
        responses=forced_singular_serializer(HealthSerializer),
        filters=False,
        operation_id="health_report",
    )
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Clients and money per finding."""
        return Response(HealthSerializer(self._report(asked(HealthQuery, request)["side"])).data)

    @extend_schema(parameters=[FindingQuery], responses=FindingSerializer(many=True))
    @action(detail=False)
    def findings(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The rows behind one count."""
        wanted = asked(FindingQuery, request)
        rows = self._report(wanted["side"]).rows(wanted["code"])
        return self.paged(rows, FindingSerializer)

    def _report(self, side: str) -> HealthReport:
        transfer: Transfer = self.transfer
        if side == "transferor":
            return health_report(transfer)
        if transfer.transferee_id is None or self.person.organisation_id == transfer.transferor_id:
            raise Http404
        return health_report(transfer, side=transfer.transferee_id)


class PolicyViewSet(mixins.RetrieveModelMixin, TransferPart[FieldPolicy]):
    """Exactly one policy for every source field."""

    serializer_class = PolicySerializer
    queryset = FieldPolicy.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_import",
        "retrieve": "transfer.view_import",
        "create": "transfer.set_policy",
        "set": "transfer.set_policy",
    }

    def part(self, transfer: Transfer) -> QuerySet[FieldPolicy]:
        return FieldPolicy.objects.filter(transfer=transfer)

    @extend_schema(parameters=[PolicyQuery])
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The policies."""
        return self.paged(self.get_queryset().filter(**asked(PolicyQuery, request)), PolicySerializer)

    @extend_schema(request=NewField, responses={201: PolicySerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Let a field that is none of ours stand in extracts of this kind; it is never stored."""
        made = declare_field(transfer=self.transfer, by=self.person, **told(NewField, request))
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=NewPolicy)
    @action(detail=True, methods=["post"])
    def set(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Choose what becomes of the field."""
        values: dict[str, Any] = told(NewPolicy, request)
        return self.shown(set_policy(policy_row=self.get_object(), by=self.person, **values))
