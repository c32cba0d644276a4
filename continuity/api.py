"""Backups and restore drills over the API: the same acts as the pages."""

from functools import partial
from typing import ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from access.actors import acting_user
from access.api import DeclaredPermission
from continuity.models import Backup, RestoreDrill
from continuity.services.backups import ask_backup
from continuity.services.drills import ask_drill
from continuity.tasks import make_backup, make_drill


class DrillSerializer(serializers.ModelSerializer[RestoreDrill]):
    state = serializers.CharField(read_only=True)

    class Meta:
        model = RestoreDrill
        fields = (
            "id",
            "backup",
            "run_by",
            "state",
            "step",
            "ok",
            "failure",
            "started_at",
            "finished_at",
            "recovery_point_seconds",
            "recovery_seconds",
            "rows_opened",
            "compared",
        )


class BackupSerializer(serializers.ModelSerializer[Backup]):
    class Meta:
        model = Backup
        fields = (
            "id",
            "state",
            "step",
            "failure",
            "taken_by",
            "started_at",
            "snapshot_at",
            "finished_at",
            "bytes",
            "manifest_digest",
            "manifest",
        )


class BackupViewSet(viewsets.ReadOnlyModelViewSet[Backup]):
    """Backups: read, take, and prove by a drill. There is no PUT and no DELETE."""

    queryset = Backup.objects.all()
    serializer_class = BackupSerializer
    permission_classes = (DeclaredPermission,)
    lookup_value_converter = "uuid"
    permission_for: ClassVar[dict[str, str]] = {
        "list": "continuity.view_backup",
        "retrieve": "continuity.view_backup",
        "create": "continuity.take_backup",
        "drill": "continuity.run_drill",
    }

    @extend_schema(request=None, responses={202: BackupSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a backup; it goes on by itself."""
        backup = ask_backup(by=acting_user(request))
        transaction.on_commit(partial(make_backup.delay, str(backup.pk)), robust=True)
        return Response(self.get_serializer(backup).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: DrillSerializer})
    @action(detail=True, methods=["post"])
    def drill(self, request: Request, pk: str | None = None) -> Response:  # noqa: ARG002  get_object() reads it
        """Ask for a restore drill of this backup; it goes on by itself."""
        made = ask_drill(backup=self.get_object(), by=acting_user(request))
        transaction.on_commit(partial(make_drill.delay, str(made.pk)), robust=True)
        return Response(DrillSerializer(made).data, status=status.HTTP_202_ACCEPTED)


class DrillViewSet(viewsets.ReadOnlyModelViewSet[RestoreDrill]):
    """Restore drills with everything they compared."""

    queryset = RestoreDrill.objects.all()
    serializer_class = DrillSerializer
    permission_classes = (DeclaredPermission,)
    lookup_value_converter = "uuid"
    permission_for: ClassVar[dict[str, str]] = {
        "list": "continuity.view_backup",
        "retrieve": "continuity.view_backup",
    }


def register(router: BaseRouter) -> None:
    """The room's part of the API."""
    router.register("backups", BackupViewSet, basename="backup")
    router.register("drills", DrillViewSet, basename="drill")
