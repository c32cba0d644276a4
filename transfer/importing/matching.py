"""The same identity document under two client numbers, within one firm or across both.

Tokens only propose: a 15-digit number and its 18-digit successor share a token, and yet are two documents.
What is loaded is confirmed after opening, in the firm's own recorded reading; what is only looked at is
confirmed by further keyed digests.

Invariant: proposals are opened some thousand at a time, whatever the size of the book.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from typing import Any, Final

from django.db import connection

from audit.reading import reading
from clients.models import Client
from transfer.importing.job import book_of
from transfer.models import Finding, ImportRun, Transfer
from vault.rows import open_rows

BATCH: Final = 2_000

_SHARING: Final = """
SELECT id_token, id FROM clients_client
 WHERE book_id = %(book)s AND id_token IN
       (SELECT id_token FROM clients_client WHERE book_id = %(book)s AND id_token IS NOT NULL
         GROUP BY id_token HAVING count(*) > 1)
 ORDER BY id_token
"""


def find_within(run: ImportRun) -> None:
    """Every client of the book who shares type and number of an identity document with another."""
    _clear("duplicate_within", run.extract.transfer_id, run.extract.side_id)
    for rows in _batches(_SHARING, {"book": book_of(run.extract)}):
        clients = _opened([pk for _, pk in rows], run.extract.side_id, run.asked_by_id)
        groups: dict[tuple[str, str], list[Client]] = defaultdict(list)
        for client, secret in clients:
            groups[secret.id_type, plain_number(secret.id_number)].append(client)
        _found("duplicate_within", chain.from_iterable(group for group in groups.values() if len(group) > 1))


def find_across(transfer: Transfer, *, by: uuid.UUID | None) -> int:
    """Every client of the transferor whose identity number the transferee has too; returns how many."""
    if transfer.taker_book_id is None or transfer.transferee_id is None:
        return 0
    _clear("duplicate_across", transfer.pk, transfer.transferor_id)
    total = 0
    for pairs in _batches(_PAIRS, {"giver": transfer.book_id, "taker": transfer.taker_book_id}):
        givers = _numbers({giver for _, giver, _ in pairs}, transfer.transferor_id, by)
        takers = _numbers({taker for _, _, taker in pairs}, transfer.transferee_id, by)
        found = {
            giver: givers[giver][0]
            for _, giver, taker in pairs
            if givers[giver][1] == takers[taker][1] and givers[giver][1]
        }
        _found("duplicate_across", found.values())
        total += len(found)
    return total


_PAIRS: Final = """
SELECT id_token, giver.id, taker.id
  FROM clients_client giver JOIN clients_client taker USING (id_token)
 WHERE giver.book_id = %(giver)s AND taker.book_id = %(taker)s
 ORDER BY id_token
"""


def _batches(sql: str, facts: dict[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in the order of their first column, some thousand at a time; equal ones are never parted."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, facts)
        rows = chain.from_iterable(iter(lambda: cursor.fetchmany(BATCH), []))
        batch: list[tuple[Any, ...]] = []
        for _, alike in groupby(rows, key=lambda row: row[0]):
            batch += alike
            if len(batch) >= BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


def _numbers(
    ids: Iterable[uuid.UUID], holder: Any, by: uuid.UUID | None
) -> dict[uuid.UUID, tuple[Client, str]]:
    return {
        client.pk: (client, plain_number(secret.id_number)) for client, secret in _opened(ids, holder, by)
    }


def plain_number(number: str) -> str:
    """An identity number as compared between documents."""
    return "".join(number.split()).upper()


def _opened(ids: Iterable[uuid.UUID], holder: Any, by: uuid.UUID | None) -> list[tuple[Client, Any]]:
    rows = list(Client.objects.filter(pk__in=list(ids)))
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


def _clear(code: str, transfer: uuid.UUID, side: uuid.UUID) -> None:
    """No client whom this side has loaded carries the finding any more."""
    loads = ImportRun.objects.filter(
        extract__transfer=transfer, extract__side=side, mode=ImportRun.Mode.LOAD
    ).values_list("pk", flat=True)
    Finding.objects.filter(run__in=list(loads), code=code).delete()


def _found(code: str, clients: Iterable[Client]) -> None:
    """These clients carry the finding, each in the run that loaded them."""
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
    for rows in _batches(_KNOWN, {"book": transfer.taker_book_id, "run": run.pk}):
        known: dict[str, list[int]] = {"id": [], "id15": []}
        for client, secret in _opened([pk for _, pk in rows], transfer.transferee_id, run.asked_by_id):
            known["id15" if len(plain_number(secret.id_number)) == 15 else "id"].append(client.id_token or 0)
        _found_in_look(run, known)


_KNOWN: Final = """
SELECT id_token, id FROM clients_client
 WHERE book_id = %(book)s AND id_token IN
       (SELECT token FROM transfer_importkey WHERE run_id = %(run)s AND kind IN ('id', 'id15'))
 ORDER BY id_token
"""


def _found_in_look(run: ImportRun, known: dict[str, list[int]]) -> None:
    with connection.cursor() as cursor:
        for kind, tokens in known.items():
            cursor.execute(
                "INSERT INTO transfer_finding (run_id, code, line, client_digest)"
                " SELECT %s, 'duplicate_across', line, client_digest FROM transfer_importkey"
                " WHERE run_id = %s AND kind = %s AND token = ANY(%s)",
                [run.pk, run.pk, kind, tokens],
            )
