"""The peers: the same rows in plaintext tables and in tables with encrypted fields.

Kind to the peers: no foreign keys, nothing is checked, nothing is logged, and only ten fields of a row are
encrypted. The plaintext tables have the indexes of the sealed ones, the encrypted ones none on ciphertext.
"""

import csv
import io
import struct
import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db import connection, models

from handover.bench.extracts import stored_fields
from vault.ids import new_ids
from vault.issuing import IssuedKey

TEN: Final[dict[str, tuple[str, ...]]] = {
    "clients": (
        "name",
        "id_number",
        "birth_date",
        "phone",
        "email",
        "address",
        "postcode",
        "occupation",
        "unified_account",
        "risk_level",
    ),
    "trades": (
        "fund_account",
        "account_no",
        "code",
        "side",
        "quantity",
        "price",
        "amount",
        "commission",
        "stamp_duty",
        "transfer_fee",
    ),
}
_UNIQUE: Final = {"clients": "(book, client_no)", "trades": "(book, trade_no)"}
_SHARED: Final = ("id", "book", "custodian", "source_line")
# What the sealed tables have beside their keys: the custodian's, the branch's or client's, one per token.
_INDEXES: Final = {
    "clients": ("(custodian, id)", "(branch)"),
    "trades": ("(client_no)",),
}
_TOKENS: Final = {"clients": ("(id_number)", "(phone)", "(email)", "(name, birth_date)"), "trades": ()}
_WRAPS: Final = "bench_wrap"
_BATCH: Final = 1_000


class _Row(models.Model):
    id = models.UUIDField(primary_key=True)
    book = models.UUIDField()
    custodian = models.UUIDField()
    source_line = models.IntegerField()

    class Meta:
        abstract = True


def _model(table: str, kind: str, encrypted: Any = None, *, name: str = "") -> Any:
    """An unmanaged model of one peer's table; ``encrypted`` is the field class for the ten fields."""
    ten = TEN[kind] if encrypted else ()
    fields: dict[str, Any] = {
        column: encrypted(null=True) if column in ten else models.TextField()
        for column in stored_fields(kind)
    }
    meta = type("Meta", (), {"managed": False, "db_table": f"bench_{table.lower()}", "app_label": "handover"})
    return type(
        name or table, (_Row,), {"__module__": __name__, "__doc__": "A peer's row.", "Meta": meta, **fields}
    )


PLAIN: Final[dict[str, Any]] = {
    "clients": _model("PlainClient", "clients"),
    "trades": _model("PlainTrade", "trades"),
}


def fernet_models() -> dict[str, Any] | None:
    """The models with django-fernet-encrypted-fields; None where that is not installed."""
    try:
        from encrypted_fields.fields import EncryptedTextField
    except ModuleNotFoundError:
        return None
    if not hasattr(settings, "SALT_KEY"):
        settings.SALT_KEY = uuid.uuid4().hex
    if not _fernet:
        _fernet["clients"] = _model("FernetClient", "clients", EncryptedTextField)
        _fernet["trades"] = _model("FernetTrade", "trades", EncryptedTextField)
    return _fernet


_fernet: dict[str, Any] = {}


def cipher_model() -> Any | None:
    """The encrypted clients as they lie in the table; None where the library is not installed."""
    if fernet_models() is None:
        return None
    if "cipher" not in _fernet:
        _fernet["cipher"] = _model("FernetClient", "clients", models.TextField, name="CipherClient")
    return _fernet["cipher"]


def fernet_of_fields() -> Any:
    """What encrypts the fields of the encrypted clients."""
    return _fernet["clients"]._meta.get_field("name").f


def make_tables(cursor: Any) -> None:
    """The peers' tables are there and empty; ``cursor`` belongs to the owner of the tables."""
    drop_tables(cursor)
    cursor.execute(f"CREATE TABLE {_WRAPS} (LIKE vault_wrap INCLUDING ALL)")
    for kind in PLAIN:
        _make(cursor, kind, "plain", (*_INDEXES[kind], *_TOKENS[kind]))
        _make(cursor, kind, "fernet", _INDEXES[kind])


