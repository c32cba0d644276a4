"""Programs over the API. People manage them, with their password; no scope carries this, so no program does."""

from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from access.actors import acting_user
from access.api import DeclaredPermission
from access.models import Organisation, Program
from access.queries import organisations_with_programs, programs_visible_to
from access.scopes import DUTIES_FOR_PROGRAMS, SCOPES
from access.serializers import Body
from access.services import Credentials, change_secret, register_program, revoke_program
from access.stepup import require_step_up


class ProgramSerializer(serializers.ModelSerializer[Program]):
    client_id = serializers.CharField(source="application.client_id", read_only=True)

    class Meta:
        model = Program
        fields: tuple[str, ...] = (
            "id",
            "client_id",
            "organisation",
            "user",
            "name",
            "scopes",
            "requests_per_minute",
            "registered_at",
            "secret_changed_at",
            "last_used_at",
            "revoked_at",
        )
        extra_kwargs: ClassVar = {"scopes": {"help_text": "Names of scopes."}}


class NewSecretSerializer(ProgramSerializer):
    """The program with its secret, told this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(ProgramSerializer.Meta):
        fields: tuple[str, ...] = (*ProgramSerializer.Meta.fields, "secret")


def told_once(credentials: Credentials) -> dict[str, Any]:
    """What ``NewSecretSerializer`` describes."""
    return {**ProgramSerializer(credentials.program).data, "secret": credentials.secret}


class NewProgramSerializer(Body):
    organisation = serializers.PrimaryKeyRelatedField(queryset=Organisation.objects.none())
    name = serializers.CharField(max_length=100)
    duties = serializers.ListField(
        child=serializers.ChoiceField(
            choices=[(duty.value, duty.label) for duty in sorted(DUTIES_FOR_PROGRAMS)]
        ),
        allow_empty=False,
    )
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=sorted(SCOPES)), allow_empty=False)
    requests_per_minute = serializers.IntegerField(min_value=1, max_value=60_000, required=False)


class ProgramViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Program]):
    """Programs: read, register, change the secret, revoke. Each act needs a fresh step-up."""

    serializer_class = ProgramSerializer
    permission_classes = (DeclaredPermission,)
    permission_for: ClassVar[dict[str, str]] = dict.fromkeys(
        ("list", "retrieve", "create", "secret", "revoke"), "access.manage_programs"
    )
    queryset = Program.objects.none()
    ordering = "-id"

    def get_queryset(self) -> QuerySet[Program]:
        return programs_visible_to(acting_user(self.request))

    def check_object_permissions(self, request: Request, obj: object) -> None:
        """The queryset holds only what the administrator looks after; the services decide about acts."""

    @extend_schema(request=NewProgramSerializer, responses={201: NewSecretSerializer})
    def create(self, request: Request) -> Response:
        """Register a program; the answer holds its secret, this once. An Idempotency-Key repeats all but the secret."""
        require_step_up(request)
        data = NewProgramSerializer(data=request.data)
        cast("Any", data.fields["organisation"]).queryset = organisations_with_programs(acting_user(request))
        data.is_valid(raise_exception=True)
        made = register_program(by=acting_user(request), **data.validated_data)
        return Response(told_once(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=NewSecretSerializer)
    @action(detail=True, methods=["post"])
    def secret(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """A new secret, told this once; the old one and every token are dead."""
        require_step_up(request)
        made = change_secret(self.get_object().pk, by=acting_user(request))
        return Response(told_once(made))

    @extend_schema(request=None, responses=ProgramSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """The program may do nothing any more."""
        require_step_up(request)
        revoked = revoke_program(self.get_object().pk, by=acting_user(request))
        return Response(ProgramSerializer(revoked).data)


def register(router: BaseRouter) -> None:
    """Mount the programs."""
    router.register("programs", ProgramViewSet, basename="api-program")
