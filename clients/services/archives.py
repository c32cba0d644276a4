"""The sealed archive of a surviving transferor: made as custody moves, opened only by its retention officer.

Invariants:
- The archive is ciphertext: the rows as they stood at the release, under keys that only archive wraps hold.
- No ordinary reading opens it: custody wraps of the transferor go when the batch is accepted.
- Opening one client's archive is an act of its own, with a reason, recorded before anything is readable.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from access.models import Organisation, User
from access.policies import require
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from audit.tree import root_of_set
from clients.events import ArchiveEvent
from clients.models import ArchivedRow, Client, SealedArchive
from clients.records import PARTS
from vault.rows import open_rows
from vault.versions import ARCHIVE, add_archive_wraps, withdraw_archive_wraps

# Tokens by which rows are found have no place in an archive that nobody may search.
_TOKENS = ("id_token", "phone_token", "email_token", "name_birth_token", "number_token")
_LEFT_OUT = "ARRAY[{}]".format(
    ", ".join(f"'{name}'" for name in ("sealed", "id", "revision", "custodian", *_TOKENS))
)


def _copy_of(model: type[Any]) -> str:
    label, table = model.sealed_label, model._meta.db_table
    subject = "id" if model is Client else "client_id"
    return f"""
    SELECT %(archive)s::uuid, {subject}, '{label}', id, revision, sealed,
           sha256(int4send({len(label)}) || '{label}'::bytea || int4send(16) || uuid_send(id)
                  || int4send(4) || int4send(revision) || int4send(length(sealed)) || sealed),
           to_jsonb({table}.*) - {_LEFT_OUT}
      FROM {table} WHERE {subject} = ANY(%(clients)s)
    """  # noqa: S608  names of our own tables and labels, no input


_COPY = (
    "INSERT INTO clients_archivedrow (archive_id, client_id, label, row, revision, sealed, digest, clear) "
    + (" UNION ALL ".join(_copy_of(model) for model in PARTS))
)
_MODELS = {model.sealed_label: model for model in PARTS}


@transaction.atomic
def seal_archive(
    *, occasion: UUID, move: UUID | None, holder: Organisation, clients: Collection[UUID], by: object | None
) -> SealedArchive:
    """The records of these clients lie in ``holder``'s archive as ciphertext, with archive wraps of their keys.

    The caller holds the clients' rows, so that what is archived is what is released in the same transaction.

    Raises:
        VaultError: ``holder`` lacks a key of one of them.
    """
    archive = SealedArchive.objects.create(
        occasion=occasion,
        move=move,
        holder=holder,
        client_count=len(clients),
        row_count=0,
        rows_root=bytes(32),
        sealed_at=timezone.now(),
    )
    with connection.cursor() as cursor:
        cursor.execute(_COPY, {"archive": archive.pk, "clients": list(clients)})
        archive.row_count = cursor.rowcount
    digests = archive.rows.order_by("digest").values_list("digest", flat=True)
    archive.rows_root = root_of_set(bytes(digest) for digest in digests.iterator())
    archive.save(update_fields=["row_count", "rows_root"])
    add_archive_wraps(clients, holder=holder.pk)
    record(
        ArchiveEvent.SEALED,
        actor=by,
        subject=archive,
        organisation=holder.pk,
        occasion=str(occasion),
        clients=archive.client_count,
        rows=archive.row_count,
        root=archive.rows_root.hex(),
    )
    return archive


@transaction.atomic
def drop_archive(*, move: UUID, by: object | None) -> None:
    """The batch was never accepted: its archive is gone, and the holder reads its clients as before."""
    for archive in SealedArchive.objects.filter(move=move).select_related("holder"):
        clients = list(archive.rows.values_list("client_id", flat=True).distinct())
        archive.rows.all().delete()
        withdraw_archive_wraps(clients, holder=archive.holder_id)
        record(
            ArchiveEvent.DROPPED,
            actor=by,
            subject=archive,
            organisation=archive.holder_id,
            occasion=str(archive.occasion),
            clients=archive.client_count,
        )
        archive.delete()


@transaction.atomic
def open_archive(
    *, client: Client, words: str, by: User, occasion: UUID | None = None
) -> list[tuple[ArchivedRow, dict[str, Any]]]:
    """The archived rows of one client with their fields, for the retention officer of the firm that keeps them.

    Raises:
        NotAllowed: ``by`` is no retention officer of the archive's holder.
        Refused: nothing of this client lies in the archive of ``by``'s firm, or no reason is given.
    """
    archives = SealedArchive.objects.filter(holder=by.organisation_id, rows__client=client).distinct()
    if occasion is not None:
        archives = archives.filter(occasion=occasion)
    archive = archives.order_by("-sealed_at").first()
    if archive is None:
        raise Refused("archive.none")
    require(by, "clients.open_archive", archive)
    if not words.strip():
        raise Refused("archive.reason_missing")
    rows = list(archive.rows.filter(client=client).order_by("label", "row"))
    record(
        ArchiveEvent.OPENED,
        actor=by,
        subject=archive,
        organisation=by.organisation_id,
        client=str(client.pk),
        rows=len(rows),
    )
    with reading(
        actor=by,
        organisation=by.organisation_id,
        purpose="archive",
        subjects=[client.pk],
        wraps=ARCHIVE,
    ) as right:
        opened = open_rows([_as_it_stood(row) for row in rows], right)
    return [(row, _plain(secret)) for row, secret in zip(rows, opened, strict=True)]


def archive_of(occasion: UUID, clients: Sequence[UUID]) -> int:
    """How many of these clients lie in the archive of this occasion."""
    rows = ArchivedRow.objects.filter(archive__occasion=occasion, client__in=list(clients))
    return rows.values("client").distinct().count()


def _as_it_stood(row: ArchivedRow) -> Any:
    """The archived ciphertext in the place that it was sealed for."""
    model = _MODELS[row.label]
    stood: Any = model(id=row.row, revision=row.revision, sealed=bytes(row.sealed))
    if model is not Client:
        stood.client_id = row.client_id
    return stood


def _plain(secret: msgspec.Struct) -> dict[str, Any]:
    fields = msgspec.structs.asdict(secret)
    return {name: value for name, value in fields.items() if value not in ("", None, [], {})}