def _make(cursor: Any, kind: str, what: str, indexes: Sequence[str]) -> None:
    ten = TEN[kind] if what == "fernet" else ()
    texts = ", ".join(f"{name} text{'' if name in ten else ' NOT NULL'}" for name in stored_fields(kind))
    table = table_of(kind, what)
    cursor.execute(
        f"CREATE TABLE {table} (id uuid PRIMARY KEY, book uuid NOT NULL, custodian uuid NOT NULL,"
        f" source_line int NOT NULL, {texts}, UNIQUE {_UNIQUE[kind]})"
    )
    for columns in indexes:
        cursor.execute(f"CREATE INDEX ON {table} {columns}")


def table_of(kind: str, what: str) -> str:
    """The table of ``plain`` or ``fernet`` rows of a kind."""
    return f"bench_{what}{kind.removesuffix('s')}"


def copy_wraps(rows: bytes) -> None:
    """The wraps are in a table like that of the wraps, by COPY."""
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {_WRAPS} FROM STDIN (FORMAT binary)", io.BytesIO(rows))


def wrap_rows(issued: dict[uuid.UUID, IssuedKey], holder: uuid.UUID) -> bytes:
    """The wraps as COPY takes them: every column in the order of the table."""
    row = struct.Struct("!hi16sihi16si7siii61si32s")
    packed = [
        row.pack(
            7,
            16,
            subject.bytes,
            2,
            1,
            16,
            holder.bytes,
            7,
            b"custody",
            4,
            key.epoch,
            61,
            key.wrapped,
            32,
            key.commitment,
        )
        for subject, key in issued.items()
    ]
    return b"PGCOPY\n\xff\r\n\x00" + bytes(8) + b"".join(packed) + b"\xff\xff"


def empty_plain(cursor: Any, kind: str) -> None:
    """The plaintext table of a kind is as new."""
    cursor.execute(f"TRUNCATE {table_of(kind, 'plain')}")


def drop_tables(cursor: Any) -> None:
    """The peers' tables are gone."""
    cursor.execute(f"DROP TABLE IF EXISTS {_WRAPS}")
    for kind in PLAIN:
        for what in ("plain", "fernet"):
            cursor.execute(f"DROP TABLE IF EXISTS {table_of(kind, what)}")


def copy_text(lines: list[list[str]], *, custodian: uuid.UUID | None = None) -> io.StringIO:
    """What ``copy`` sends, ready."""
    book, custodian = uuid.uuid4(), custodian or uuid.uuid4()
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        [row_id, book, custodian, number, *line]
        for row_id, (number, line) in zip(new_ids(len(lines)), enumerate(lines), strict=True)
    )
    return buffer


def copy(kind: str, text: io.StringIO) -> None:
    """The rows are in the plaintext table, by COPY."""
    fields = ", ".join(stored_fields(kind))
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY {table_of(kind, 'plain')} ({', '.join(_SHARED)}, {fields}) FROM STDIN"
            f" (FORMAT csv, FORCE_NOT_NULL ({fields}))",
            text,
        )


def create(model: Any, kind: str, lines: list[list[str]], *, custodian: uuid.UUID | None = None) -> None:
    """The rows are in the model's table, by Django's ``bulk_create``."""
    book, custodian = uuid.uuid4(), custodian or uuid.uuid4()
    fields = stored_fields(kind)
    model.objects.bulk_create(
        [
            model(
                id=row_id,
                book=book,
                custodian=custodian,
                source_line=number,
                **dict(zip(fields, line, strict=True)),
            )
            for row_id, (number, line) in zip(new_ids(len(lines)), enumerate(lines), strict=True)
        ],
        batch_size=_BATCH,
    )
