"""Separate consent, withdrawals after the handover, the sealed archive, and the masked profile."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, HexField, asked, told
from access.stepup import require_step_up
from audit.errors import Refused
from audit.reading import reading
from clients.models import Client, ConsentRecord, NoticeCampaign, SealedArchive
from clients.services.archives import open_archive
from clients.services.consents import (
    LoadedAnswers,
    give_consent,
    import_consents,
    refuse_consent,
    withdraw_consent,
)
from transfer.api.base import TransferPart, uploaded
from transfer.api.notices import NewFile
from transfer.models import DiligenceProfile, Recall, Transfer
from transfer.services.cases import current_campaign
from transfer.services.diligence import read_profile, release_profile
from transfer.services.recalls import keep_client, return_client

ACTS = {"given": give_consent, "refused": refuse_consent, "withdrawn": withdraw_consent}


class ConsentSerializer(serializers.ModelSerializer[ConsentRecord]):
    notice_digest = HexField()

    class Meta:
        model = ConsentRecord
        fields = (
            "id", "client", "purpose", "campaign", "notice_digest", "controller", "recipient", "answer", "channel",
            "answered_at", "by_guardian", "reference", "evidence", "entered_by", "entered_at",
        )  # fmt: skip
        read_only_fields = fields


class ConsentQuery(Body):
    answer = serializers.ChoiceField(choices=ConsentRecord.Answer.choices, required=False)
    client = serializers.UUIDField(required=False)


class NewConsent(Body):
    client = serializers.UUIDField()
    answer = serializers.ChoiceField(choices=ConsentRecord.Answer.choices)
    channel = serializers.ChoiceField(choices=ConsentRecord.Channel.choices)
    answered_at = serializers.DateTimeField(required=False)
    reference = serializers.CharField(max_length=60, allow_blank=True, default="")
    by_guardian = serializers.BooleanField(default=False)


class RefusedLine(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    code = serializers.CharField()


class LoadedAnswersSerializer(serializers.Serializer[LoadedAnswers]):
    kept = serializers.IntegerField()
    known = serializers.IntegerField()
    unknown_lines = serializers.ListField(child=serializers.IntegerField())
    refused_lines = serializers.SerializerMethodField()

    @extend_schema(responses=RefusedLine(many=True))
    def get_refused_lines(self, loaded: LoadedAnswers) -> list[dict[str, Any]]:
        """Lines whose answer cannot count, each with the code of the refusal."""
        return [{"line": line, "code": code} for line, code in loaded.refused_lines]


class ConsentViewSet(mixins.RetrieveModelMixin, TransferPart[ConsentRecord]):
    """Every answer of every client; the last one counts. No PUT and no DELETE."""

    serializer_class = ConsentSerializer
    queryset = ConsentRecord.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "clients.view_notice",
        "retrieve": "clients.view_notice",
        "create": "clients.enter_consent",
        "load": "clients.load_evidence",
    }

    def part(self, transfer: Transfer) -> QuerySet[ConsentRecord]:
        return ConsentRecord.objects.filter(occasion=transfer.pk)

    @extend_schema(parameters=[ConsentQuery])
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The answers, by kind or client if asked."""
        return self.paged(self.get_queryset().filter(**asked(ConsentQuery, request)), ConsentSerializer)

    @extend_schema(request=NewConsent, responses={201: ConsentSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Enter one client's answer to the notice that counts."""
        values = told(NewConsent, request)
        client = self.of_part(Client.objects.filter(book=self.transfer.book_id), values.pop("client"))
        made = ACTS[values.pop("answer")](campaign=self._campaign(), client=client, by=self.person, **values)
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request={"multipart/form-data": NewFile}, responses=LoadedAnswersSerializer, filters=False)
    @action(detail=False, methods=["post"], parser_classes=[MultiPartParser])
    def load(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Load a file of answers; loading it again adds nothing."""
        file = uploaded(told(NewFile, request))
        with reading(
            actor=self.person,
            organisation=self.person.organisation_id,
            purpose="consents",
            subjects=[file.pk],
        ) as right:
            loaded = import_consents(
                campaign=self._campaign(), file=file, book=self.transfer.book, reading=right, by=self.person
            )
        return Response(LoadedAnswersSerializer(loaded).data)

    def _campaign(self) -> NoticeCampaign:
        campaign = current_campaign(self.transfer)
        if campaign is None:
            raise Refused("consent.not_asked")
        return campaign


class RecallSerializer(serializers.ModelSerializer[Recall]):
    class Meta:
        model = Recall
        fields = ("id", "client", "withdrawal", "opened_at", "outcome", "words", "decided_by", "decided_at")
        read_only_fields = fields


class RecallDecision(Body):
    outcome = serializers.ChoiceField(
        choices=[choice for choice in Recall.Outcome.choices if choice[0] != Recall.Outcome.OPEN]
    )
    words = serializers.CharField(max_length=1_000)


class RecallViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[Recall]):
    """Clients who withdrew after the handover."""

    serializer_class = RecallSerializer
    queryset = Recall.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_transfer",
        "retrieve": "transfer.view_transfer",
        "decide": "transfer.decide_recall",
    }

    def part(self, transfer: Transfer) -> QuerySet[Recall]:
        return Recall.objects.filter(transfer=transfer)

    @extend_schema(request=RecallDecision)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Give the client back, or keep it by its own new consent; needs a fresh step-up."""
        require_step_up(request)
        values = told(RecallDecision, request)
        service = return_client if values["outcome"] == Recall.Outcome.RETURNED else keep_client
        return self.shown(service(recall=self.get_object(), words=values["words"], by=self.person))


class ArchiveSerializer(serializers.ModelSerializer[SealedArchive]):
    rows_root = HexField()

    class Meta:
        model = SealedArchive
        fields = ("id", "move", "holder", "client_count", "row_count", "rows_root", "sealed_at")
        read_only_fields = fields


class ArchiveReason(Body):
    client = serializers.UUIDField()
    words = serializers.CharField(max_length=400)


class ArchivedRowDocument(serializers.Serializer[Any]):
    label = serializers.CharField()
    fields_of_row = serializers.DictField()


class ArchiveViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[SealedArchive]):
    """What a surviving transferor keeps, sealed; only its own people see that there is something."""

    serializer_class = ArchiveSerializer
    queryset = SealedArchive.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "clients.view_archive",
        "retrieve": "clients.view_archive",
        "open": "clients.open_archive",
    }

    def part(self, transfer: Transfer) -> QuerySet[SealedArchive]:
        return SealedArchive.objects.filter(occasion=transfer.pk, holder=self.person.organisation_id)

    @extend_schema(request=ArchiveReason, responses=ArchivedRowDocument(many=True), filters=False)
    @action(detail=False, methods=["post"])
    def open(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Open one client's archived record for a reason; needs a fresh step-up."""
        require_step_up(request)
        values = told(ArchiveReason, request)
        client = self.of_part(Client.objects.filter(book=self.transfer.book_id), values["client"])
        opened = open_archive(client=client, words=values["words"], by=self.person, occasion=self.transfer.pk)
        return Response([{"label": row.label, "fields_of_row": fields} for row, fields in opened])


class ProfileSerializer(serializers.ModelSerializer[DiligenceProfile]):
    class Meta:
        model = DiligenceProfile
        fields = ("id", "number", "content", "digest", "released_by", "released_at")
        read_only_fields = fields


class ProfileViewSet(TransferPart[DiligenceProfile]):
    """The masked profile of a share transfer; every look at it stands in the log."""

    serializer_class = ProfileSerializer
    queryset = DiligenceProfile.objects.none()
    shows_data = False
    permission_for: ClassVar[dict[str, str]] = {
        "list": "transfer.view_profile",
        "create": "transfer.release_profile",
    }

    def part(self, transfer: Transfer) -> QuerySet[DiligenceProfile]:
        return DiligenceProfile.objects.filter(transfer=transfer)

    @extend_schema(responses=ProfileSerializer, filters=False)
    def list(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """The newest profile; that it was looked at is recorded first."""
        return Response(ProfileSerializer(read_profile(transfer=self.transfer, by=self.person)).data)

    @extend_schema(request=None, responses={201: ProfileSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Release a profile of the book as it stands."""
        told(Body, request)
        return self.shown(release_profile(transfer=self.transfer, by=self.person), status.HTTP_201_CREATED)
