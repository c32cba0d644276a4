"""The statement of a transfer in which nothing moved."""

from typing import ClassVar

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.models import User
from access.serializers import Body, told
from access.stepup import require_step_up
from transfer.api.base import TransferPart
from transfer.api.certificates import CertificateDocument, CertificateSerializer, _json_file
from transfer.bases import MOVING
from transfer.models import Certificate, CertificateDraft, Transfer
from transfer.services.certificates import download_certificate, live_draft, party_keys
from transfer.services.statements import draft_statement, sign_statement


class NewStatement(Body):
    """Who signs, by account: one officer of each firm."""

    transferor_signer = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.filter(is_active=True)
    )
    transferee_signer = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.filter(is_active=True)
    )


class StatementDraftSerializer(serializers.ModelSerializer[CertificateDraft]):
    signed = serializers.SerializerMethodField()

    class Meta:
        model = CertificateDraft
        fields = ("id", "number", "drafted_by", "drafted_at", "digest", "signed")
        read_only_fields = fields

    def get_signed(self, draft: CertificateDraft) -> int:
        """How many of the two have signed."""
        return draft.signatures.exclude(signed_at=None).count()


class StatementViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[Certificate]):
    """At most one statement that nothing was handed over; open to both firms, for it shows no client's data."""

    serializer_class = CertificateSerializer
    queryset = Certificate.objects.none()
    shows_data = False
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "create": "transfer.issue_certificate",
        "sign": "transfer.issue_certificate",
        "document": "transfer.view_transfer",
        "keys": "transfer.view_transfer",
    }

    def part(self, transfer: Transfer) -> QuerySet[Certificate]:
        own = Certificate.objects.filter(transfer=transfer).select_related("transfer")
        return own.exclude(transfer__basis__in=MOVING)

    @extend_schema(request=NewStatement, responses={201: StatementDraftSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Draft the statement for one officer of each firm to sign."""
        made = draft_statement(transfer=self.transfer, by=self.person, **told(NewStatement, request))
        return Response(StatementDraftSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=StatementDraftSerializer, filters=False)
    @action(detail=False, methods=["post"])
    def sign(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Sign the draft for one's own firm; the second signature issues it; needs a fresh step-up."""
        require_step_up(request)
        told(Body, request)
        draft = live_draft(self.transfer)
        if draft is None:
            raise Http404
        sign_statement(draft=draft, by=self.person)
        draft.refresh_from_db()
        return Response(StatementDraftSerializer(draft).data)

    @extend_schema(responses=CertificateDocument)
    @action(detail=True)
    def document(self, request: Request, transfer: str, pk: str) -> HttpResponse:  # noqa: ARG002
        """The file, as the verifying program takes it."""
        found = self.get_object()
        return _json_file(download_certificate(certificate=found, by=self.person), found.number)

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    @action(detail=True)
    def keys(self, request: Request, transfer: str, pk: str) -> HttpResponse:  # noqa: ARG002
        """The fingerprints of both firms' certificate keys, by organisation id."""
        return _json_file(party_keys(self.get_object().transfer), "keys")
