"""The break ledger: differences, and what became of each."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, Words, asked, told
from access.stepup import require_step_up
from transfer.api.base import TransferPart
from transfer.models import Break, ReturnFile, Transfer
from transfer.models.breaks import BreakSecret
from transfer.services.breaks import (
    REVEAL_PURPOSES,
    ask_write_off,
    decide_write_off,
    explain_break,
    reveal_break,
)


class BreakSerializer(serializers.ModelSerializer[Break]):
    """A break without its two values: those lie sealed and are revealed one at a time."""

    class Meta:
        model = Break
        fields = (
            "id", "run", "source", "kind", "field", "client", "row", "line", "state", "owner_side", "found_at",
            "explanation", "asked_by", "decided_by", "decided_at",
        )  # fmt: skip
        read_only_fields = fields


class BreakValuesSerializer(serializers.Serializer[BreakSecret]):
    source_key = serializers.CharField()
    expected = serializers.CharField(allow_blank=True)
    actual = serializers.CharField(allow_blank=True)


class BreakQuery(Body):
    run = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=Break.State.choices, required=False)
    source = serializers.ChoiceField(choices=ReturnFile.Source.choices, required=False)
    client = serializers.UUIDField(required=False)


class WriteOffDecision(Body):
    grant = serializers.BooleanField()


class BreakPurpose(Words):
    purpose = serializers.ChoiceField(choices=sorted(REVEAL_PURPOSES))


class BreakViewSet(mixins.RetrieveModelMixin, TransferPart[Break]):
    """Differences between what was handed over and what came back."""

    serializer_class = BreakSerializer
    queryset = Break.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "explain": "transfer.work_break",
        "ask_write_off": "transfer.work_break",
        "decide_write_off": "transfer.decide_write_off",
        "reveal": "transfer.reveal_break",
    }

    def part(self, transfer: Transfer) -> QuerySet[Break]:
        return Break.objects.filter(run__transfer=transfer).select_related("run")

    @extend_schema(parameters=[BreakQuery])
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The breaks, by run and state if asked."""
        return self.paged(self.get_queryset().filter(**asked(BreakQuery, request)), BreakSerializer)

    @extend_schema(request=Words)
    @action(detail=True, methods=["post"])
    def explain(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """State the cause."""
        return self.shown(explain_break(break_=self.get_object(), by=self.person, **told(Words, request)))

    @extend_schema(request=Words)
    @action(detail=True, methods=["post"], url_path="ask-write-off")
    def ask_write_off(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Ask a second person to write the break off."""
        return self.shown(ask_write_off(break_=self.get_object(), by=self.person, **told(Words, request)))

    @extend_schema(request=WriteOffDecision)
    @action(detail=True, methods=["post"], url_path="decide-write-off")
    def decide_write_off(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Grant or refuse what somebody else asked for; needs a fresh step-up."""
        require_step_up(request)
        values: dict[str, Any] = told(WriteOffDecision, request)
        return self.shown(decide_write_off(break_=self.get_object(), by=self.person, **values))

    @extend_schema(request=BreakPurpose, responses=BreakValuesSerializer)
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """The two values in the clear, for a purpose; recorded before they are opened."""
        secret = reveal_break(break_=self.get_object(), by=self.person, **told(BreakPurpose, request))
        return Response(BreakValuesSerializer(secret).data, headers={"Cache-Control": "no-store"})
