"""A system check: the database still refuses to change the log."""

from collections.abc import Sequence
from typing import Any, Final

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.recorder import MigrationRecorder

from audit.standing import guard_faults

LAST_GUARD: Final = ("audit", "0003_auditlog_append_only")


@register(Tags.database)
def check_guards(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """An error for every guard that does not stand; before the migrations have run there are none."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    if LAST_GUARD not in MigrationRecorder(connection).applied_migrations():
        return []
    hint = "Find out who changed it and when; then put it back and keep the finding."
    return [Error(str(fault), hint=hint, id="audit.E001") for fault in guard_faults()]
