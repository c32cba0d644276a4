"""Gate 2: the import. It opens reviewing."""

from collections.abc import Iterator
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from clients.fields import LINE_HEADINGS
from transfer.gates.agreement import page
from transfer.gates.registry import Fact, field_policies, register_facts
from transfer.models import Extract, ImportChunk, ImportRun, Reject, Transfer

_ENDED = (ImportRun.State.STOPPED, ImportRun.State.REFUSED)
# Without these three there is nothing to hand over; the other kinds may be empty at a small firm.
NEEDED = (Extract.Kind.CLIENTS, Extract.Kind.ACCOUNTS, Extract.Kind.HOLDINGS)


@register_facts(2)
def import_facts(transfer: Transfer) -> Iterator[Fact]:
    """All extracts loaded, declared counts and totals equal, every reject decided, no unknown field."""
    extracts = list(Extract.objects.filter(transfer=transfer, side=transfer.transferor_id))
    loads = list(ImportRun.objects.filter(extract__in=extracts, mode=ImportRun.Mode.LOAD))
    done = {run.extract_id: run for run in loads if run.state == ImportRun.State.DONE}
    loaded_kinds = {extract.kind for extract in extracts if extract.pk in done}
    missing = [kind for kind in NEEDED if kind not in loaded_kinds]
    yield Fact(
        "extracts_loaded",
        ok=not missing,
        count=len(missing),
        link=page(transfer, "imports/"),
        text=_("Clients, accounts and holdings are loaded."),
    )
    given_up = _given_up(extracts, loads)
    unfinished = sum(extract.pk not in done and extract.pk not in given_up for extract in extracts)
    slices = ImportChunk.objects.filter(run__in=loads, state=ImportChunk.State.PARKED)
    parked = slices.exclude(run__extract__in=given_up).count()
    yield Fact(
        "nothing_pending",
        ok=not unfinished and not parked,
        count=unfinished + parked,
        link=page(transfer, "imports/"),
        text=_("No uploaded extract waits to be loaded."),
    )
    full = [extract for extract in extracts if extract.purpose == Extract.Purpose.FULL and extract.pk in done]
    yield _declared(transfer, full, done)
    open_rejects = Reject.objects.filter(run__in=loads, decision=Reject.Decision.OPEN).count()
    yield Fact(
        "rejects_decided",
        ok=not open_rejects,
        count=open_rejects,
        link=page(transfer, "imports/?rejects=open"),
        text=_("Every refused line was mended and loaded, or left out with a reason."),
    )
    unknown = _unknown_fields(transfer, extracts)
    yield Fact(
        "no_unknown_field",
        ok=not unknown,
        count=unknown,
        link=page(transfer, "policies/"),
        text=_("Every field of every extract has exactly one policy."),
    )


def _given_up(extracts: list[Extract], loads: list[ImportRun]) -> set[UUID]:
    """Files of mended lines whose load was stopped or refused before a line of it stood.

    They hold nothing up: the lines they were to mend are still open where they were refused first.
    """
    mended = {extract.pk for extract in extracts if extract.purpose == Extract.Purpose.MENDED}
    ended = {run.extract_id for run in loads if run.state in _ENDED} & mended
    if not ended:
        return set()
    stood = ImportChunk.objects.filter(run__in=loads, run__extract__in=ended, state=ImportChunk.State.DONE)
    return ended - set(stood.values_list("run__extract_id", flat=True))


def _declared(transfer: Transfer, full: list[Extract], done: dict[UUID, ImportRun]) -> Fact:
    differing = [
        extract
        for extract in full
        if extract.declared_rows is None
        or extract.declared_rows != done[extract.pk].rows
        or any(
            done[extract.pk].totals.get(column) != total for column, total in extract.declared_totals.items()
        )
    ]
    return Fact(
        "counts_equal",
        ok=bool(full) and not differing,
        count=len(differing),
        link=page(transfer, "imports/"),
        text=_("Declared row counts and control totals equal what was found."),
    )


def _unknown_fields(transfer: Transfer, extracts: list[Extract]) -> int:
    known = {(row.kind, row.source_field) for row in field_policies(transfer)}
    return sum(
        (extract.kind, field) not in known
        for extract in extracts
        for field in set(extract.header) - set(LINE_HEADINGS)
    )
