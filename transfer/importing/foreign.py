"""Sealed files as records, whatever program wrote them: text here, everything else in a child process.

Invariants:
- What is not text is opened by ``intake`` alone; this process sees checked records.
- A refusal of the child is a refusal of ours, with the same code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from audit.errors import Refused
from intake import reading as intake
from intake.errors import Unreadable
from intake.frames import Record
from transfer.importing.how import (
    ARCHIVE,
    BIG5,
    COMMA,
    CSV,
    DELIMITERS,
    GB18030,
    XLSX,
)
from transfer.importing.recognise import format_of, refuse_wrong_name
from transfer.importing.texts import Text, blocks_of, head_records, read_text, text_records
from vault.files import OpenedFile, file_name, open_file
from vault.models import SealedFile
from vault.rows import Reading

INDEX: Final = "*index"
_HEAD_RECORDS: Final = 60


class SealedPages:
    """A sealed file as the child's source of pages."""

    def __init__(self, file: SealedFile, right: Reading) -> None:
        self.size = file.size
        self._opened = OpenedFile(file, right)

    def page(self, offset: int, length: int) -> bytes:
        """These bytes of the plaintext."""
        return self._opened.slice(offset, length)


@contextmanager
def refusing() -> Iterator[None]:
    """``Unreadable`` becomes ``Refused``."""
    try:
        yield
    except Unreadable as problem:
        raise Refused(problem.code, **problem.params) from None


@dataclass
class Look:
    """What a file turned out to be, before anybody asks what its columns mean.

    ``text`` is there for text and for the index of an archive; ``records`` are the first ones of anything else.
    """

    format: str
    text: Text | None = None
    records: list[Record] = field(default_factory=list)

    def heads(self) -> Iterator[tuple[str, str, list[Record]]]:
        """Every way the beginning may be read: encoding, delimiter, first records."""
        if self.text is None:
            yield "", COMMA, self.records
            return
        for delimiter in DELIMITERS:
            yield self.text.encoding, delimiter, head_records(self.text, delimiter)


def look_at(file: SealedFile, right: Reading, *, encoding: str = "") -> Look:
    """What the file is, and its beginning.

    Raises:
        Refused: empty, another format than its name says, nothing we read, or a ``file.*`` code of its format.
    """
    name = file_name(file, right)
    head = next(iter(open_file(file, right)), b"")
    found = format_of(head[:64], name)
    if found == CSV:
        refuse_wrong_name(CSV, name)
        return Look(CSV, read_text(lambda: open_file(file, right), encoding))
    refuse_wrong_name(found, name, unopened=True)
    with refusing(), intake.shape_of(SealedPages(file, right), file_format=found, encoding=encoding) as shape:
        kind, records = shape
    refuse_wrong_name(kind.format, name)
    if kind.format == ARCHIVE:
        data = index_of(file, right)
        return Look(ARCHIVE, read_text(lambda: blocks_of(data)))
    return Look(kind.format, None, records)


def in_big5(file: SealedFile, right: Reading) -> Text | None:
    """The text read as Big5, if all of it is."""
    try:
        return read_text(lambda: open_file(file, right), BIG5)
    except Refused:
        return None


def may_be_big5(look: Look) -> bool:
    """Whether a text that decodes as GB18030 is worth a second look."""
    return look.format == CSV and look.text is not None and look.text.encoding == GB18030


def index_of(file: SealedFile, right: Reading) -> bytes:
    """The index of an archive of documents."""
    [content] = list(members_of(file, right, [INDEX]))
    return bytes(content[1] or b"")


def members_of(file: SealedFile, right: Reading, names: list[str]) -> Iterator[tuple[int, bytearray | None]]:
    """(place in ``names``, content or None) of each wanted member of an archive."""
    with refusing():
        yield from intake.Members(SealedPages(file, right), names)


def all_records(
    file: SealedFile,
    right: Reading,
    *,
    file_format: str,
    encoding: str,
    delimiter: str,
) -> Iterator[Record]:
    """Every record of the file, its header among them."""
    if file_format == CSV:
        yield from text_records(open_file(file, right), encoding, delimiter)
    elif file_format == ARCHIVE:
        yield from text_records(blocks_of(index_of(file, right)), encoding, delimiter)
    else:
        with refusing():
            yield from intake.records_of(SealedPages(file, right), file_format=file_format, encoding=encoding)


def first_records(
    file: SealedFile,
    right: Reading,
    *,
    file_format: str,
    encoding: str,
    delimiter: str,
    most: int = _HEAD_RECORDS,
) -> list[Record]:
    """The first records; of a workbook the child reads no more than it must."""
    if file_format in {CSV, ARCHIVE}:
        records = all_records(file, right, file_format=file_format, encoding=encoding, delimiter=delimiter)
        return [record for record, _ in zip(records, range(most), strict=False)]
    wanted = "zip" if file_format == XLSX else file_format
    with (
        refusing(),
        intake.shape_of(SealedPages(file, right), file_format=wanted, encoding=encoding, most=most) as shape,
    ):
        return shape[1]
