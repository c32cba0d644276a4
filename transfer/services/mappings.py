"""Declaring how files of a foreign layout are read, and looking at one before anything is decided.

Invariants:
- Every heading has a decision: our field, or that it is never stored. Every field a kind needs has a
  heading or a constant. Nothing is stored twice.
- What is shown of the file is masked; the look is a recorded reading.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from access.models import Organisation, User
from access.policies import require
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.fields import LAYOUTS, plain
from transfer.events import ImportEvent
from transfer.importing.batch import cells_by_line, cells_of
from transfer.importing.foreign import Look, first_records, look_at
from transfer.importing.how import COMMA, DECLARED, DELIMITERS, How, rule_of
from transfer.importing.recognise import Column, columns_of, find_header
from transfer.models import ExtractMapping, Transfer
from transfer.services.peek import Line, masked_cell, shaped
from transfer.services.policies import declare_field
from transfer.services.recognition import headings_at, records_under
from vault.models import SealedFile
from vault.rows import Reading

NEVER: Final = ""
"""The decision that a heading is never stored."""
UNDECIDED: Final = "?"
_LINES: Final = 10
_BELOW_HEADER: Final = 60


@dataclass(frozen=True)
class Declaration:
    """What somebody says about a layout. ``fields`` has one decision per heading, in their order."""

    kind: str
    fields: Sequence[str]
    header_line: int = 1
    encoding: str = ""
    delimiter: str = COMMA
    footer_lines: int = 0
    constants: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Beginning:
    """How a file begins under a declaration: where its header seems to stand, its headings, its first lines."""

    delimiter: str
    header_line: int
    headings: list[str]
    guesses: list[str]
    lines: list[Line]


@transaction.atomic
def declare_mapping(
    *,
    transfer: Transfer,
    side: Organisation,
    name: str,
    headings: Sequence[str],
    declaration: Declaration,
    by: User,
) -> ExtractMapping:
    """The layout is declared, and headings that are never stored carry that policy.

    Raises:
        NotAllowed: ``by`` may not set policies.
        Refused: another firm's files; a heading without a decision, an unknown or doubled field, or a needed
            one that neither a heading nor a constant gives.
    """
    transfer = Transfer.objects.select_for_update().get(pk=transfer.pk)
    require(by, "transfer.set_policy", transfer)
    _refuse_stranger(transfer, side, by)
    refuse_incomplete(headings, declaration)
    mapping = ExtractMapping.objects.create(
        transfer=transfer,
        side=side,
        name=name.strip()[:80],
        kind=declaration.kind,
        encoding=declaration.encoding,
        delimiter=declaration.delimiter,
        header_line=declaration.header_line,
        footer_lines=declaration.footer_lines,
        headings=list(headings),
        fields=list(declaration.fields),
        constants=dict(declaration.constants),
        rules=dict(declaration.rules),
        declared_by=by,
    )
    record(
        ImportEvent.MAPPING_DECLARED,
        actor=by,
        subject=mapping,
        organisation=side,
        kind=mapping.kind,
        fields=len(mapping.headings),
        never=sum(name == NEVER for name in mapping.fields),
    )
    for heading, decided in zip(headings, declaration.fields, strict=True):
        if decided == NEVER and not columns_of(mapping.kind, [heading])[0].field:
            declare_field(transfer=transfer, kind=mapping.kind, source_field=heading, by=by)
    return mapping


def _refuse_stranger(transfer: Transfer, side: Organisation, by: User) -> None:
    if by.organisation_id != side.pk or side.pk not in transfer.parties():
        raise Refused("import.other_side")


def refuse_incomplete(headings: Sequence[str], declaration: Declaration) -> None:
    """Refuse a declaration that leaves something open, with the name of what it is."""
    if len(headings) != len(declaration.fields):
        raise Refused("mapping.undecided", field=headings[-1] if headings else "")
    for heading, name in zip(headings, declaration.fields, strict=True):
        if name == UNDECIDED:
            raise Refused("mapping.undecided", field=heading)
    if declaration.encoding not in {"", *DECLARED} or declaration.delimiter not in DELIMITERS:
        raise Refused("mapping.layout_unknown")
    _refuse_incoherent(declaration)


def _refuse_incoherent(declaration: Declaration) -> None:
    layout = LAYOUTS[declaration.kind]
    taken = [name for name in declaration.fields if name != NEVER] + list(declaration.constants)
    for name in taken:
        if name not in layout.by_name:
            raise Refused("mapping.field_unknown", field=name)
        if taken.count(name) > 1:
            raise Refused("mapping.field_twice", field=layout.by_name[name].heading)
    for name, text in declaration.rules.items():
        if name not in declaration.fields or not _is_clear(declaration.kind, name, text):
            known = layout.by_name.get(name)
            raise Refused("mapping.rule_unclear", field=known.heading if known else name)
    for item in layout.required():
        if item.name not in taken or not declaration.constants.get(item.name, "-").strip():
            raise Refused("mapping.field_needed", field=item.heading)


def clear_rules(kind: str, rules: Mapping[str, str]) -> dict[str, str]:
    """The rules that can be followed; the others are refused when they are declared."""
    return {name: text for name, text in rules.items() if _is_clear(kind, name, text)}


def _is_clear(kind: str, name: str, text: str) -> bool:
    item = LAYOUTS[kind].by_name.get(name)
    try:
        rule = rule_of(text)
    except ValueError:
        return False
    if item is None or not (item.parse == "choice" if rule.words else item.parse == "code"):
        return False
    return set(rule.words.values()) <= {word for word, _ in item.choices}


def proposed(*, transfer: Transfer, side: Organisation, headings: Sequence[str]) -> QuerySet[ExtractMapping]:
    """The mappings that were declared for exactly these headings, newest first."""
    wanted = [plain(heading) for heading in headings]
    own = ExtractMapping.objects.filter(side=side, transfer__in=_transfers_of(transfer, side))
    fitting = [row.pk for row in own if [plain(one) for one in row.headings] == wanted]
    return ExtractMapping.objects.filter(pk__in=fitting).order_by("-declared_at")


def _transfers_of(transfer: Transfer, side: Organisation) -> QuerySet[Transfer]:
    """The firm's own layouts serve every transfer it is a party to."""
    return (
        Transfer.objects.filter(transferor=side)
        | Transfer.objects.filter(transferee=side)
        | Transfer.objects.filter(pk=transfer.pk)
    )


