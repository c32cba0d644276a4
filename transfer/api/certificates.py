"""The certificate: drafted, signed by an officer of each side, downloaded with its keys and proofs."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.models import User
from access.serializers import Body, HexField, told
from access.stepup import require_step_up
from clients.models import Client
from transfer.api.base import TransferPart
from transfer.models import Certificate, CertificateDraft, CertificateSignature, Transfer
from transfer.services.certificates import (
    download_certificate,
    draft_certificate,
    draw_proof,
    party_keys,
    read_draft,
    sign_certificate,
)


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    root = HexField()

    class Meta:
        model = Certificate
        fields = ("id", "number", "issued_at", "issued_by", "client_count", "root", "digest")
        read_only_fields = fields


class PartySignature(serializers.Serializer[Any]):
    organisation = serializers.UUIDField()
    public = serializers.CharField()
    signature = serializers.CharField()


class CertificateDocument(serializers.Serializer[Any]):
    """The file itself: the statement as text, and both signatures over its UTF-8 bytes."""

    statement = serializers.CharField()
    signatures = PartySignature(many=True)


class BatchPlace(serializers.Serializer[Any]):
    """The same client's place in the batch that both firms signed."""

    number = serializers.IntegerField()
    index = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())


class InclusionProof(serializers.Serializer[Any]):
    format = serializers.CharField()
    certificate = serializers.CharField()
    client = serializers.UUIDField()
    record_digest = serializers.CharField()
    key_commitment = serializers.CharField()
    index = serializers.IntegerField()
    size = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())
    batch = BatchPlace()


class DraftSignatureSerializer(serializers.ModelSerializer[CertificateSignature]):
    class Meta:
        model = CertificateSignature
        fields = ("organisation", "signer", "signed_at")
        read_only_fields = fields


class DraftSerializer(serializers.ModelSerializer[CertificateDraft]):
    """A frozen statement: ``digest`` is the SHA-256 of its UTF-8; ``certificate`` is null until both have signed."""

    root = HexField()
    signatures = DraftSignatureSerializer(many=True, read_only=True)
    certificate = serializers.SerializerMethodField()

    class Meta:
        model = CertificateDraft
        fields = (
            "id", "number", "client_count", "root", "digest", "drafted_by", "drafted_at", "withdrawn_at", "signatures",
            "certificate",
        )  # fmt: skip
        read_only_fields = fields

    def get_certificate(self, draft: CertificateDraft) -> UUID | None:
        """The certificate that was issued from it."""
        issued = getattr(draft, "certificate", None)
        return None if issued is None else issued.pk


class NewDraft(Body):
    """The officers who sign, by their account names."""

    transferor_signer = serializers.CharField(max_length=150)
    transferee_signer = serializers.CharField(max_length=150)


class CertificateDraftViewSet(
    mixins.RetrieveModelMixin, mixins.ListModelMixin, TransferPart[CertificateDraft]
):
    """Statements frozen for both firms to sign; at most one is live."""

    serializer_class = DraftSerializer
    queryset = CertificateDraft.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "statement": "transfer.view_transfer",
        "create": "transfer.issue_certificate",
        "sign": "transfer.issue_certificate",
    }

    def part(self, transfer: Transfer) -> QuerySet[CertificateDraft]:
        drafts = CertificateDraft.objects.filter(transfer=transfer)
        return drafts.select_related("transfer", "certificate").prefetch_related("signatures")

    @extend_schema(request=NewDraft, responses={201: DraftSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Freeze the statement for one named officer of each side."""
        given: dict[str, Any] = told(NewDraft, request)
        signers = {name: get_object_or_404(self._officers(name), username=given[name]) for name in given}
        made = draft_certificate(transfer=self.transfer, by=self.person, **signers)
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Sign for the own firm; needs a fresh step-up. The second firm's signature issues the certificate."""
        require_step_up(request)
        told(Body, request)
        draft = self.get_object()
        sign_certificate(draft=draft, by=self.person)
        return self.shown(draft)

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    @action(detail=True)
    def statement(self, request: Request, transfer: str, pk: str) -> HttpResponse:  # noqa: ARG002
        """The exact bytes that are signed."""
        return _json_file(read_draft(draft=self.get_object(), by=self.person), "statement")

    def _officers(self, name: str) -> QuerySet[User]:
        side = name.removesuffix("_signer")
        return User.objects.filter(organisation=getattr(self.transfer, f"{side}_id"))


class CertificateViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, TransferPart[Certificate]):
    """At most one certificate for a transfer; documents come byte for byte as they were signed."""

    serializer_class = CertificateSerializer
    queryset = Certificate.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "document": "transfer.view_transfer",
        "keys": "transfer.view_transfer",
        "proof": "transfer.draw_proof",
    }

    def part(self, transfer: Transfer) -> QuerySet[Certificate]:
        return Certificate.objects.filter(transfer=transfer).select_related("transfer")

    @extend_schema(responses=CertificateDocument)
    @action(detail=True)
    def document(self, request: Request, transfer: str, pk: str) -> HttpResponse:  # noqa: ARG002
        """The certificate file, as the verifying program takes it."""
        certificate = self.get_object()
        return _json_file(download_certificate(certificate=certificate, by=self.person), certificate.number)

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    @action(detail=True)
    def keys(self, request: Request, transfer: str, pk: str) -> HttpResponse:  # noqa: ARG002
        """The fingerprints of both firms' certificate keys, by organisation id."""
        return _json_file(party_keys(self.get_object().transfer), "keys")

    @extend_schema(responses=InclusionProof)
    @action(detail=True, url_path="proofs/<uuid:client>")
    def proof(self, request: Request, transfer: str, pk: str, client: str) -> HttpResponse:  # noqa: ARG002
        """One client's proof that its record is among those the certificate counts."""
        certificate = self.get_object()
        member = get_object_or_404(Client.objects.filter(book=certificate.transfer.book_id), pk=client)
        return _json_file(
            draw_proof(certificate=certificate, client=member, by=self.person), f"proof-{client}"
        )


def _json_file(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}.json"'
    answer["Cache-Control"] = "no-store"
    return answer
