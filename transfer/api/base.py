"""What every door of a transfer shares: finding it, its sight, and telling workers that there is work.

Invariants:
- A transfer the person may not see does not exist, and neither does anything inside it.
- What shows data is refused until the agreement opens the reader's sight.
- Reads are scoped by the queryset; about acts the services decide, on the object itself.
"""

from functools import partial
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from celery import Task
from django.db import transaction
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from access.actors import acting_user
from access.api import DeclaredPermission
from access.models import User
from transfer.models import Transfer
from transfer.policies import require_sight, visible_transfers
from vault.models import SealedFile

Row = TypeVar("Row", bound=Model)


class TransferPart(viewsets.GenericViewSet[Row]):
    """Things of one kind inside one transfer. ``part(transfer)`` gives their rows, newest first."""

    permission_classes = (DeclaredPermission,)
    permission_for: ClassVar[dict[str, str]] = {}
    lookup_value_converter = "uuid"
    shows_data: ClassVar[bool] = True

    @property
    def person(self) -> User:
        """Who asks."""
        return acting_user(self.request)

    @cached_property
    def transfer(self) -> Transfer:
        """The transfer of the address.

        Raises:
            Http404: the person may not see it.
            Refused: its data is closed to the person until gate 1 is open.
        """
        found = get_object_or_404(visible_transfers(self.person), pk=self.kwargs["transfer"])
        if self.shows_data:
            require_sight(self.person, found)
        return found

    def part(self, transfer: Transfer) -> QuerySet[Row]:
        """The rows of this transfer that the person may read."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Row]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return self.part(self.transfer)

    def check_object_permissions(self, request: Request, obj: object) -> None:
        """The queryset holds only what the person may read; the services decide about acts."""

    def shown(self, row: Model, code: int = status.HTTP_200_OK) -> Response:
        """The row as it stands after an act."""
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, status=code)

    def paged(
        self, rows: QuerySet[Any], serializer: type[serializers.BaseSerializer[Any]], **context: Any
    ) -> Response:
        """One page of rows of another kind."""
        page = self.paginate_queryset(rows)
        data = serializer(page, many=True, context=self.get_serializer_context() | context).data
        return self.get_paginated_response(data)

    def of_part(self, rows: QuerySet[Any], key: UUID | int) -> Any:
        """One row of another kind inside this part, or 404."""
        return get_object_or_404(rows, pk=key)


def ask_worker(task: "Task[Any, Any]", row: Model) -> None:
    """A worker looks at the row as soon as it is committed; should the message be lost, the reaper finds it."""
    transaction.on_commit(partial(task.delay, str(row.pk)), robust=True)


def uploaded(values: dict[str, Any]) -> SealedFile:
    """The file of a multipart body: sealed while it arrived."""
    return cast("SealedFile", values["file"].sealed_file)
