"""Books and clients for the tests of this room and of those above."""

import datetime
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from access.models import Organisation
from clients.models import Account, Book, Client, Holding, Relation
from clients.sealed import AccountSecret, ClientSecret, HoldingSecret, RelationSecret
from vault.tokens import source_digest, token
from vault.issuing import issue_data_keys, write_wraps

MakeClient = Callable[..., Client]


@pytest.fixture
def book(canglan: Organisation) -> Book:
    """The transferor's book of clients."""
    return Book.objects.create(owner=canglan, name="TR-TEST")


@pytest.fixture
def make_client(book: Book) -> MakeClient:
    """Makes one sealed client with a fund account and one holding, in the custody of the book's owner."""
    made = []

    @transaction.atomic
    def make(
        number: str | None = None, *, book: Book = book, guardian: bool = False, **columns: object
    ) -> Client:
        number = number or f"{len(made) + 1:012d}"
        made.append(number)
        secret = columns.pop("secret", None) or ClientSecret(
            source_no=number,
            name="欧阳清",
            id_type="id_card",
            id_number="11010519491231002X",
            phone="13812345678",
        )
        client = Client(
            **{"kind": "person", "status": "normal", "import_run": book.pk, "source_line": len(made) + 1}
            | columns,
            book=book,
            custodian=book.owner,
            source_digest=source_digest(book.pk, "clients", number),
            opened_on=datetime.date(2020, 1, 2),
            id_token=token("id_number", secret.id_number),
        )
        issued = issue_data_keys([client.pk], holder=book.owner_id)
        key = issued[client.pk]
        client.seal_new(secret, key).save(force_insert=True)
        with connection.cursor() as cursor:
            write_wraps(cursor, issued, holder=book.owner_id)
        common = {"client": client, "book": book, "import_run": book.pk, "source_line": client.source_line}
        account = Account(
            **common,
            source_digest=source_digest(book.pk, "accounts", number),
            kind="fund",
            currency="CNY",
            status="normal",
            number_token=token("account", number[-8:]),
        )
        account.seal_new(AccountSecret(number=number[-8:], balance="100.00"), key).save(force_insert=True)
        holding = Holding(**common, source_digest=source_digest(book.pk, "holdings", number), currency="CNY")
        holding.seal_new(HoldingSecret(number[-8:], "A123456789", "600000", "浦发银行", "300"), key).save(
            force_insert=True
        )
        if guardian:
            relation = Relation(
                **common, source_digest=source_digest(book.pk, "relations", number), kind="guardian"
            )
            relation.seal_new(RelationSecret("王芳"), key).save(force_insert=True)
        return client

    return make
