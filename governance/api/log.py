"""The audit log over the API: the same reads and acts as the pages."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.actors import acting_user
from access.api import DeclaredPermission
from audit.models import Event
from audit.queries import history
from governance import log_records
from governance.downloads import stream_leaves
from governance.forms import LogFilter
from governance.models import LogCheck
from governance.services.log_checks import ask_log_check
from governance.tasks import check_log


class EventSerializer(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = (
            "id",
            "at",
            "type",
            "actor",
            "organisation",
            "subject_type",
            "subject",
            "request_id",
            "purpose",
            "facts",
        )


class EventPageSerializer(serializers.Serializer[Any]):
    """One page of events; ``next`` is the id to give as ``before`` for the following one."""

    results = EventSerializer(many=True)
    next = serializers.UUIDField(allow_null=True)


class LogProofSerializer(serializers.Serializer[Any]):
    format = serializers.CharField()
    event = serializers.UUIDField()
    body = serializers.CharField()
    index = serializers.IntegerField()
    size = serializers.IntegerField()
    leaf = serializers.CharField()
    path = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField()


class CheckpointSerializer(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    note = serializers.CharField()
    at = serializers.DateTimeField()


class LogCheckSerializer(serializers.ModelSerializer[LogCheck]):
    state = serializers.CharField(read_only=True)
    whole = serializers.BooleanField(read_only=True)

    class Meta:
        model = LogCheck
        fields = (
            "id",
            "state",
            "whole",
            "asked_at",
            "finished_at",
            "leaves",
            "pending",
            "checkpoints",
            "root",
            "last_at",
            "fault_count",
            "faults",
            "failure",
        )


class LogViewSet(viewsets.GenericViewSet[Event]):
    """The audit log: read, prove, verify, take away. Every read is recorded."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    pagination_class = None
    permission_classes = (DeclaredPermission,)
    lookup_value_converter = "uuid"
    permission_for: ClassVar[dict[str, str]] = dict.fromkeys(
        ("list", "retrieve", "proof", "checkpoint", "leaves", "checks", "check"), "governance.view_log"
    )

    @extend_schema(
        parameters=[
            OpenApiParameter("type"),
            OpenApiParameter("subject", OpenApiTypes.UUID),
            OpenApiParameter("actor", description="User name or id."),
            OpenApiParameter("day", OpenApiTypes.DATE),
            OpenApiParameter("before", OpenApiTypes.UUID),
        ],
        responses=EventPageSerializer,
    )
    def list(self, request: Request) -> Response:
        """Events, newest first."""
        filters = LogFilter(request.query_params)
        if not filters.is_valid():
            raise serializers.ValidationError(filters.errors.get_json_data())
        before = serializers.UUIDField(allow_null=True).run_validation(
            request.query_params.get("before") or None
        )
        wanted = log_records.history_of(filters.cleaned_data)
        found = history(wanted, before=before, limit=settings.PAGE_ROWS + 1)
        shown = found[: settings.PAGE_ROWS]
        log_records.record_reading(by=acting_user(request), filters=filters.cleaned_data, shown=len(shown))
        further = str(shown[-1].pk) if len(found) > len(shown) else None
        return Response({"results": self.get_serializer(shown, many=True).data, "next": further})

    def retrieve(self, request: Request, pk: UUID) -> Response:
        """One event."""
        event = get_object_or_404(Event, pk=pk)
        log_records.record_event_reading(by=acting_user(request), event=event)
        return Response(self.get_serializer(event).data)

    @extend_schema(responses=LogProofSerializer)
    @action(detail=True)
    def proof(self, request: Request, pk: UUID) -> Response:
        """The proof that the event is in the log, under the first checkpoint that covers it."""
        event = get_object_or_404(Event, pk=pk)
        proof = log_records.proof_of(event)
        if proof is None or not proof.holds:
            raise Http404
        log_records.record_event_reading(by=acting_user(request), event=event)
        return Response(proof.as_document(event))

    @extend_schema(responses=CheckpointSerializer)
    @action(detail=False)
    def checkpoint(self, request: Request) -> Response:
        """The newest signed head of the log."""
        head = log_records.take_checkpoint(by=acting_user(request))
        if head is None:
            raise Http404
        return Response(CheckpointSerializer(head).data)

    @extend_schema(request=None, responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=False, methods=["post"])
    def leaves(self, request: Request) -> HttpResponseBase:
        """Every entry under the newest checkpoint, in exactly its hashed form."""
        return stream_leaves(acting_user(request))

    @extend_schema(responses=LogCheckSerializer(many=True))
    @action(detail=False)
    def checks(self, request: Request) -> Response:  # noqa: ARG002  DRF passes it
        """The newest verifications."""
        newest = LogCheck.objects.order_by("-id")[: settings.PAGE_ROWS]
        return Response(LogCheckSerializer(newest, many=True).data)

    @extend_schema(request=None, responses={202: LogCheckSerializer})
    @action(detail=False, methods=["post"])
    def check(self, request: Request) -> Response:
        """Ask for a verification of the whole log; it goes on by itself."""
        check = ask_log_check(by=acting_user(request))
        transaction.on_commit(partial(check_log.delay, str(check.pk)), robust=True)
        return Response(LogCheckSerializer(check).data, status=status.HTTP_202_ACCEPTED)
