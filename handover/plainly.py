"""The peers of the bench: client rows in plaintext, with the columns and indexes of the sealed ones.

Kind to the peer: nothing is checked, there is no log, and the table has no foreign keys.
"""

import csv
import io
import uuid
from pathlib import Path
from typing import Any, Final

from django.db import connection, models

_FIELDS: Final = [
    "source_no",
    "kind",
    "name",
    "id_type",
    "id_number",
    "id_expires",
    "birth",
    "sex",
    "nationality",
    "phone",
    "email",
    "address",
    "postcode",
    "occupation",
    "education",
    "risk_level",
    "risk_expires",
    "investor_class",
    "aml_level",
    "status",
    "opened",
    "branch",
    "staff_no",
    "unified_account",
    "commission_rate",
]
_TABLE: Final = "bench_plain_client"
_NEVER_STORED: Final = 2


class _Base(models.Model):
    id = models.UUIDField(primary_key=True)
    book = models.UUIDField()
    custodian = models.UUIDField()
    source_line = models.IntegerField()
    is_minor = models.BooleanField(default=False)
    is_frozen = models.BooleanField(default=False)

    class Meta:
        abstract = True


PlainClient: Any = type(
    "PlainClient",
    (_Base,),
    {
        "__module__": __name__,
        "__doc__": "A client in plaintext; its table exists only while the bench runs.",
        "Meta": type("Meta", (), {"managed": False, "db_table": _TABLE, "app_label": "handover"}),
        **{name: models.TextField() for name in _FIELDS},
    },
)

_INDEXES: Final = ("(custodian, id)", "(id_number)", "(phone)", "(email)", "(name, birth)")


def make_table(cursor: Any) -> None:
    """The table is there and empty; ``cursor`` belongs to the tables' owner."""
    drop_table(cursor)
    texts = ", ".join(f"{name} text NOT NULL" for name in _FIELDS)
    cursor.execute(
        f"CREATE TABLE {_TABLE} (id uuid PRIMARY KEY, book uuid NOT NULL, custodian uuid NOT NULL,"
        f" source_line int NOT NULL, is_minor bool NOT NULL, is_frozen bool NOT NULL, {texts},"
        " UNIQUE (book, source_no, source_line))"
    )
    for columns in _INDEXES:
        cursor.execute(f"CREATE INDEX ON {_TABLE} {columns}")


def drop_table(cursor: Any) -> None:
    """The table is gone."""
    cursor.execute(f"DROP TABLE IF EXISTS {_TABLE}")


def empty() -> None:
    """No row is left."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_TABLE}")  # noqa: S608  our own table


def read(path: Path) -> list[list[str]]:
    """The lines of a client file, split, without the fields that are never stored."""
    with path.open(encoding="gb18030", newline="") as text:
        lines = csv.reader(text)
        next(lines)
        return [line[:-_NEVER_STORED] for line in lines if len(line) == len(_FIELDS) + _NEVER_STORED]


def copy(lines: list[list[str]]) -> None:
    """The lines are rows, by COPY."""
    book, custodian = uuid.uuid4(), uuid.uuid4()
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows(
        [uuid.uuid4(), book, custodian, number, False, False, *line] for number, line in enumerate(lines)
    )
    buffer.seek(0)
    columns = ", ".join(["id", "book", "custodian", "source_line", "is_minor", "is_frozen", *_FIELDS])
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY {_TABLE} ({columns}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({', '.join(_FIELDS)}))",
            buffer,
        )


def create(lines: list[list[str]]) -> None:
    """The lines are rows, by Django's ``bulk_create``."""
    book, custodian = uuid.uuid4(), uuid.uuid4()
    PlainClient.objects.bulk_create(
        [
            PlainClient(
                id=uuid.uuid4(),
                book=book,
                custodian=custodian,
                source_line=number,
                **dict(zip(_FIELDS, line, strict=True)),
            )
            for number, line in enumerate(lines)
        ],
        batch_size=1_000,
    )


def find(phone: str) -> None:
    """One search by a plaintext index.

    Raises:
        AssertionError: nobody has this number.
    """
    if not list(PlainClient.objects.filter(phone=phone)):
        raise AssertionError("a client that was copied is found")
