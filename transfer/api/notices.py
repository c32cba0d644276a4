"""Notices to clients, proof that they arrived, and what clients answered."""

import datetime
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from access.serializers import Body, HexField, asked, told
from audit.reading import reading
from clients.models import Announcement, Client, DeliveryEvidence, NoticeCampaign, Objection
from clients.services.notices import (
    Loaded,
    approve_campaign,
    enter_announcement,
    import_delivery_evidence,
    sign_off_announcement,
)
from clients.services.objections import decide_objection, enter_objection, import_objections
from transfer.api.base import TransferPart, uploaded
from transfer.models import Transfer
from transfer.services.letters import draft_notice, usual_values

_DATES = ("effective_on",)


class NoticeSerializer(serializers.ModelSerializer[NoticeCampaign]):
    text_digest = HexField()

    class Meta:
        model = NoticeCampaign
        fields = (
            "id", "sender", "number", "text_en", "text_zh", "text_digest", "created_by", "created_at",
            "approved_by", "approved_at",
        )  # fmt: skip
        read_only_fields = fields


class EvidenceSerializer(serializers.ModelSerializer[DeliveryEvidence]):
    class Meta:
        model = DeliveryEvidence
        fields = ("id", "client", "channel", "outcome", "dated_on", "reference", "entered_at")
        read_only_fields = fields


class AnnouncementSerializer(serializers.ModelSerializer[Announcement]):
    class Meta:
        model = Announcement
        fields = ("id", "medium", "published_on", "reference", "entered_by", "signed_off_by", "signed_off_at")
        read_only_fields = fields


class ObjectionSerializer(serializers.ModelSerializer[Objection]):
    class Meta:
        model = Objection
        fields = ("id", "client", "raised_on", "wish", "decision", "decided_by", "decided_at", "entered_at")
        read_only_fields = fields


class LoadedSerializer(serializers.Serializer[Loaded]):
    kept = serializers.IntegerField()
    known = serializers.IntegerField()
    unknown = serializers.IntegerField()
    unknown_lines = serializers.ListField(child=serializers.IntegerField())


class EvidenceQuery(Body):
    outcome = serializers.ChoiceField(choices=DeliveryEvidence.Outcome.choices, required=False)
    client = serializers.UUIDField(required=False)


class ObjectionQuery(Body):
    decision = serializers.ChoiceField(choices=Objection.Decision.choices, required=False)
    wish = serializers.ChoiceField(choices=Objection.Wish.choices, required=False)
    client = serializers.UUIDField(required=False)


class NoticeValues(serializers.Serializer[Any]):
    values = serializers.DictField(child=serializers.CharField(allow_blank=True, allow_null=True))


class NewNotice(Body):
    values = serializers.DictField(
        child=serializers.CharField(max_length=2_000, allow_blank=True), default=dict
    )


class NewFile(Body):
    file = serializers.FileField()


class NewAnnouncement(Body):
    medium = serializers.CharField(max_length=120)
    published_on = serializers.DateField()
    reference = serializers.CharField(max_length=60)


class NewObjection(Body):
    client = serializers.UUIDField()
    wish = serializers.ChoiceField(choices=Objection.Wish.choices)
    raised_on = serializers.DateField()
    destination = serializers.CharField(max_length=120, allow_blank=True, default="")


class Decision(Body):
    decision = serializers.ChoiceField(
        choices=[choice for choice in Objection.Decision.choices if choice[0] != Objection.Decision.OPEN]
    )


class NoticeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TransferPart[NoticeCampaign]):
    """The transferor's notices to its clients."""

    serializer_class = NoticeSerializer
    queryset = NoticeCampaign.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "clients.view_notice",
        "retrieve": "clients.view_notice",
        "usual_values": "clients.draft_notice",
        "create": "clients.draft_notice",
        "approve": "clients.approve_notice",
        "evidence": "clients.view_notice",
        "load_evidence": "clients.load_evidence",
        "announcements": "clients.view_notice",
        "announce": "clients.load_evidence",
        "sign_off": "clients.sign_off_announcement",
        "objections": "clients.view_notice",
        "enter_objection": "clients.enter_objection",
        "load_objections": "clients.load_evidence",
        "decide_objection": "clients.decide_objection",
    }

    def part(self, transfer: Transfer) -> QuerySet[NoticeCampaign]:
        return NoticeCampaign.objects.filter(occasion=transfer.pk)

    @extend_schema(responses=NoticeValues)
    @action(detail=False, url_path="usual-values")
    def usual_values(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """What a new notice says unless it is worded otherwise."""
        values = usual_values(self.transfer)
        return Response(
            {"values": {name: None if said is None else str(said) for name, said in values.items()}}
        )

    @extend_schema(request=NewNotice, responses={201: NoticeSerializer})
    def create(self, request: Request, transfer: str) -> Response:  # noqa: ARG002
        """Draft a notice in both languages; ``values`` replaces some of the usual words."""
        usual = usual_values(self.transfer)
        given = _values(told(NewNotice, request)["values"], usual)
        made = draft_notice(transfer=self.transfer, given=usual | given, by=self.person)
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Approve what somebody else drafted."""
        told(Body, request)
        return self.shown(approve_campaign(campaign=self.get_object(), by=self.person))

    @extend_schema(parameters=[EvidenceQuery], responses=EvidenceSerializer(many=True))
    @action(detail=True)
    def evidence(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """The attempts to reach clients."""
        return self.paged(
            self.get_object().evidence.filter(**asked(EvidenceQuery, request)), EvidenceSerializer
        )

    @extend_schema(request={"multipart/form-data": NewFile}, responses=LoadedSerializer, filters=False)
    @action(detail=True, methods=["post"], url_path="load-evidence", parser_classes=[MultiPartParser])
    def load_evidence(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Load a file of delivery evidence; loading it again adds nothing."""
        return self._load(request, import_delivery_evidence, "delivery_evidence")

    @extend_schema(responses=AnnouncementSerializer(many=True))
    @action(detail=True)
    def announcements(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """The public announcements of this notice."""
        return self.paged(self.get_object().announcements.all(), AnnouncementSerializer)

    @extend_schema(request=NewAnnouncement, responses={201: AnnouncementSerializer})
    @announcements.mapping.post
    def announce(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Enter a public announcement; it serves nobody until counsel has signed it off."""
        made = enter_announcement(
            campaign=self.get_object(), by=self.person, **told(NewAnnouncement, request)
        )
        return Response(AnnouncementSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=AnnouncementSerializer)
    @action(detail=True, methods=["post"], url_path="announcements/<uuid:announcement>/sign-off")
    def sign_off(self, request: Request, transfer: str, pk: str, announcement: str) -> Response:  # noqa: ARG002
        """Counsel lets the announcement serve those whom the attempts did not reach."""
        told(Body, request)
        row = self.of_part(self.get_object().announcements.all(), announcement)
        done = sign_off_announcement(announcement=row, occasion=self.transfer, by=self.person)
        return Response(AnnouncementSerializer(done).data)

    @extend_schema(parameters=[ObjectionQuery], responses=ObjectionSerializer(many=True))
    @action(detail=True)
    def objections(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """What clients answered."""
        found = self.get_object().objections.filter(**asked(ObjectionQuery, request))
        return self.paged(found, ObjectionSerializer)

    @extend_schema(request=NewObjection, responses={201: ObjectionSerializer})
    @objections.mapping.post
    def enter_objection(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Enter one client's answer."""
        values = told(NewObjection, request)
        client = self.of_part(Client.objects.filter(book=self.transfer.book_id), values.pop("client"))
        made = enter_objection(campaign=self.get_object(), client=client, by=self.person, **values)
        return Response(ObjectionSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request={"multipart/form-data": NewFile}, responses=LoadedSerializer, filters=False)
    @action(detail=True, methods=["post"], url_path="load-objections", parser_classes=[MultiPartParser])
    def load_objections(self, request: Request, transfer: str, pk: str) -> Response:  # noqa: ARG002
        """Load a file of answers; loading it again adds nothing."""
        return self._load(request, import_objections, "objections")

    @extend_schema(request=Decision, responses=ObjectionSerializer)
    @action(detail=True, methods=["post"], url_path="objections/<uuid:objection>/decide")
    def decide_objection(self, request: Request, transfer: str, pk: str, objection: str) -> Response:  # noqa: ARG002
        """Decide an objection: the client leaves, has left, or stays."""
        row = self.of_part(self.get_object().objections.all(), objection)
        done = decide_objection(objection=row, by=self.person, **told(Decision, request))
        return Response(ObjectionSerializer(done).data)

    def _load(self, request: Request, load: Callable[..., Loaded], purpose: str) -> Response:
        file = uploaded(told(NewFile, request))
        campaign = self.get_object()
        with reading(
            actor=self.person, organisation=self.person.organisation_id, purpose=purpose, subjects=[file.pk]
        ) as right:
            loaded = load(
                campaign=campaign, file=file, book=self.transfer.book, reading=right, by=self.person
            )
        return Response(LoadedSerializer(loaded).data)


def _values(given: dict[str, str], usual: dict[str, Any]) -> dict[str, Any]:
    unknown = {name: [_("There is no such field here.")] for name in given if name not in usual}
    values: dict[str, Any] = dict(given)
    for name in _DATES:
        try:
            if given.get(name):
                values[name] = datetime.date.fromisoformat(given[name])
        except ValueError:
            unknown[name] = [_("Write the date as YYYY-MM-DD.")]
    if unknown:
        raise serializers.ValidationError({"values": unknown})
    return values
