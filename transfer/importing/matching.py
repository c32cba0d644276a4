"""The same identity document under two client numbers, within one firm or across both.

Tokens only propose: a 15-digit number and its 18-digit successor share a token, and yet are two documents.
What is loaded is confirmed after opening, in the firm's own recorded reading; what is only looked at is
confirmed by further keyed digests.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection

from audit.reading import reading
from clients.models import Client
from transfer.importing.job import book_of
from transfer.models import Finding, ImportRun, Transfer
from vault.rows import open_rows


def find_within(run: ImportRun) -> None:
    """Every client of the book who shares type and number of an identity document with another."""
    book = book_of(run.extract)
    rows = _clients(
        "SELECT id FROM clients_client WHERE book_id = %(book)s AND id_token IN"
        " (SELECT id_token FROM clients_client WHERE book_id = %(book)s AND id_token IS NOT NULL"
        "  GROUP BY id_token HAVING count(*) > 1)",
        {"book": book},
    )
    groups: dict[tuple[str, str], list[Client]] = defaultdict(list)
    for client, secret in _opened(rows, run.extract.side_id, run.asked_by_id):
        groups[secret.id_type, plain_number(secret.id_number)].append(client)
    _replace(
        "duplicate_within", book, [client for group in groups.values() if len(group) > 1 for client in group]
    )


def find_across(transfer: Transfer, *, by: uuid.UUID | None) -> int:
    """Every client of the transferor whose identity number the transferee has too; returns how many."""
    if transfer.taker_book_id is None or transfer.transferee_id is None:
        return 0
    found = {giver.pk: giver for giver, _ in pairs_across(transfer, by=by)}
    _replace("duplicate_across", transfer.book_id, list(found.values()))
    return len(found)


def pairs_across(transfer: Transfer, *, by: uuid.UUID | None) -> list[tuple[Client, Client]]:
    """(transferor's client, transferee's client) for every confirmed match."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT giver.id, taker.id FROM clients_client giver JOIN clients_client taker USING (id_token)"
            " WHERE giver.book_id = %s AND taker.book_id = %s",
            [transfer.book_id, transfer.taker_book_id],
        )
        pairs = cursor.fetchall()
    givers = _numbers({giver for giver, _ in pairs}, transfer.transferor_id, by)
    takers = _numbers({taker for _, taker in pairs}, transfer.transferee_id, by)
    return [
        (givers[giver][0], takers[taker][0])
        for giver, taker in pairs
        if givers[giver][1] == takers[taker][1] and givers[giver][1]
    ]


def _numbers(
    ids: Iterable[uuid.UUID], holder: Any, by: uuid.UUID | None
) -> dict[uuid.UUID, tuple[Client, str]]:
    rows = list(Client.objects.filter(pk__in=list(ids)))
    return {
        client.pk: (client, plain_number(secret.id_number)) for client, secret in _opened(rows, holder, by)
    }


def plain_number(number: str) -> str:
    """An identity number as compared between documents."""
    return "".join(number.split()).upper()


def _clients(sql: str, facts: dict[str, Any]) -> list[Client]:
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        return list(Client.objects.filter(pk__in=[row[0] for row in cursor.fetchall()]))


def _opened(rows: list[Client], holder: Any, by: uuid.UUID | None) -> list[tuple[Client, Any]]:
    if not rows:
        return []
    subjects = [row.pk for row in rows]
    with reading(
        actor=by,
        organisation=holder,
        purpose="match_clients",
        subjects=subjects,
        fields=["id_type", "id_number"],
    ) as right:
        return list(zip(rows, open_rows(rows, right), strict=True))


def _replace(code: str, book: uuid.UUID, clients: list[Client]) -> None:
    """Exactly these clients of the book carry the finding, each in the run that loaded them."""
    of_book = Client.objects.filter(book=book).values("pk")
    Finding.objects.filter(code=code, client_id__in=of_book).delete()
    Finding.objects.bulk_create(
        (
            Finding(
                run_id=client.import_run,
                code=code,
                line=client.source_line,
                client_id=client.pk,
                client_digest=client.source_digest,
            )
            for client in clients
        ),
        batch_size=5_000,
    )


def profile_within(run: ImportRun) -> None:
    """The same over the lines of a look: the pair of type and number as one keyed digest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfer_finding (run_id, code, line, client_digest)"
            " SELECT %s, 'duplicate_within', line, client_digest FROM (SELECT line, client_digest,"
            " count(*) OVER (PARTITION BY token) AS sharing FROM transfer_importkey"
            " WHERE run_id = %s AND kind = 'pair') keys WHERE sharing > 1",
            [run.pk, run.pk],
        )


def profile_across(run: ImportRun) -> None:
    """The same across firms, where the transferee has loaded its clients; 15 digits match only 15 digits."""
    transfer = run.extract.transfer
    if run.extract.side_id != transfer.transferor_id or transfer.taker_book_id is None:
        return
    takers = _clients(
        "SELECT id FROM clients_client WHERE book_id = %(book)s AND id_token IN"
        " (SELECT token FROM transfer_importkey WHERE run_id = %(run)s AND kind IN ('id', 'id15'))",
        {"book": transfer.taker_book_id, "run": run.pk},
    )
    known: dict[str, list[int]] = {"id": [], "id15": []}
    for client, secret in _opened(takers, transfer.transferee_id, run.asked_by_id):
        known["id15" if len(plain_number(secret.id_number)) == 15 else "id"].append(client.id_token or 0)
    with connection.cursor() as cursor:
        for kind, tokens in known.items():
            cursor.execute(
                "INSERT INTO transfer_finding (run_id, code, line, client_digest)"
                " SELECT %s, 'duplicate_across', line, client_digest FROM transfer_importkey"
                " WHERE run_id = %s AND kind = %s AND token = ANY(%s)",
                [run.pk, run.pk, kind, tokens],
            )
