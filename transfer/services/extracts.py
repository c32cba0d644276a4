"""Receiving extracts: recognised and mapped before anything is read from them."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db import transaction

from access.models import Organisation, User
from access.policies import require
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.models import Book
from transfer.bases import refuse_unless_data_moves
from transfer.events import ImportEvent
from transfer.importing.chunks import money
from transfer.importing.recognise import header_of
from transfer.importing.texts import read_text
from transfer.models import Extract, ExtractMapping, Transfer
from transfer.services.recognition import Recognised, recognise
from vault.files import file_name, open_file
from vault.models import FilePurpose, SealedFile
from vault.uploads import claim_upload

CONTROL_HEADINGS = ["文件名", "记录数", "合计列", "合计值"]
LARGEST_TOTALS = 1024**2
_OVER = (Transfer.State.CLOSED, Transfer.State.ABORTED)


@transaction.atomic
def receive_extract(
    *,
    transfer: Transfer,
    side: Organisation,
    sealed_file: SealedFile,
    purpose: str = Extract.Purpose.FULL,
    kind: str | None = None,
    mapping: ExtractMapping | None = None,
    by: User,
) -> Extract:
    """The file is one of the transfer's extracts: its format, encoding, header and kind are known, by its
    own headings or by a mapping that was declared for them.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: not the person's own side; the mapping is for other headings; the very file was received
            before; the transfer is over; or a ``file.*`` code that says, with line and column where there
            are any, what is wrong with it.
    """
    transfer = Transfer.objects.select_for_update().get(pk=transfer.pk)
    require(by, "transfer.load_extract", transfer)
    _refuse_stranger(transfer, side, by)
    file = SealedFile.objects.get(pk=sealed_file.pk)
    if Extract.objects.filter(transfer=transfer, side=side, file__in=_alike(file)).exists():
        raise Refused("import.received_already")
    with reading(actor=by, organisation=side.pk, purpose="recognise_extract", subjects=[file.pk]) as right:
        found = recognise(transfer, file, right, purpose=purpose, kind=kind, mapping=mapping)
    if file.purpose == FilePurpose.UPLOAD:
        claim_upload(file.pk, holder=side.pk, purpose=FilePurpose.EXTRACT)
    if side.pk != transfer.transferor_id and transfer.taker_book_id is None:
        transfer.taker_book = Book.objects.create(owner=side, name=transfer.number)
        transfer.save(update_fields=["taker_book"])
    extract = Extract.objects.create(
        transfer=transfer,
        side=side,
        kind=found.kind,
        purpose=purpose,
        file=file.pk,
        format=found.format,
        encoding=found.encoding,
        header=[column.heading for column in found.columns],
        widths=_widths_of_kind(transfer, side, found, purpose),
        how=found.how.stored(),
        mapping=mapping,
        uploaded_by=by,
    )
    facts = {"kind": found.kind, "format": found.format, "encoding": found.encoding, "size": file.size}
    record(
        ImportEvent.EXTRACT_RECEIVED,
        actor=by,
        subject=extract,
        organisation=side,
        purpose_of_file=purpose,
        **facts,
    )
    return extract


def _refuse_stranger(transfer: Transfer, side: Organisation, by: User) -> None:
    if transfer.state in _OVER:
        raise Refused("transfer.has_ended")
    if by.organisation_id != side.pk or side.pk not in transfer.parties():
        raise Refused("import.other_side")
    if side.pk != transfer.transferor_id:
        refuse_unless_data_moves(transfer)  # Nothing is matched with the other firm's clients then.


def _alike(file: SealedFile) -> list[UUID]:
    """Every sealed file with the same content."""
    return list(
        SealedFile.objects.filter(digest=file.digest, holder=file.holder).values_list("pk", flat=True)
    )


def _widths_of_kind(
    transfer: Transfer, side: Organisation, found: Recognised, purpose: str
) -> dict[str, int]:
    """A file of a few mended lines is measured by the full extract, not by itself."""
    if purpose != Extract.Purpose.FULL:
        full = Extract.objects.filter(
            transfer=transfer, side=side, kind=found.kind, purpose=Extract.Purpose.FULL
        )
        latest = full.order_by("-uploaded_at").first()
        if latest is not None:
            return dict(latest.widths)
    return found.widths


@transaction.atomic
def declare_totals(*, transfer: Transfer, sealed_file: SealedFile, by: User) -> list[Extract]:
    """Each extract named in the file of control totals carries its declared rows and totals.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: the file is no file of control totals, or names none of the extracts received.
    """
    require(by, "transfer.load_extract", transfer)
    extracts = list(
        Extract.objects.select_for_update().filter(
            transfer=transfer, side=by.organisation_id, purpose=Extract.Purpose.FULL
        )
    )
    files = {
        file.pk: file for file in SealedFile.objects.filter(pk__in=[extract.file for extract in extracts])
    }
    if sealed_file.size > LARGEST_TOTALS:
        raise Refused("file.too_large", limit=LARGEST_TOTALS)
    subjects = [sealed_file.pk, *files]
    with reading(
        actor=by, organisation=by.organisation_id, purpose="declare_totals", subjects=subjects
    ) as right:
        text = read_text(lambda: open_file(sealed_file, right))
        content = b"".join(open_file(sealed_file, right)).decode(text.encoding)
        names = {file_name(files[extract.file], right): extract for extract in extracts}
    if header_of(text) != CONTROL_HEADINGS:
        raise Refused("file.header_missing", field=CONTROL_HEADINGS[0])
    declared = _declared(csv.reader(io.StringIO(content, newline="")), names)
    if not declared:
        raise Refused("import.nothing_declared")
    for extract in declared:
        extract.save(update_fields=["declared_rows", "declared_totals"])
        record(
            ImportEvent.TOTALS_DECLARED,
            actor=by,
            subject=extract,
            organisation=extract.side_id,
            rows=extract.declared_rows,
        )
    if sealed_file.purpose == FilePurpose.UPLOAD:
        claim_upload(sealed_file.pk, holder=by.organisation_id, purpose=FilePurpose.EXTRACT)
    return declared


def _declared(rows: Iterable[list[str]], names: dict[str, Extract]) -> list[Extract]:
    found: dict[object, Extract] = {}
    for line, row in enumerate(rows, 1):
        if line == 1 or not row:
            continue
        if len(row) != len(CONTROL_HEADINGS) or not row[1].isdigit():
            raise Refused("import.declared_unreadable", line=line)
        extract = names.get(row[0])
        if extract is None:
            continue
        if extract.pk not in found:
            extract.declared_totals = {}
            found[extract.pk] = extract
        extract.declared_rows = int(row[1])
        if row[2]:
            extract.declared_totals[row[2]] = _amount(row[3], line)
    return list(found.values())


def _amount(text: str, line: int) -> str:
    try:
        return money(Decimal(text))
    except InvalidOperation:
        raise Refused("import.declared_unreadable", line=line) from None