@transaction.atomic
def proposals_for(*, transfer: Transfer, sealed_file: SealedFile, by: User) -> list[ExtractMapping]:
    """The saved mappings that fit a file: their headings stand where they say.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: the file cannot be read.
    """
    require(by, "transfer.load_extract", transfer)
    own = list(
        ExtractMapping.objects.filter(
            side=by.organisation, transfer__in=_transfers_of(transfer, by.organisation)
        ).order_by("-declared_at")
    )
    if not own:
        return []
    with _right(sealed_file, by) as right:
        looks: dict[str, Look] = {}
        return [mapping for mapping in own if _fits(mapping, sealed_file, right, looks)]


def _right(file: SealedFile, by: User) -> AbstractContextManager[Reading]:
    return reading(
        actor=by,
        organisation=by.organisation_id,
        purpose="recognise_extract",
        subjects=[file.pk],
        fields=["masked"],
    )


def _fits(mapping: ExtractMapping, file: SealedFile, right: Reading, looks: dict[str, Look]) -> bool:
    try:
        if mapping.encoding not in looks:
            looks[mapping.encoding] = look_at(file, right, encoding=mapping.encoding)
        records = records_under(looks[mapping.encoding], mapping.delimiter)
        found = headings_at(records, mapping.header_line)
    except Refused:
        return False
    return [plain(one) for one in found] == [plain(one) for one in mapping.headings]


@dataclass(frozen=True)
class Wanted:
    """How somebody wants to look at a file; what is left out is found out."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    header_line: int | None = None
    footer_lines: int = 0
    fields: Sequence[str] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def look_at_foreign(*, transfer: Transfer, sealed_file: SealedFile, wanted: Wanted, by: User) -> Beginning:
    """The beginning of a file as it would be read: headings, what they may mean, and ten masked lines.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: another firm's file, or it cannot be read in this way.
    """
    require(by, "transfer.load_extract", transfer)
    if sealed_file.holder != by.organisation_id:
        raise Refused("import.other_side")
    with _right(sealed_file, by) as right:
        look = look_at(sealed_file, right, encoding=wanted.encoding)
        delimiter = wanted.delimiter or _likeliest_delimiter(look)
        line = wanted.header_line
        if line is None:
            line = _likeliest_header(look, delimiter, wanted.kind)
        headings = headings_at(records_under(look, delimiter), line)
        guesses = [column.field or UNDECIDED for column in columns_of(wanted.kind, headings)]
        decided = list(wanted.fields) if len(wanted.fields) == len(headings) else guesses
        fields = [NEVER if name == UNDECIDED else name for name in decided] + list(wanted.constants)
        how = How(
            delimiter,
            line,
            wanted.footer_lines,
            fields,
            dict(wanted.constants),
            clear_rules(wanted.kind, wanted.rules),
        )
        lines = _masked(wanted, headings, how, look, sealed_file, right)
    return Beginning(delimiter, line, headings, decided, lines)


def _masked(
    wanted: Wanted, headings: list[str], how: How, look: Look, file: SealedFile, right: Reading
) -> list[Line]:
    encoding = look.text.encoding if look.text else wanted.encoding
    most = _BELOW_HEADER + how.footer_lines
    records = first_records(
        file, right, file_format=look.format, encoding=encoding, delimiter=how.delimiter, most=most
    )
    layout = LAYOUTS[wanted.kind]
    extra = [layout.by_name[name].heading for name in how.constants if name in layout.by_name]
    columns = columns_of(wanted.kind, headings + extra, how.fields)
    table = shaped(wanted.kind, columns, how, records, encoding=encoding)
    places = cells_by_line(table)
    numbers = sorted({*table.lines, *table.refused})[:_LINES]
    return [Line(number, _cells(wanted.kind, columns, cells_of(table, places, number))) for number in numbers]


def _cells(kind: str, columns: list[Column], cells: Sequence[str]) -> list[str]:
    return [masked_cell(kind, column, cell.strip()) for column, cell in zip(columns, cells, strict=False)]


def _likeliest_delimiter(look: Look) -> str:
    """The separator under which most of the first records have the same number of cells, more than one."""
    if look.text is None:
        return COMMA

    def weight(delimiter: str) -> int:
        widths = [len(record.cells) for record in records_under(look, delimiter)]
        most = max(set(widths), key=widths.count, default=0)
        return widths.count(most) * (most > 1) * most

    return max(DELIMITERS, key=weight)


def _likeliest_header(look: Look, delimiter: str, kind: str) -> int:
    """A whole header of the kind if there is one; else the first of the widest rows."""
    records = records_under(look, delimiter)
    found = find_header(records, delimiter=delimiter, kind=kind, known=lambda _: set())
    if found:
        return found.how.header_line
    filled = [sum(bool(cell.strip()) for cell in record.cells) for record in records]
    return records[filled.index(max(filled))].number if records else 1
