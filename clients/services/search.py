"""Finding a client by a whole value: the blind index proposes, the opened row decides."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from access.asking import asked_once
from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.events import ClientEvent
from clients.models import Account, Book, Client
from clients.queries import visible_clients
from vault.rows import SealedModel, open_rows
from vault.tokens import normalise, source_digest, token

SEARCHABLE: Final = ("id_number", "phone", "email", "account", "client_no")
_TOKEN_COLUMNS: Final = {"id_number": "id_token", "phone": "phone_token", "email": "email_token"}


@asked_once()
@transaction.atomic
def find_clients(*, field: str, value: str, by: User) -> list[Client]:
    """The clients within reach of ``by`` whose ``field`` is exactly ``value``, confirmed after opening.

    That somebody searched, by which field and with how many hits is in the log; the value is nowhere.

    Raises:
        NotAllowed: ``by`` may not see clients.
        Refused: nothing searchable was entered.
    """
    require(by, "clients.view_client")
    plain = _plain(field, value)
    if field not in SEARCHABLE or not plain:
        raise Refused("search.value_missing")
    within = visible_clients(by).order_by("id")
    found = {
        "account": _by_account,
        "client_no": _by_client_number,
    }.get(field, _by_token(field))(within, plain, by)
    record(
        ClientEvent.SEARCHED,
        actor=by,
        subject=by.organisation,
        organisation=by.organisation_id,
        field=field,
        count=len(found),
    )
    return found


def _plain(field: str, value: str) -> str:
    if field == "client_no":
        return value.strip()
    return normalise(field, value) if field in SEARCHABLE else ""


def _by_token(field: str) -> Callable[[QuerySet[Client], str, User], list[Client]]:
    def find(within: QuerySet[Client], plain: str, by: User) -> list[Client]:
        candidates = list(within.filter(**{_TOKEN_COLUMNS[field]: token(field, plain)}))
        return _confirmed(
            candidates, by, field, lambda secret: normalise(field, getattr(secret, field)) == plain
        )

    return find


def _by_client_number(within: QuerySet[Client], plain: str, by: User) -> list[Client]:
    books = Book.objects.filter(pk__in=within.order_by().values("book").distinct()).values_list(
        "pk", flat=True
    )
    named = [Q(book=book, source_digest=source_digest(book, "clients", plain)) for book in books]
    candidates = list(within.filter(Q(*named, _connector=Q.OR))) if named else []
    return _confirmed(candidates, by, "source_no", lambda secret: secret.source_no == plain)


def _by_account(within: QuerySet[Client], plain: str, by: User) -> list[Client]:
    rows = Account.objects.filter(number_token=token("account", plain), client__in=within)
    accounts = list(rows.select_related("client").order_by("client_id"))
    secrets = _opened(accounts, by, "number")
    hits = {
        account.client_id: account.client
        for account, secret in zip(accounts, secrets, strict=True)
        if normalise("account", secret.number) == plain
    }
    return list(hits.values())


def _confirmed(candidates: list[Client], by: User, field: str, holds: Callable[[Any], bool]) -> list[Client]:
    secrets = _opened(candidates, by, field)
    return [client for client, secret in zip(candidates, secrets, strict=True) if holds(secret)]


def _opened(rows: Sequence[SealedModel], by: User, field: str) -> list[Any]:
    if not rows:
        return []
    subjects = {row.key_subject for row in rows}
    with reading(
        actor=by, organisation=by.organisation_id, purpose="search_client", subjects=subjects, fields=[field]
    ) as right:
        return open_rows(rows, right)
