"""dBase, FoxPro and Clipper tables as records. Written for this room: the readers that exist open files by
name, which a reader without file access cannot do.

Invariants:
- The first record is the header (number 0); a record's number is its place in the table, deleted ones
  counted and left out.
- Text is decoded strictly by the table's code page; a table that names none is read as ASCII, UTF-8 or
  GB18030, whichever first fits all of it.
- Numbers keep the digits they were written with; dates are eight digits.
- A length or offset in the file is believed only after it has been compared with the file's size.
"""

import datetime
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Final

from intake import bounds
from intake.errors import Unreadable
from intake.pipes import RecordWriter

CODE_PAGES: Final = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x04: "mac_roman", 0x08: "cp865", 0x0B: "cp437",
    0x0D: "cp437", 0x0E: "cp850", 0x0F: "cp437", 0x10: "cp850", 0x13: "cp932", 0x1B: "cp437", 0x1C: "cp863",
    0x1D: "cp850", 0x1F: "cp852", 0x22: "cp852", 0x26: "cp866", 0x37: "cp850", 0x4D: "gb18030",
    0x4E: "cp949", 0x4F: "cp950", 0x50: "cp874", 0x57: "cp1252", 0x58: "cp1252", 0x59: "cp1252",
    0x64: "cp852", 0x65: "cp866", 0x66: "cp865", 0x67: "cp861", 0x6A: "cp737", 0x6B: "cp857",
    0x78: "cp950", 0x79: "cp949", 0x7A: "gb18030", 0x7B: "cp932", 0x7C: "cp874", 0x7D: "cp1255",
    0x7E: "cp1256", 0x96: "mac_cyrillic", 0x97: "mac_latin2", 0x98: "mac_greek", 0xC8: "cp1250",
    0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253",
}  # fmt: skip
VERSIONS: Final = frozenset({0x02, 0x03, 0x04, 0x30, 0x31, 0x32, 0x43, 0x83, 0x8B, 0x8C, 0xCB, 0xF5})
_UNMARKED: Final = ("ascii", "utf-8", "gb18030")
_HEAD: Final = struct.Struct("<4xIHH")
_FOXPRO: Final = frozenset({0x30, 0x31, 0x32})
_WITH_MEMO: Final = "MBGPQVW"
_BINARY_MEMO: Final = frozenset("GPQW")
_DAY_ZERO: Final = 1_721_425
_ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True)
class _Field:
    name: bytes
    kind: str
    offset: int
    length: int
    decimals: int


@dataclass(frozen=True)
class _Table:
    version: int
    count: int
    start: int
    width: int
    code_page: int
    fields: list[_Field]


def read(handle: IO[bytes], memo: IO[bytes] | None, writer: RecordWriter, *, encoding: str = "") -> None:
    """The table's header and its records that are not deleted.

    Raises:
        Unreadable: no table, cut off, an unknown field type or code page, or a memo without its file.
    """
    size = handle.seek(0, 2)
    handle.seek(0)
    table = _table(handle, size)
    reader = _Reader(table, _Memo(memo, table.version), encoding or _encoding_of(handle, table))
    writer.put(0, "", reader.header())
    kinds = "".join("n" if item.kind in "NFIYBO" and not _is_memo(item) else "t" for item in table.fields)
    for number, raw in _raw_records(handle, table):
        if writer.full:
            return
        if raw[:1] != b"*":
            writer.put(number, kinds, reader.cells(raw, number))


