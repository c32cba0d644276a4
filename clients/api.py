"""The API of this room: clients, masked, found by whole values, and single fields revealed for a purpose."""

from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from access.actors import acting_user
from access.api import DeclaredPermission
from access.models import User
from access.serializers import Body, asked, told
from access.visibility import HIDDEN, FieldClass, field_class, mask, revealable_fields, visible_fields
from audit.reading import reading
from clients.labels import FLAGS
from clients.models import Account, Client, Document, Relation
from clients.queries import narrowed, visible_clients
from clients.record_page import ACCOUNT_FIELDS, CLIENT_FIELDS, MOST_ROWS, RELATION_FIELDS
from clients.services.reveal import PARTS, PURPOSES, reveal_field
from clients.services.search import SEARCHABLE, find_clients
from vault.rows import SealedModel, open_rows

LISTED = ("name", "source_no")
Masked = dict[str, str]


class MaskedField(serializers.DictField):
    """Field names with their masked values; nothing stays nothing."""

    child = serializers.CharField(allow_blank=True)


class ClientSerializer(serializers.ModelSerializer[Client]):
    """What SQL may see of a client, and its name and number masked."""

    branch = serializers.CharField(source="branch.code", default="", read_only=True)
    masked = serializers.SerializerMethodField()

    class Meta:
        model = Client
        fields = (
            "id", "custodian", "kind", "status", "jurisdiction", "branch", "staff_no", "opened_on", "is_minor",
            "is_under14", "is_frozen", "is_pledged", "reveal_suspended", "masked",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema(responses=MaskedField)
    def get_masked(self, client: Client) -> Masked:
        """Name and client number, masked."""
        found: Masked = self.context["masked"][client.pk]
        return found


class PartSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField(allow_blank=True)
    status = serializers.CharField(allow_blank=True)
    masked = MaskedField()


class ClientDetailSerializer(ClientSerializer):
    """A whole record, masked, with the fields the reader may reveal."""

    accounts = serializers.SerializerMethodField()
    relations = serializers.SerializerMethodField()
    documents = serializers.SerializerMethodField()
    revealable = serializers.SerializerMethodField()

    class Meta(ClientSerializer.Meta):
        fields = (
            *ClientSerializer.Meta.fields, "accounts", "relations", "documents", "revealable",
        )  # fmt: skip

    @extend_schema(responses=PartSerializer(many=True))
    def get_accounts(self, _client: Client) -> list[dict[str, Any]]:
        """The accounts, masked."""
        return self._part("accounts")

    @extend_schema(responses=PartSerializer(many=True))
    def get_relations(self, _client: Client) -> list[dict[str, Any]]:
        """Guardians, agents and owners, masked."""
        return self._part("relations")

    @extend_schema(responses=PartSerializer(many=True))
    def get_documents(self, _client: Client) -> list[dict[str, Any]]:
        """The stored documents, by kind only."""
        return self._part("documents")

    def get_revealable(self, client: Client) -> list[str]:
        """The names of fields that the reader may reveal one at a time."""
        return sorted(revealable_fields(self.context["person"], client))

    def _part(self, name: str) -> list[dict[str, Any]]:
        return PartSerializer(self.context[name], many=True).data


class ClientQuery(Body):
    kind = serializers.ChoiceField(choices=Client.Kind.choices, required=False)
    status = serializers.ChoiceField(choices=Client.Status.choices, required=False)
    branch = serializers.CharField(required=False, max_length=20)
    flag = serializers.ChoiceField(choices=sorted(FLAGS), required=False)


class Search(Body):
    field = serializers.ChoiceField(choices=SEARCHABLE)
    value = serializers.CharField(max_length=120)


class RevealRequest(Body):
    part = serializers.ChoiceField(choices=sorted(PARTS), default="client")
    row = serializers.UUIDField(required=False)
    field = serializers.CharField(max_length=40)
    purpose = serializers.ChoiceField(choices=list(PURPOSES))
    words = serializers.CharField(max_length=200)


class RevealedSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(allow_blank=True)
    event = serializers.UUIDField()


class ClientViewSet(viewsets.GenericViewSet[Client]):
    """Clients in the custody of the reader's organisation; of client service only their own."""

    serializer_class = ClientDetailSerializer
    permission_classes = (DeclaredPermission,)
    lookup_value_converter = "uuid"
    queryset = Client.objects.none()
    permission_for: ClassVar[dict[str, str]] = {
        "list": "clients.view_client",
        "retrieve": "clients.view_client",
        "search": "clients.view_client",
        "reveal": "clients.reveal_field",
    }

    def get_queryset(self) -> QuerySet[Client]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return visible_clients(acting_user(self.request)).select_related("branch")

    @extend_schema(parameters=[ClientQuery], responses=ClientSerializer(many=True))
    def list(self, request: Request) -> Response:
        """A page of clients, opened in one recorded reading and masked."""
        page = self.paginate_queryset(narrowed(self.get_queryset(), asked(ClientQuery, request)))
        return self.get_paginated_response(_listed(page or [], acting_user(request), "list_clients"))

    @extend_schema(responses=ClientDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """The whole record, masked; that it was opened is recorded."""
        client, person = self.get_object(), acting_user(request)
        context = _opened(client, person) | {"person": person}
        return Response(ClientDetailSerializer(client, context=context).data)

    @extend_schema(request=Search, responses=ClientSerializer(many=True), filters=False)
    @action(detail=False, methods=["post"], pagination_class=None)
    @method_decorator(sensitive_variables())
    def search(self, request: Request) -> Response:
        """The clients with exactly this value. It is sent in the body and stands in no address and no log."""
        found = find_clients(by=acting_user(request), **told(Search, request))
        return Response(_listed(found, acting_user(request), "list_clients"))

    @extend_schema(request=RevealRequest, responses=RevealedSerializer)
    @action(detail=True, methods=["post"])
    @method_decorator(sensitive_variables())
    def reveal(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """One field in the clear, for a purpose; recorded before it is opened."""
        client, wanted = self.get_object(), told(RevealRequest, request)
        part = PARTS[wanted["part"]]
        if wanted["field"] not in part.sealed_type.__struct_fields__:
            raise serializers.ValidationError({"field": [_("There is no such field here.")]})
        row = wanted.pop("row", client.pk)
        if part is not Client and not part.objects.filter(client=client, pk=row).exists():
            raise serializers.ValidationError({"row": [_("The client has no such row.")]})
        shown = reveal_field(
            client=client, row=client.pk if part is Client else row, by=acting_user(request), **wanted
        )
        return Response(RevealedSerializer(shown).data, headers={"Cache-Control": "no-store"})


def _listed(clients: list[Client], person: User, purpose: str) -> list[dict[str, Any]]:
    masked: dict[UUID, Masked] = {}
    if clients:
        with reading(
            actor=person, organisation=person.organisation_id, purpose=purpose,
            subjects=[client.pk for client in clients], fields=LISTED,
        ) as right:  # fmt: skip
            secrets = open_rows(clients, right)
        for client, secret in zip(clients, secrets, strict=True):
            masked[client.pk] = {name: mask(f"client.{name}", getattr(secret, name)) for name in LISTED}
    rows: list[dict[str, Any]] = ClientSerializer(clients, many=True, context={"masked": masked}).data
    return rows


def _opened(client: Client, person: User) -> dict[str, Any]:
    """The record's rows, masked inside one recorded reading."""
    accounts = list(Account.objects.filter(client=client).order_by("kind", "id")[:MOST_ROWS])
    relations = list(Relation.objects.filter(client=client).order_by("kind", "id")[:MOST_ROWS])
    documents = list(Document.objects.filter(client=client).order_by("kind", "id")[:MOST_ROWS])
    rows: list[SealedModel] = [client, *accounts, *relations]
    with reading(
        actor=person,
        organisation=client.custodian_id,
        purpose="show_record",
        subjects=[client.pk],
        fields=["masked"],
    ) as right:
        secrets = dict(zip((row.pk for row in rows), open_rows(rows, right), strict=True))
    clear = visible_fields(person, client)

    def masked(part: str, row: SealedModel, names: tuple[str, ...]) -> Masked:
        return _masked(part, secrets[row.pk], names, clear)

    return {
        "masked": {client.pk: masked("client", client, CLIENT_FIELDS)},
        "accounts": [_part(row, row.status, masked("account", row, ACCOUNT_FIELDS)) for row in accounts],
        "relations": [_part(row, "", masked("relation", row, RELATION_FIELDS)) for row in relations],
        "documents": [_part(row, "", {}) for row in documents],
    }


def _part(row: Account | Relation | Document, state: str, masked: Masked) -> dict[str, Any]:
    return {"id": row.pk, "kind": row.kind, "status": state, "masked": masked}


def _masked(part: str, secret: msgspec.Struct, names: tuple[str, ...], clear: frozenset[str]) -> Masked:
    found = {}
    for name in names:
        value = str(getattr(secret, name))
        ordinary = field_class(f"{part}.{name}") is FieldClass.C1
        # Of a child under 14 even the ordinary fields are closed.
        found[name] = HIDDEN if value and ordinary and name not in clear else mask(f"{part}.{name}", value)
    return found


router = SimpleRouter(use_regex_path=False)
router.register("clients", ClientViewSet, basename="api-client")
urlpatterns = router.urls
