"""Custody moves, with everything a third party needs to check both signatures and the Merkle root."""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, HexField, asked
from clients.models import CustodyMember, CustodyMove
from clients.services.custody import acceptance_bytes, release_bytes
from transfer.api.base import TransferPart
from transfer.models import Transfer
from vault.signing import signer


class CustodyMoveSerializer(serializers.ModelSerializer[CustodyMove]):
    """One batch. The signed bytes of a statement are the UTF-8 of its text, exactly as it stands here."""

    mandate_digest = HexField()
    members_root = HexField()
    release_statement = serializers.SerializerMethodField()
    release_signature = HexField()
    giver_key = serializers.SerializerMethodField()
    acceptance_statement = serializers.SerializerMethodField()
    acceptance_signature = HexField(allow_null=True)
    taker_key = serializers.SerializerMethodField()

    class Meta:
        model = CustodyMove
        fields = (
            "id", "number", "giver", "taker", "state", "mandate_digest", "client_count", "members_root",
            "released_at", "release_statement", "release_signature", "giver_key", "accepted_at",
            "acceptance_statement", "acceptance_signature", "taker_key",
        )  # fmt: skip
        read_only_fields = fields

    def get_release_statement(self, move: CustodyMove) -> str:
        """What the giver signed."""
        return release_bytes(move).decode()

    def get_acceptance_statement(self, move: CustodyMove) -> str | None:
        """What the taker signed; null while the batch waits."""
        return acceptance_bytes(move).decode() if move.acceptance_signature is not None else None

    def get_giver_key(self, move: CustodyMove) -> str:
        """The giver's public Ed25519 custody key, in hex."""
        return self._key(move.giver_id)

    def get_taker_key(self, move: CustodyMove) -> str:
        """The taker's public Ed25519 custody key, in hex."""
        return self._key(move.taker_id)

    def _key(self, organisation: UUID) -> str:
        keys: Callable[[UUID], str] = self.context["keys"]
        return keys(organisation)


class MemberSerializer(serializers.ModelSerializer[CustodyMember]):
    record_digest = HexField()
    key_commitment = HexField()

    class Meta:
        model = CustodyMember
        fields = ("position", "client", "record_digest", "key_commitment")
        read_only_fields = fields


class MoveQuery(Body):
    state = serializers.ChoiceField(choices=CustodyMove.State.choices, required=False)


class CustodyMoveViewSet(mixins.RetrieveModelMixin, TransferPart[CustodyMove]):
    """The batches of this transfer, in their order."""

    serializer_class = CustodyMoveSerializer
    queryset = CustodyMove.objects.none()
    ordering = "number"
    permission_for: ClassVar[dict[str, str]] = dict.fromkeys(
        ("list", "retrieve", "members"), "transfer.view_transfer"
    )

    def part(self, transfer: Transfer) -> QuerySet[CustodyMove]:
        return CustodyMove.objects.filter(occasion=transfer.pk)

    def get_serializer_context(self) -> dict[str, Any]:
        # A page of batches names two firms over and over: each key is read once.
        return super().get_serializer_context() | {"keys": cache(_custody_key)}

    @extend_schema(parameters=[MoveQuery])
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The batches with both statements and signatures."""
        return self.paged(self.get_queryset().filter(**asked(MoveQuery, request)), CustodyMoveSerializer)

    @extend_schema(responses=MemberSerializer(many=True))
    @action(detail=True)
    def members(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """The clients of one batch in the order of their leaves, by id and digests only."""
        self.ordering = "position"
        return self.paged(self.get_object().members.all(), MemberSerializer)


def _custody_key(organisation: UUID) -> str:
    return signer("custody", organisation).public.hex()
