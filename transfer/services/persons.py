"""How many people each side has, and how many are clients of both: what the law's thresholds ask for."""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from clients.models import Client
from rules.thresholds import PersonCounts
from transfer.models import Transfer


def count_persons(transfer: Transfer) -> PersonCounts:
    """Distinct natural persons by identity number, before and after the merger.

    A person with two client numbers counts once; one whose number is missing counts as one person.
    """
    given = _persons(transfer.book_id)
    taken = _persons(transfer.taker_book_id)
    both = given.filter(Exists(taken.filter(id_token=OuterRef("id_token"))), id_token__isnull=False)
    return PersonCounts(_distinct(given), _distinct(taken), both.values("id_token").distinct().count())


def _persons(book: UUID | None) -> QuerySet[Client]:
    return Client.objects.filter(book=book, kind=Client.Kind.PERSON)


def _distinct(persons: QuerySet[Client]) -> int:
    known = persons.exclude(id_token=None).values("id_token").distinct().count()
    return known + persons.filter(id_token=None).count()
