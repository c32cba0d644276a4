"""Wiring of the access room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "access"

    def ready(self) -> None:
        """Declare events, refusals and permissions; django-auditlog keeps the diffs of the small models."""
        from auditlog.registry import auditlog

        import access.events  # noqa: F401
        from access.errors import MESSAGES
        from access.models import Branch, Organisation, Program, RoleAssignment, User
        from access.permissions import PERMISSIONS
        from access.registry import grant_to_duties
        from audit.errors import register_messages

        register_messages(MESSAGES)
        grant_to_duties(PERMISSIONS)
        auditlog.register(User, exclude_fields=["password", "last_login"])
        for model in (RoleAssignment, Organisation, Branch):
            auditlog.register(model)
        auditlog.register(Program, exclude_fields=["last_used_at"])
