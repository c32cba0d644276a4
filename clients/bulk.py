"""Many rows at once into the tables of this room, by binary COPY.

Invariants:
- Types come from the models; every column but those with a default of the model is given.
- A row that breaks a constraint refuses all of them; nothing stays behind.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.db import models
from django.db.backends.utils import CursorWrapper

from vault.copying import BinaryCopy, Column

_KINDS: Final[tuple[tuple[type[Any], str], ...]] = (
    (models.UUIDField, "uuid"),
    (models.BinaryField, "bytea"),
    (models.BigIntegerField, "int8"),
    (models.PositiveSmallIntegerField, "int2"),
    (models.IntegerField, "int4"),
    (models.CharField, "text"),
    (models.BooleanField, "bool"),
    (models.DateField, "date"),
    (models.DecimalField, "numeric"),
)


def copy_rows(
    cursor: CursorWrapper, model: type[models.Model], columns: Mapping[str, Column], count: int
) -> int:
    """``count`` rows of ``model`` are in its table, as far as the transaction goes.

    ``columns`` gives, per attribute (``client_id``, not ``client``), its values.
    """
    if not count:
        return 0
    copy = BinaryCopy(cursor, model._meta.db_table, [column_of(model, name) for name in columns])
    copy.add_columns(list(columns.values()))
    return copy.send()


@cache
def column_of(model: type[models.Model], attribute: str) -> tuple[str, str]:
    """Column name and PostgreSQL type of one attribute."""
    field: Any = next(item for item in model._meta.concrete_fields if item.attname == attribute)
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = next(name for known, name in _KINDS if isinstance(target, known))
    return field.column, "int8" if isinstance(target, models.BigAutoField) else kind
