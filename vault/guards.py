"""Migration operations by which PostgreSQL repeats the rule of sealed rows.

A sealed row's revision rises by one together with its document, and its id never changes.
"""

from django.db import migrations


def guard_sealed_rows(*tables: str) -> list[migrations.RunSQL]:
    """Operations for a migration that depends on ``vault``'s ``0002_guards``; one trigger per table."""
    return [
        migrations.RunSQL(
            f'CREATE TRIGGER sealed_row_guard BEFORE UPDATE OF id, revision, sealed ON "{table}"'
            " FOR EACH ROW EXECUTE FUNCTION vault_guard_sealed_row()",
            f'DROP TRIGGER sealed_row_guard ON "{table}"',
        )
        for table in tables
    ]
