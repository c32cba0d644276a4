"""How many people each side has, and how many are clients of both: what the law's thresholds ask for."""

from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from msgspec.structs import astuple

from clients.models import Client
from rules.thresholds import PersonCounts
from transfer.figures import depends_on, keep, kept
from transfer.models import Extract, ImportChunk, ImportRun, Transfer

_NAME = "persons"


def count_persons(transfer: Transfer) -> PersonCounts:
    """Distinct natural persons by identity number, before and after the merger.

    A person with two client numbers counts once; one whose number is missing counts as one person.
    """
    found = kept(transfer, _NAME, _loaded(transfer))
    return PersonCounts(*found) if found is not None else _count(transfer)


def keep_persons(transfer: Transfer) -> None:
    """The count is at hand until more clients are loaded."""
    loaded = _loaded(transfer)
    keep(transfer, _NAME, loaded, astuple(_count(transfer)))


def _loaded(transfer: Transfer) -> bytes:
    """What the count depends on: slices of client files commit together with the clients they load."""
    slices = ImportChunk.objects.filter(
        state=ImportChunk.State.DONE,
        run__mode=ImportRun.Mode.LOAD,
        run__extract__transfer=transfer,
        run__extract__kind=Extract.Kind.CLIENTS,
    )
    ledger = slices.values_list("run").annotate(Count("pk"), Sum("accepted")).order_by("run")
    return depends_on(transfer.book_id, transfer.taker_book_id, list(ledger))


def _count(transfer: Transfer) -> PersonCounts:
    given = _persons(transfer.book_id)
    taken = _persons(transfer.taker_book_id)
    both = given.filter(Exists(taken.filter(id_token=OuterRef("id_token"))), id_token__isnull=False)
    return PersonCounts(_distinct(given), _distinct(taken), both.values("id_token").distinct().count())


def _persons(book: UUID | None) -> QuerySet[Client]:
    return Client.objects.filter(book=book, kind=Client.Kind.PERSON)


def _distinct(persons: QuerySet[Client]) -> int:
    known = persons.exclude(id_token=None).values("id_token").distinct().count()
    return known + persons.filter(id_token=None).count()
