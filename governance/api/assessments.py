"""Impact assessments over the API."""

from typing import ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.actors import acting_user
from access.api import DeclaredPermission
from governance.models import ImpactAssessment
from governance.services.assessments import approve_assessment, draft_assessment
from transfer.policies import visible_transfers


class AssessmentSerializer(serializers.ModelSerializer[ImpactAssessment]):
    class Meta:
        model = ImpactAssessment
        fields = (
            "id",
            "transfer",
            "version",
            "necessity",
            "risks",
            "measures",
            "conclusion",
            "author",
            "created_at",
            "kept_until",
            "kept_by",
            "approved_by",
            "approved_at",
        )
        read_only_fields = (
            "version",
            "author",
            "created_at",
            "kept_until",
            "kept_by",
            "approved_by",
            "approved_at",
        )


class AssessmentViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ImpactAssessment]
):
    """Impact assessments: read, draft, approve. There is no PUT and no DELETE."""

    queryset = ImpactAssessment.objects.none()
    serializer_class = AssessmentSerializer
    permission_classes = (DeclaredPermission,)
    lookup_value_converter = "uuid"
    permission_for: ClassVar[dict[str, str]] = {
        "list": "governance.view_assessment",
        "retrieve": "governance.view_assessment",
        "create": "governance.draft_assessment",
        "approve": "governance.approve_assessment",
    }

    def get_queryset(self) -> QuerySet[ImpactAssessment]:
        if getattr(self, "swagger_fake_view", False):
            return ImpactAssessment.objects.none()
        seen = visible_transfers(acting_user(self.request))
        return ImpactAssessment.objects.filter(transfer__in=seen).select_related("transfer")

    def create(self, request: Request) -> Response:
        """A new version of the transfer's assessment."""
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        transfer = get_object_or_404(visible_transfers(acting_user(request)), pk=wanted.pop("transfer").pk)
        made = draft_assessment(transfer=transfer, by=acting_user(request), **wanted)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=AssessmentSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002  get_object() reads it
        """The second person approves."""
        approved = approve_assessment(assessment=self.get_object(), by=acting_user(request))
        return Response(self.get_serializer(approved).data)