def _table(handle: IO[bytes], size: int) -> _Table:
    head = handle.read(32)
    if len(head) < 32 or head[0] not in VERSIONS:
        raise Unreadable("file.truncated", line="header")
    if head[0] == 0x02:
        return _old_table(handle, head)
    count, start, width = _HEAD.unpack_from(head)
    step, first = (48, 68) if head[0] & 0x07 == 0x04 else (32, 32)
    if not first < start <= size or width < 1:
        raise Unreadable("file.truncated", line="header")
    handle.seek(first)
    area = handle.read(start - first)
    fields = _fields(area, step, head[0])
    if sum(item.length for item in fields) + 1 > width:
        raise Unreadable("file.truncated", line="header")
    if start + count * width > size:
        raise Unreadable("file.truncated", line=max(0, (size - start) // width) + 1)
    return _Table(head[0], count, start, width, head[29], fields)


def _old_table(handle: IO[bytes], head: bytes) -> _Table:
    """FoxBASE and dBase II: sixteen bytes a field, at most 32 of them."""
    count, width = struct.unpack_from("<H", head, 1)[0], struct.unpack_from("<H", head, 6)[0]
    handle.seek(8)
    area = handle.read(512)
    fields, offset = [], 1
    for at in range(0, 512, 16):
        if area[at] == 0x0D:
            break
        name, kind, length = area[at : at + 11].rstrip(b"\x00"), chr(area[at + 11]), area[at + 12]
        fields.append(_Field(name.split(b"\x00")[0], kind, offset, length, area[at + 15]))
        offset += length
    if not fields or offset > width:
        raise Unreadable("file.truncated", line="header")
    return _Table(head[0], count, 521, width, 0, fields)


def _fields(area: bytes, step: int, version: int) -> list[_Field]:
    fields, offset = [], 1
    for at in range(0, len(area) - step + 1, step):
        if area[at] == 0x0D:
            break
        raw = area[at : at + step]
        name = raw[: 32 if step == 48 else 11].split(b"\x00")[0]
        kind, length, decimals = (
            (chr(raw[32]), raw[33], raw[34]) if step == 48 else (chr(raw[11]), raw[16], raw[17])
        )
        if kind == "C" and step == 32:
            length += decimals << 8
        if kind not in "CNFLDMIYTBGPQVW0+@O" or (kind == "0" and version not in _FOXPRO):
            raise Unreadable("file.field_type", field=name.decode("ascii", "replace")[:40], name=kind)
        if kind != "0":
            fields.append(_Field(name, kind, offset, length, decimals))
        offset += length
    if not fields:
        raise Unreadable("file.empty")
    if len(fields) > bounds.MOST_COLUMNS:
        raise Unreadable("file.too_many_columns", line=1, limit=bounds.MOST_COLUMNS)
    return fields


def _is_memo(item: _Field) -> bool:
    return item.kind in _WITH_MEMO and not (item.kind == "B" and item.length == 8)


def _raw_records(handle: IO[bytes], table: _Table) -> Iterator[tuple[int, bytes]]:
    handle.seek(table.start)
    number = 0
    while number < table.count:
        wanted = min(_ROWS_AT_ONCE, table.count - number)
        block = handle.read(wanted * table.width)
        if len(block) < wanted * table.width:
            raise Unreadable("file.truncated", line=number + len(block) // table.width + 1)
        for at in range(0, len(block), table.width):
            number += 1
            yield number, block[at : at + table.width]


def _encoding_of(handle: IO[bytes], table: _Table) -> str:
    if table.code_page:
        if table.code_page not in CODE_PAGES:
            raise Unreadable("file.code_page", name=f"0x{table.code_page:02X}")
        return CODE_PAGES[table.code_page]
    candidates = list(_UNMARKED)
    texts = [item for item in table.fields if item.kind in "CV"]
    names = b"".join(item.name for item in table.fields)
    candidates = [name for name in candidates if _decodes(names, name)]
    for _, raw in _raw_records(handle, table):
        if candidates[:1] == ["ascii"] and raw.isascii():
            continue
        for item in texts:
            cell = raw[item.offset : item.offset + item.length]
            while candidates and not _decodes(cell, candidates[0]):
                candidates.pop(0)
    if not candidates:
        raise Unreadable("file.code_page", name="0x00")
    return candidates[0]


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class _Reader:
    """Cells of one table as text."""

    def __init__(self, table: _Table, memo: "_Memo", encoding: str) -> None:
        self._fields = table.fields
        self._memo = memo
        self._encoding = encoding
        self._version = table.version

    def header(self) -> list[str]:
        """The names; an unnamed column or one that stands twice is told apart by its place."""
        names: list[str] = []
        for place, item in enumerate(self._fields, 1):
            name = self._decode(item.name, 0, place).strip()
            names.append(name if name and name not in names else f"{name}#{place}")
        return names

    def cells(self, raw: bytes, number: int) -> list[str]:
        """One record's cells."""
        return [
            self._cell(item, raw[item.offset : item.offset + item.length], number, place)
            for place, item in enumerate(self._fields, 1)
        ]

    def _decode(self, data: bytes, number: int, place: int) -> str:
        try:
            return data.decode(self._encoding)
        except UnicodeDecodeError:
            raise Unreadable("file.encoding", line=number, column=place) from None

    def _cell(self, item: _Field, raw: bytes, number: int, place: int) -> str:
        if _is_memo(item):
            return self._memo_cell(item, raw, number, place)
        read_binary = _BINARY.get(item.kind)
        if read_binary and not (item.kind == "B" and item.length != 8):
            return read_binary(raw, item)
        text = self._decode(raw.rstrip(b"\x00"), number, place).strip(" ")
        if item.kind == "L":
            return {"T": "T", "Y": "T", "F": "F", "N": "F"}.get(text.upper(), "")
        if item.kind in "NF" and set(text) <= {"*"}:
            return ""
        if item.kind == "D":
            return text if text.strip("0") else ""
        return text.rstrip("\x00")

    def _memo_cell(self, item: _Field, raw: bytes, number: int, place: int) -> str:
        block = _block_number(raw)
        if block <= 0:
            return ""
        data = self._memo.content(block, number)
        return (
            data.hex() if item.kind in _BINARY_MEMO else self._decode(data, number, place).rstrip("\x00\x1a")
        )


def _block_number(raw: bytes) -> int:
    if len(raw) == 4:
        return int.from_bytes(raw, "little")
    text = raw.strip(b" \x00")
    return int(text) if text.isdigit() else 0


def _stamp(raw: bytes, item: _Field) -> str:  # noqa: ARG001
    day, milliseconds = struct.unpack("<II", raw) if len(raw) == 8 else (0, 0)
    if not day:
        return ""
    try:
        moment = datetime.datetime.fromordinal(day - _DAY_ZERO + 1) + datetime.timedelta(
            milliseconds=round(milliseconds, -1)
        )
    except (ValueError, OverflowError):
        return ""
    return moment.strftime("%Y%m%d %H:%M:%S") if milliseconds else moment.strftime("%Y%m%d")


def _whole(raw: bytes, item: _Field) -> str:  # noqa: ARG001
    return str(int.from_bytes(raw, "little", signed=True))


def _money(raw: bytes, item: _Field) -> str:  # noqa: ARG001
    return format(Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(-4), "f")


def _double(raw: bytes, item: _Field) -> str:
    value: float = struct.unpack("<d", raw)[0] if len(raw) == 8 else 0.0
    if value != value or abs(value) > 1e300:  # noqa: PLR0124  not a number differs from itself
        return ""
    return f"{value:.{item.decimals}f}" if item.decimals else format(Decimal(repr(value)), "f")


_BINARY: Final[dict[str, Callable[[bytes, _Field], str]]] = {
    "I": _whole,
    "+": _whole,
    "Y": _money,
    "B": _double,
    "T": _stamp,
    "@": _stamp,
}


class _Memo:
    """The memo file beside a table: blocks of text found by number."""

    def __init__(self, handle: IO[bytes] | None, version: int) -> None:
        self._handle = handle
        self._fox = version in {0x30, 0x31, 0x32, 0xF5}
        self._four = version in {0x8B, 0x8C, 0xCB}
        self._size = handle.seek(0, 2) if handle else 0
        self._block = self._block_size() if handle else 512

    def _block_size(self) -> int:
        head = self._at(0, 24)
        if self._fox:
            return int.from_bytes(head[6:8], "big") or 1
        if self._four:
            return int.from_bytes(head[20:22], "little") or 512
        return 512

    def _at(self, offset: int, length: int) -> bytes:
        assert self._handle is not None
        self._handle.seek(offset)
        return self._handle.read(length)

    def content(self, block: int, number: int) -> bytes:
        """The memo that begins at this block."""
        if self._handle is None:
            raise Unreadable("file.memo_missing", line=number)
        start = block * self._block
        if start >= self._size:
            raise Unreadable("file.truncated", line=number)
        if self._fox:
            length, at = int.from_bytes(self._at(start + 4, 4), "big"), start + 8
        elif self._four:
            length, at = int.from_bytes(self._at(start + 4, 4), "little") - 8, start + 8
        else:
            return self._until_end(start)
        if length < 0 or length > bounds.LARGEST_CELL or at + length > self._size:
            raise Unreadable("file.truncated", line=number)
        return self._at(at, length)

    def _until_end(self, start: int) -> bytes:
        found = bytearray()
        while len(found) <= bounds.LARGEST_CELL:
            piece = self._at(start + len(found), self._block)
            end = piece.find(b"\x1a")
            if end >= 0 or not piece:
                return bytes(found + piece[: max(end, 0)])
            found += piece
        return bytes(found)
