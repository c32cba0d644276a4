"""Masked due diligence: the buyer of a firm's shares gets figures of its book, and every look stands in the log."""

import hashlib
import json
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Sum
from django.db.models.functions import ExtractYear

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.models import Event
from audit.services import record
from clients.models import Account, Client
from transfer.bases import data_moves
from transfer.events import DiligenceEvent
from transfer.gates.registry import gate
from transfer.models import ClientSum, DiligenceProfile, Extract, ImportRun, Transfer
from transfer.policies import TRANSFEROR, require_side
from transfer.profile import LEAST, safe_sum, suppressed, too_close
from transfer.services.locking import lock_transfer

SUMMED = (Extract.Kind.ACCOUNTS, Extract.Kind.HOLDINGS)


@transaction.atomic
def release_profile(*, transfer: Transfer, by: User) -> DiligenceProfile:
    """A profile of the book as it stands may be looked at by the buyer once gate 1 is open; its content stays.

    Raises:
        NotAllowed: ``by`` may not release profiles for the transferor.
        Refused: client data move under this basis, too few clients are loaded, or the figures lie so near those
            of the last profile that comparing both could single somebody out.
    """
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.release_profile", transfer, TRANSFEROR)
    if data_moves(transfer):
        raise Refused("diligence.only_without_move")
    total = Client.objects.filter(book=transfer.book_id).count()
    if not total:
        raise Refused("diligence.nothing_loaded")
    if total < LEAST:
        raise Refused("diligence.too_few", least=LEAST)
    content = profile_of(transfer)
    last = latest_profile(transfer)
    if last is not None and last.content == content:
        return last
    if last is not None and too_close(last.content["groups"], content["groups"]):
        raise Refused("diligence.too_close", least=LEAST)
    profile = DiligenceProfile.objects.create(
        transfer=transfer,
        number=1 if last is None else last.number + 1,
        content=content,
        digest=hashlib.sha256(_canonical(content)).hexdigest(),
        released_by=by,
    )
    record(
        DiligenceEvent.RELEASED,
        actor=by,
        subject=profile,
        transfer=str(transfer.pk),
        number=profile.number,
        sha256=profile.digest,
    )
    return profile


@transaction.atomic
def read_profile(*, transfer: Transfer, by: User) -> DiligenceProfile:
    """The newest profile; that ``by`` looked at it stands in the log under its digest.

    Raises:
        NotAllowed: ``by`` may not look at profiles of this transfer.
        Refused: there is none, or gate 1 is closed to anybody but the transferor.
    """
    transfer = Transfer.objects.get(pk=transfer.pk)
    require(by, "transfer.view_profile", transfer)
    profile = latest_profile(transfer)
    if profile is None:
        raise Refused("diligence.no_profile")
    if by.organisation_id != transfer.transferor_id and not gate(transfer, 1).open:
        raise Refused("diligence.closed")
    record(
        DiligenceEvent.READ,
        actor=by,
        subject=profile,
        organisation=by.organisation_id,
        transfer=str(transfer.pk),
        sha256=profile.digest,
    )
    return profile


def latest_profile(transfer: Transfer) -> DiligenceProfile | None:
    """The profile that counts, if one was released."""
    return DiligenceProfile.objects.filter(transfer=transfer).order_by("-number").first()


def looks(transfer: Transfer) -> list[Event]:
    """Every look at a profile of this transfer, as the log has them, the first look first."""
    profiles = DiligenceProfile.objects.filter(transfer=transfer)
    found = Event.objects.filter(type=DiligenceEvent.READ, subject__in=profiles.values("pk"))
    return list(found.select_related("leaf").order_by("at", "id"))


def profile_of(transfer: Transfer) -> dict[str, Any]:
    """The figures as they stand now: counts by group, and sums, with whatever could single somebody out left out."""
    clients = Client.objects.filter(book=transfer.book_id)
    accounts = Account.objects.filter(book=transfer.book_id)
    flags = {
        "minors": clients.filter(is_minor=True).count(),
        "frozen": clients.filter(is_frozen=True).count(),
        "pledged": clients.filter(is_pledged=True).count(),
    }
    total = clients.count()
    groups: dict[str, Any] = {
        "clients": {"all": total},
        "kind": suppressed(_by(clients, "kind")),
        "status": suppressed(_by(clients, "status")),
        "branch": suppressed(_by(clients, "branch__code")),
        "opened_in": suppressed(_decades(clients)),
        "accounts": suppressed(_by(accounts, "kind", distinct="client")),
        "currency": suppressed(_by(accounts, "currency", distinct="client")),
    }
    # A flag divides the book in two: both sides must be large enough.
    for name, count in flags.items():
        groups[name] = suppressed({"yes": count, "no": total - count})
    return {"least": LEAST, "groups": groups, "sums": _sums(transfer)}


def _by(rows: Any, field: str, *, distinct: str = "") -> dict[str, int]:
    counted = Count(distinct, distinct=True) if distinct else Count("pk")
    found = rows.order_by().values_list(field).annotate(counted)
    return {str(name) if name else "—": count for name, count in found}


def _decades(clients: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    years = clients.exclude(opened_on=None).order_by().annotate(year=ExtractYear("opened_on"))
    for year, count in years.values_list("year").annotate(Count("pk")):
        decade = f"{year // 10 * 10}s"
        found[decade] = found.get(decade, 0) + count
    return found


def _sums(transfer: Transfer) -> dict[str, dict[str, str | None]]:
    """Money by kind of extract and currency, from the sums that the import has kept."""
    found: dict[str, dict[str, str | None]] = {}
    for kind in SUMMED:
        runs = ImportRun.objects.filter(
            extract__transfer=transfer,
            extract__side=transfer.transferor_id,
            extract__kind=kind,
            mode=ImportRun.Mode.LOAD,
            state=ImportRun.State.DONE,
        )
        rows = ClientSum.objects.filter(run__in=runs, line=0).order_by().values("currency")
        for row in rows.annotate(
            total=Sum("amount"), largest=Max("amount"), clients=Count("client_digest", distinct=True)
        ):
            said = safe_sum(
                row["total"] or Decimal(0), clients=row["clients"], largest=row["largest"] or Decimal(0)
            )
            found.setdefault(kind.value, {})[row["currency"]] = said
    return found


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
