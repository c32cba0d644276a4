"""What one sealed file is: by its own headings, or by a mapping that was declared for them."""

from dataclasses import dataclass

from django.conf import settings

from audit.errors import Refused
from clients.fields import LAYOUTS, LINE_HEADINGS, plain
from intake.frames import Record
from transfer.importing.foreign import Look, first_records, in_big5, look_at, may_be_big5
from transfer.importing.how import ARCHIVE, BIG5, COMMA, CSV, How, how_of
from transfer.importing.recognise import (
    WIDTH_ROWS,
    Column,
    columns_of,
    dominant_widths,
    find_header,
    header_of,
    headings_of,
    map_header,
    refuse_cut,
    told_apart,
    widths_of,
)
from transfer.importing.texts import head_records
from transfer.models import Extract, ExtractMapping, FieldPolicy, Transfer
from vault.models import SealedFile
from vault.rows import Reading

# What a file answers whose header stands elsewhere, or is parted otherwise, than the first line under commas.
_NO_HEADER = frozenset(
    {"file.unknown_field", "file.header_missing", "file.duplicate_header", "file.header_too_long"}
)


@dataclass(frozen=True)
class Recognised:
    """Everything an extract keeps about its file."""

    format: str
    encoding: str
    kind: str
    columns: list[Column]
    widths: dict[str, int]
    how: How


def recognise(
    transfer: Transfer,
    file: SealedFile,
    right: Reading,
    *,
    purpose: str = Extract.Purpose.FULL,
    kind: str | None = None,
    mapping: ExtractMapping | None = None,
) -> Recognised:
    """Format, encoding, kind, columns and widths of the file.

    Raises:
        Refused: a ``file.*`` code that says what is wrong with it; a heading nobody knows, by name.
    """
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise Refused("file.too_large", limit=settings.UPLOAD_MAX_BYTES)
    look = look_at(file, right, encoding=mapping.encoding if mapping else "")
    if mapping is not None:
        found = _by_mapping(look, mapping)
    else:
        found = _by_headings(_Case(transfer, file, right, kind), look, purpose)
    _refuse_documents_outside(found, kind)
    return found


def _refuse_documents_outside(found: Recognised, wanted: str | None) -> None:
    if found.format == ARCHIVE and found.kind != Extract.Kind.DOCUMENTS:
        raise Refused("file.wrong_kind", found=found.kind, wanted=wanted or Extract.Kind.DOCUMENTS)
    if found.kind == Extract.Kind.DOCUMENTS and found.format != ARCHIVE:
        raise Refused("file.documents_need_archive")


@dataclass(frozen=True)
class _Case:
    transfer: Transfer
    file: SealedFile
    right: Reading
    kind: str | None

    def declared(self, kind: str) -> set[str]:
        """Headings of a kind for which a policy exists although they are none of ours."""
        rows = FieldPolicy.objects.filter(transfer=self.transfer, kind=kind)
        return set(rows.values_list("source_field", flat=True))


def _by_headings(case: _Case, look: Look, purpose: str) -> Recognised:
    """The usual reading first; where it fails, any other place and separator of the header that is whole."""
    try:
        return _as_usual(case, look, purpose)
    except Refused as refusal:
        other = _otherwise(case, look) if refusal.code in _NO_HEADER else None
        if other is None:
            raise refusal from None
        return other


def _as_usual(case: _Case, look: Look, purpose: str) -> Recognised:
    if look.text is None:
        return _of_records(case, look)
    headings = header_of(look.text)
    known = _of_full_extract(case.transfer, headings) if purpose == Extract.Purpose.MENDED else None
    if known is not None:
        kind, columns = known
        how = How(fields=[column.field for column in columns])
    else:
        kind, columns = map_header(headings, kind=case.kind, known=case.declared)
        how = How()
    refuse_cut(look.text, len(columns))
    widths = widths_of(look.text, columns, LAYOUTS[kind])
    return Recognised(look.format, look.text.encoding, kind, columns, widths, how)


