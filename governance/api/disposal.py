"""Disposal plans over the API."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.actors import acting_user
from access.api import DeclaredPermission
from governance.downloads import attached
from governance.models import DisposalPlan
from governance.services.disposal import approve_plan, draft_plan, report_plan
from governance.services.plan_paper import take_plan
from transfer.policies import visible_transfers

_GIVEN = ("transfer", "recipient_contact", "safeguards", "timetable")
_MADE = (
    "id",
    "version",
    "author",
    "created_at",
    "approved_by",
    "approved_at",
    "authority",
    "reference",
    "reported_on",
    "reported_by",
)


class DisposalPlanSerializer(serializers.ModelSerializer[DisposalPlan]):
    class Meta:
        model = DisposalPlan
        fields = (*_MADE, *_GIVEN)
        read_only_fields = _MADE


class DisposalReportSerializer(serializers.Serializer[Any]):
    """To whom it was reported."""

    authority = serializers.CharField(max_length=120)
    reference = serializers.CharField(max_length=80)
    reported_on = serializers.DateField()


class DisposalPlanViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[DisposalPlan]
):
    """Disposal plans: read, draft, approve, report, print. There is no PUT and no DELETE."""

    queryset = DisposalPlan.objects.none()
    serializer_class = DisposalPlanSerializer
    permission_classes = (DeclaredPermission,)
    lookup_value_converter = "uuid"
    permission_for: ClassVar[dict[str, str]] = {
        "list": "governance.view_disposal",
        "retrieve": "governance.view_disposal",
        "create": "governance.draft_disposal",
        "approve": "governance.approve_disposal",
        "report": "governance.report_disposal",
        "paper": "governance.view_disposal",
    }

    def get_queryset(self) -> QuerySet[DisposalPlan]:
        if getattr(self, "swagger_fake_view", False):
            return DisposalPlan.objects.none()
        seen = visible_transfers(acting_user(self.request))
        return DisposalPlan.objects.filter(transfer__in=seen).select_related("transfer")

    def create(self, request: Request) -> Response:
        """A new version of the transfer's plan."""
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        transfer = get_object_or_404(visible_transfers(acting_user(request)), pk=wanted.pop("transfer").pk)
        made = draft_plan(transfer=transfer, by=acting_user(request), **wanted)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=DisposalPlanSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002  get_object() reads it
        """The second person approves."""
        return Response(
            self.get_serializer(approve_plan(plan=self.get_object(), by=acting_user(request))).data
        )

    @extend_schema(request=DisposalReportSerializer, responses=DisposalPlanSerializer)
    @action(detail=True, methods=["post"])
    def report(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002  get_object() reads it
        """The report to the authority is entered."""
        given = DisposalReportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = report_plan(plan=self.get_object(), by=acting_user(request), **given.validated_data)
        return Response(self.get_serializer(made).data)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True)
    def paper(self, request: Request, pk: UUID) -> HttpResponseBase:  # noqa: ARG002  get_object() reads it
        """The plan as PDF."""
        plan = self.get_object()
        pdf = take_plan(plan=plan, language=get_language() or "en", by=acting_user(request))
        name = f"{plan.transfer.number}-disposal-{plan.version}.pdf"
        return attached(HttpResponse(pdf, content_type="application/pdf"), name)
