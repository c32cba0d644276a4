"""What becomes of each client, and the funnel they add up to."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, CountsField, asked, told
from transfer.api.base import TransferPart
from transfer.models import ClientCase, Transfer
from transfer.services.cases import assess_cases, funnel


class CaseSerializer(serializers.ModelSerializer[ClientCase]):
    reasons = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ClientCase
        fields = (
            "id", "client", "state", "since", "requirement", "served", "served_on", "window_ends_on", "reasons",
        )  # fmt: skip
        read_only_fields = fields


class FunnelSerializer(serializers.Serializer[Any]):
    """Every state once; together all the clients."""

    states = CountsField()
    clients = serializers.IntegerField()


class CaseQuery(Body):
    state = serializers.ChoiceField(choices=ClientCase.State.choices, required=False)
    client = serializers.UUIDField(required=False)


class CaseViewSet(mixins.RetrieveModelMixin, TransferPart[ClientCase]):
    """One case for every client, in exactly one state, with the law behind it."""

    serializer_class = CaseSerializer
    queryset = ClientCase.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "funnel": "transfer.view_transfer",
        "assess": "transfer.assess_cases",
    }

    def part(self, transfer: Transfer) -> QuerySet[ClientCase]:
        return ClientCase.objects.filter(transfer=transfer)

    @extend_schema(parameters=[CaseQuery])
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The cases, by state if asked."""
        return self.paged(self.get_queryset().filter(**asked(CaseQuery, request)), CaseSerializer)

    @extend_schema(responses=FunnelSerializer)
    @action(detail=False)
    def funnel(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """How many clients are in each state."""
        return self._counted(funnel(self.transfer))

    @extend_schema(request=None, responses=FunnelSerializer)
    @action(detail=False, methods=["post"])
    def assess(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Weigh every case anew on today's facts."""
        told(Body, request)
        return self._counted(assess_cases(transfer=self.transfer, by=self.person))

    @staticmethod
    def _counted(states: dict[str, int]) -> Response:
        return Response({"states": states, "clients": sum(states.values())})
