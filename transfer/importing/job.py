"""What one slice of one run needs to know, gathered from the database once."""

import datetime
import uuid
from dataclasses import dataclass

from access.models import Branch
from clients.fields import LAYOUTS, Layout
from clients.models import Account, Client, Document, Holding, Preference, Relation, Trade
from rules.packs import load_pack
from transfer.importing.ages import Ages, ages_on
from transfer.importing.recognise import Column, columns_of
from transfer.models import Extract, FieldPolicy, ImportChunk, ImportRun
from vault.models import SealedFile
from vault.rows import SealedModel

MODELS: dict[str, type[SealedModel]] = {
    "clients": Client,
    "accounts": Account,
    "relations": Relation,
    "holdings": Holding,
    "trades": Trade,
    "preferences": Preference,
    "documents": Document,
}


@dataclass
class Job:
    """One slice of one run, with the extract's layout and the policies in force."""

    run: ImportRun
    chunk: ImportChunk
    extract: Extract
    file: SealedFile
    book: uuid.UUID
    layout: Layout
    columns: list[Column]
    never: frozenset[str]
    branches: dict[str, uuid.UUID]
    ages: Ages

    @property
    def loads(self) -> bool:
        """Whether rows are written, or the file is only looked at."""
        return self.run.mode == ImportRun.Mode.LOAD

    @property
    def is_delta(self) -> bool:
        """Whether rows that are there already are compared instead of refused."""
        return self.extract.purpose == Extract.Purpose.DELTA

    @property
    def holder(self) -> uuid.UUID:
        """The organisation under whose key everything is sealed."""
        return self.extract.side_id

    @property
    def numbered(self) -> bool:
        """Whether slices carry the source's row number in a hidden column."""
        return self.extract.reading_file is not None

    @property
    def encoding(self) -> str:
        return "utf-8" if self.numbered else self.extract.encoding

    @property
    def as_of(self) -> datetime.date:
        return self.run.as_of

    def place(self, field: str) -> int:
        """Where the header has this field; -1 where it does not."""
        return next((place for place, column in enumerate(self.columns) if column.field == field), -1)

    def heading(self, place: int) -> str:
        """The heading at a place; empty for the whole line."""
        return self.columns[place].heading if 0 <= place < len(self.columns) else ""


def open_job(chunk: ImportChunk) -> Job:
    """The job of one chunk."""
    run = ImportRun.objects.select_related("extract__transfer").get(pk=chunk.run_id)
    extract = run.extract
    return Job(
        run=run,
        chunk=chunk,
        extract=extract,
        file=SealedFile.objects.get(pk=extract.reading_file or extract.file),
        book=book_of(extract),
        layout=LAYOUTS[extract.kind],
        columns=columns_of(extract.kind, extract.header, extract.how.get("fields")),
        never=never_stored(extract),
        branches=dict(Branch.objects.filter(organisation=extract.side_id).values_list("code", "pk")),
        ages=ages_on(load_pack(extract.transfer.pack_name), run.as_of),
    )


def book_of(extract: Extract) -> uuid.UUID:
    """The book an extract belongs to: the transfer's, or the one kept for matching."""
    transfer = extract.transfer
    book = transfer.book_id if extract.side_id == transfer.transferor_id else transfer.taker_book_id
    if book is None:
        raise AssertionError("the transferee's book is made when its first extract is received")
    return book


def never_stored(extract: Extract) -> frozenset[str]:
    """The fields whose policy is that they are not stored at all."""
    return frozenset(
        FieldPolicy.objects.filter(
            transfer=extract.transfer_id, kind=extract.kind, policy=FieldPolicy.Policy.NEVER
        ).values_list("target_field", flat=True)
    )
