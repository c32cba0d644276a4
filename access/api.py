"""The API of this room, and the permission class every room's API uses."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, permissions, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.views import APIView

from access.actors import acting_user
from access.duties import Duty
from access.models import Grant, Organisation, RoleAssignment, User
from access.policies import PUBLIC, SIGNED_IN, require, view_codename
from access.queries import (
    grants_visible_to,
    organisations_administered_by,
    people_to_grant_to,
    users_visible_to,
)
from access.services import (
    assign_duty,
    create_organisation,
    create_user,
    end_duty,
    end_grant,
    grant_object,
    grantable_object,
    switch_user,
)
from access.stepup import require_step_up


class DeclaredPermission(permissions.BasePermission):
    """Reads ``permission_for = {action: permission}`` of the view; an action without a line is refused.

    A view that is not a viewset names its actions by method, in small letters. Objects are checked too,
    so ``get_object()`` answers for another organisation's object as for one that does not exist.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method == "OPTIONS":
            return bool(request.user.is_authenticated)
        permission = declared_permission(view)
        if permission == PUBLIC:
            return True
        if not request.user.is_authenticated:
            return False
        if getattr(view, "action", "") is None:
            # A viewset that has no act for this method: there is nothing to permit.
            raise MethodNotAllowed(str(request.method))
        if permission != SIGNED_IN:
            require(request.user, permission)
        return True

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        permission = declared_permission(view)
        if permission not in {PUBLIC, SIGNED_IN}:
            require(request.user, permission, obj)
        return True


def declared_permission(view: APIView) -> str:
    """What the view declares for the running action; "undeclared" belongs to nobody."""
    name = getattr(view, "action", None) or (view.request.method or "").lower()
    table: dict[str, str] = getattr(view, "permission_for", {})
    return table.get(name, "undeclared")


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ("id", "code", "name_en", "name_zh", "uscc", "kind")


class DutySerializer(serializers.ModelSerializer[RoleAssignment]):
    class Meta:
        model = RoleAssignment
        fields = ("id", "duty", "starts_on", "ends_on", "granted_at")


class PersonSerializer(serializers.ModelSerializer[User]):
    duties = DutySerializer(source="duties_now", many=True, read_only=True)

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "name",
            "organisation",
            "branch",
            "staff_no",
            "language",
            "is_active",
            "duties",
        )


class NewPersonSerializer(serializers.Serializer[Any]):
    organisation = serializers.PrimaryKeyRelatedField(queryset=Organisation.objects.all())
    username = serializers.RegexField(r"^[A-Za-z0-9._-]+$", max_length=60)
    name = serializers.CharField(max_length=100)
    staff_no = serializers.RegexField(r"^[A-Za-z0-9-]*$", max_length=20, required=False, allow_blank=True)
    language = serializers.ChoiceField(choices=User.Language.choices, default=User.Language.ENGLISH)
    password = serializers.CharField(max_length=200, write_only=True, trim_whitespace=False)


class NewDutySerializer(serializers.Serializer[Any]):
    duty = serializers.ChoiceField(choices=Duty.choices)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False)


class GrantSerializer(serializers.ModelSerializer[Grant]):
    class Meta:
        model = Grant
        fields = ("id", "user", "codename", "object_label", "object_id", "starts_on", "ends_on", "given_by")


class NewGrantSerializer(serializers.Serializer[Any]):
    user = serializers.PrimaryKeyRelatedField(queryset=User.objects.none())
    object_label = serializers.RegexField(r"^[a-z_]+\.[a-z_]+$", max_length=60)
    object_id = serializers.UUIDField()
    ends_on = serializers.DateField(required=False)


class SwitchSerializer(serializers.Serializer[Any]):
    on = serializers.BooleanField()


class OrganisationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Organisation]
):
    """Organisations: read and register. Everybody who may see people sees who takes part."""

    serializer_class = OrganisationSerializer
    permission_classes = (DeclaredPermission,)
    permission_for: ClassVar[dict[str, str]] = {
        "list": "access.view_users",
        "retrieve": "access.view_users",
        "create": "access.create_organisation",
    }
    queryset = Organisation.objects.all()

    def check_object_permissions(self, request: Request, obj: object) -> None:
        """Who takes part is no secret between the parties: no scoping by organisation here."""

    def create(self, request: Request) -> Response:
        """Register an organisation; needs a fresh step-up."""
        require_step_up(request)
        data = self.get_serializer(data=request.data)
        data.is_valid(raise_exception=True)
        made = create_organisation(by=acting_user(request), **data.validated_data)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)


class PersonViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]):
    """People: read, open an account, switch it, give and end duties. No PUT and no DELETE."""

    serializer_class = PersonSerializer
    permission_classes = (DeclaredPermission,)
    permission_for: ClassVar[dict[str, str]] = {
        "list": "access.view_users",
        "retrieve": "access.view_users",
        "create": "access.manage_users",
        "switch": "access.manage_users",
        "duties": "access.manage_users",
        "end_duty": "access.manage_users",
        "me": SIGNED_IN,
    }
    queryset = User.objects.none()

    def get_queryset(self) -> QuerySet[User]:
        return users_visible_to(acting_user(self.request))

    def check_object_permissions(self, request: Request, obj: object) -> None:
        """The queryset holds only whom the reader may see; the services decide about acts."""

    def _shown(self, pk: UUID, code: int = status.HTTP_200_OK) -> Response:
        return Response(PersonSerializer(self.get_queryset().get(pk=pk)).data, status=code)

    @extend_schema(request=NewPersonSerializer, responses={201: PersonSerializer})
    def create(self, request: Request) -> Response:
        """Open an account; needs a fresh step-up."""
        require_step_up(request)
        data = NewPersonSerializer(data=request.data)
        reach = organisations_administered_by(acting_user(request))
        cast("Any", data.fields["organisation"]).queryset = reach
        data.is_valid(raise_exception=True)
        made = create_user(by=acting_user(request), **data.validated_data)
        return self._shown(made.pk, status.HTTP_201_CREATED)

    @extend_schema(request=SwitchSerializer, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Switch the account off or on; needs a fresh step-up."""
        require_step_up(request)
        data = SwitchSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        switch_user(self.get_object().pk, on=data.validated_data["on"], by=acting_user(request))
        return self._shown(self.get_object().pk)

    @extend_schema(request=NewDutySerializer, responses={201: DutySerializer})
    @action(detail=True, methods=["post"])
    def duties(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Give a duty."""
        data = NewDutySerializer(data=request.data)
        data.is_valid(raise_exception=True)
        held = assign_duty(by=acting_user(request), user=self.get_object(), **data.validated_data)
        return Response(DutySerializer(held).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=DutySerializer)
    @action(
        detail=True, methods=["post"], url_path="duties/(?P<duty_id>[0-9a-f-]{36})/end", url_name="duty-end"
    )
    def end_duty(self, request: Request, pk: str, duty_id: str) -> Response:  # noqa: ARG002
        """End a duty at once."""
        held = self.get_object().assignments.filter(pk=duty_id).first()
        if held is None:
            return Response(status=status.HTTP_404_NOT_FOUND)
        return Response(DutySerializer(end_duty(held.pk, by=acting_user(request))).data)

    @extend_schema(responses=PersonSerializer)
    @action(detail=False)
    def me(self, request: Request) -> Response:
        """The signed-in person."""
        return self._shown(acting_user(request).pk)


class GrantViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Grant]):
    """Single objects opened to guests: read, open, close."""

    serializer_class = GrantSerializer
    permission_classes = (DeclaredPermission,)
    permission_for: ClassVar[dict[str, str]] = dict.fromkeys(
        ("list", "retrieve", "create", "end"), "access.grant_object"
    )
    queryset = Grant.objects.none()

    def get_queryset(self) -> QuerySet[Grant]:
        return grants_visible_to(acting_user(self.request))

    @extend_schema(request=NewGrantSerializer, responses={201: GrantSerializer})
    def create(self, request: Request) -> Response:
        """Let a guest see one object."""
        by = acting_user(request)
        data = NewGrantSerializer(data=request.data)
        cast("Any", data.fields["user"]).queryset = people_to_grant_to(by)
        data.is_valid(raise_exception=True)
        words = data.validated_data
        obj = grantable_object(words["object_label"], words["object_id"])
        grant = grant_object(words["user"], view_codename(obj), obj, by=by, ends_on=words.get("ends_on"))
        return Response(GrantSerializer(grant).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=GrantSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Close it at once."""
        grant = end_grant(self.get_object().pk, by=acting_user(request))
        return Response(GrantSerializer(grant).data)


def register(router: BaseRouter) -> None:
    """Mount this room's API."""
    router.register("organisations", OrganisationViewSet, basename="api-organisation")
    router.register("grants", GrantViewSet, basename="api-grant")
    router.register("people", PersonViewSet, basename="api-person")