def _of_full_extract(transfer: Transfer, headings: list[str]) -> tuple[str, list[Column]] | None:
    """A file of mended rejects has the headings of the extract it came from, whatever was declared for them."""
    own = [heading for heading in headings if heading not in LINE_HEADINGS]
    for extract in Extract.objects.filter(transfer=transfer, mapping__isnull=False):
        if extract.header == own:
            marks = ["_line", "_column", "_reason"][: len(headings) - len(own)]
            return extract.kind, columns_of(extract.kind, headings, marks + extract.how["fields"])
    return None


def _of_records(case: _Case, look: Look) -> Recognised:
    """A sheet's or table's first record is its header."""
    if not look.records:
        raise Refused("file.empty")
    first = look.records[0]
    headings = headings_of(_trimmed(first.cells))
    kind, columns = map_header(headings, kind=case.kind, known=case.declared)
    how = How(header_line=first.number)
    return Recognised(look.format, "", kind, columns, _sampled(look.records[1:], columns, kind), how)


def _otherwise(case: _Case, look: Look) -> Recognised | None:
    for encoding, delimiter, records in look.heads():
        found = _in_heads(case, look, encoding, delimiter, records)
        if found is not None:
            return found
    if may_be_big5(look) and (text := in_big5(case.file, case.right)) is not None:
        return (
            _otherwise(case, Look(CSV, text)) if text.encoding != (look.text and look.text.encoding) else None
        )
    return None


def _in_heads(
    case: _Case, look: Look, encoding: str, delimiter: str, records: list[Record]
) -> Recognised | None:
    is_usual = delimiter == COMMA and encoding != BIG5
    found = find_header(
        records[1:] if is_usual else records, delimiter=delimiter, kind=case.kind, known=case.declared
    )
    if found is None:
        return None
    below = [record for record in records if record.number > found.how.header_line]
    widths = _sampled(below, found.columns, found.kind)
    return Recognised(look.format, encoding, found.kind, found.columns, widths, found.how)


def _by_mapping(look: Look, mapping: ExtractMapping) -> Recognised:
    """The file read as was declared.

    Raises:
        Refused: its headings are not those the mapping was declared for.
    """
    records = records_under(look, mapping.delimiter)
    headings = headings_at(records, mapping.header_line)
    if [plain(one) for one in headings] != [plain(one) for one in mapping.headings]:
        raise Refused("file.mapping_differs", line=mapping.header_line)
    layout = LAYOUTS[mapping.kind]
    extra = list(mapping.constants)
    names = [layout.by_name[name].heading for name in extra]
    fields = [*mapping.fields, *extra]
    how = How(
        mapping.delimiter,
        mapping.header_line,
        mapping.footer_lines,
        fields,
        dict(mapping.constants),
        dict(mapping.rules),
    )
    columns = columns_of(mapping.kind, [*mapping.headings, *names], fields)
    below = [record for record in records if record.number > mapping.header_line]
    widths = _sampled(below, columns[: len(mapping.fields)], mapping.kind)
    encoding = look.text.encoding if look.text else mapping.encoding
    return Recognised(look.format, encoding, mapping.kind, columns, widths, how)


def records_under(look: Look, delimiter: str) -> list[Record]:
    """The first records of a file under this delimiter."""
    return head_records(look.text, delimiter) if look.text else look.records


def headings_at(records: list[Record], line: int) -> list[str]:
    """The headings that stand on this line, every column named.

    Raises:
        Refused: no record begins there.
    """
    for record in records:
        if record.number == line:
            return told_apart(record.cells)
    raise Refused("file.no_header_there", line=line)


def _trimmed(cells: list[str]) -> list[str]:
    last = max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:last]


def _sampled(records: list[Record], columns: list[Column], kind: str) -> dict[str, int]:
    rows = (record.cells[: len(columns)] for record in records[:WIDTH_ROWS])
    return dominant_widths((row for row in rows if len(row) == len(columns)), columns, LAYOUTS[kind])


def how_read(extract: Extract) -> How:
    """How the extract's records lie."""
    return how_of(extract.how)


def first_of(extract: Extract, file: SealedFile, right: Reading, most: int) -> list[Record]:
    """The first records of an extract that was recognised before."""
    how = how_read(extract)
    return first_records(
        file, right, file_format=extract.format, encoding=extract.encoding, delimiter=how.delimiter, most=most
    )
