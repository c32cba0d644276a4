"""Receiving extracts: recognised and mapped before anything is read from them."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.conf import settings
from django.db import transaction

from access.models import Organisation, User
from access.policies import require
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.fields import LAYOUTS, plain
from clients.models import Book
from transfer.events import ImportEvent
from transfer.importing.archive import index_name, is_workbook, open_archive, read_member
from transfer.importing.chunks import money
from transfer.importing.recognise import (
    ARCHIVE,
    CSV,
    WIDTH_ROWS,
    XLSX,
    Column,
    Text,
    dominant_widths,
    format_of,
    header_of,
    map_header,
    read_text,
    refuse_cut,
    widths_of,
)
from transfer.importing.sealed_io import seekable
from transfer.importing.sheets import first_sheet, heading_row
from transfer.models import Extract, FieldPolicy, Transfer
from vault.files import file_name, open_file
from vault.models import FilePurpose, SealedFile
from vault.rows import Reading
from vault.uploads import claim_upload

CONTROL_HEADINGS = ["文件名", "记录数", "合计列", "合计值"]
_OVER = (Transfer.State.CLOSED, Transfer.State.ABORTED)


@transaction.atomic
def receive_extract(
    *,
    transfer: Transfer,
    side: Organisation,
    sealed_file: SealedFile,
    purpose: str = Extract.Purpose.FULL,
    kind: str | None = None,
    by: User,
) -> Extract:
    """The file is one of the transfer's extracts: its format, encoding, header and kind are known.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: not the person's own side; the very file was received before; the transfer is over; or
            a ``file.*`` code that says, with line and column where there are any, what is wrong with it.
    """
    transfer = Transfer.objects.select_for_update().get(pk=transfer.pk)
    require(by, "transfer.load_extract", transfer)
    _refuse_stranger(transfer, side, by)
    file = SealedFile.objects.get(pk=sealed_file.pk)
    if Extract.objects.filter(transfer=transfer, side=side, file__in=_alike(file)).exists():
        raise Refused("import.received_already")
    with reading(actor=by, organisation=side.pk, purpose="recognise_extract", subjects=[file.pk]) as right:
        found = _Recognised(transfer, file, right, kind)
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


def _alike(file: SealedFile) -> list[UUID]:
    """Every sealed file with the same content."""
    return list(
        SealedFile.objects.filter(digest=file.digest, holder=file.holder).values_list("pk", flat=True)
    )


class _Recognised:
    """What the bytes of one file say about it."""

    def __init__(self, transfer: Transfer, file: SealedFile, right: Reading, kind: str | None) -> None:
        self._file, self._right, self._transfer, self._wanted = file, right, transfer, kind
        if file.size > settings.UPLOAD_MAX_BYTES:
            raise Refused("file.too_large", limit=settings.UPLOAD_MAX_BYTES)
        head = next(iter(open_file(file, right)), b"")
        workbook = head.startswith(b"PK\x03\x04") and self._is_workbook()
        self.format = format_of(head[:64], file_name(file, right), is_workbook=workbook)
        self.encoding = ""
        {CSV: self._text, XLSX: self._workbook, ARCHIVE: self._archive}[self.format]()
        if self.kind == Extract.Kind.DOCUMENTS and self.format != ARCHIVE:
            raise Refused("file.documents_need_archive")

    def _is_workbook(self) -> bool:
        with seekable(self._file, self._right) as handle, open_archive(handle) as archive:
            return is_workbook(archive)

    def _text(self) -> None:
        text = read_text(lambda: open_file(self._file, self._right))
        self._map_text(text)

    def _map_text(self, text: Text) -> None:
        self.encoding = text.encoding
        self.kind, self.columns = self._map(header_of(text))
        refuse_cut(text, len(self.columns))
        self.widths = widths_of(text, self.columns, LAYOUTS[self.kind])

    def _workbook(self) -> None:
        with seekable(self._file, self._right) as handle:
            rows = first_sheet(handle)
            header = heading_row(rows)
            _refuse_twice(header)
            self.kind, self.columns = self._map(header)
            sample = (
                [str(cell) for cell in row[: len(header)]]
                for _, row in zip(range(WIDTH_ROWS), rows, strict=False)
            )
            whole = (row for row in sample if len(row) == len(header))
            self.widths = dominant_widths(whole, self.columns, LAYOUTS[self.kind])

    def _archive(self) -> None:
        with seekable(self._file, self._right) as handle, open_archive(handle) as archive:
            data = read_member(archive, index_name(archive)) or b""
        self._map_text(read_text(lambda: [data]))
        if self.kind != Extract.Kind.DOCUMENTS:
            raise Refused("file.wrong_kind", found=self.kind, wanted=Extract.Kind.DOCUMENTS)

    def _map(self, header: list[str]) -> tuple[str, list[Column]]:
        return map_header(header, kind=self._wanted, known=self._declared)

    def _declared(self, kind: str) -> set[str]:
        rows = FieldPolicy.objects.filter(transfer=self._transfer, kind=kind)
        return set(rows.values_list("source_field", flat=True))


def _refuse_twice(header: list[str]) -> None:
    """The same promise for a sheet as ``header_of`` gives for a text."""
    seen = set()
    for place, heading in enumerate(header, 1):
        if not heading:
            raise Refused("file.header_missing", field=f"#{place}")
        if plain(heading) in seen:
            raise Refused("file.duplicate_header", field=heading)
        seen.add(plain(heading))


def _widths_of_kind(
    transfer: Transfer, side: Organisation, found: _Recognised, purpose: str
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
