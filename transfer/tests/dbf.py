"""Small dBase tables, written by hand. Imported by the import's tests."""

import struct


def table(
    names: list[tuple[str, str, int]],
    *rows: tuple,
    code_page: int = 0x4D,
    encoding: str = "gbk",
    version: int = 3,
) -> bytes:
    """A table of fields (name, type, length); a row whose first cell is ``None`` is deleted."""
    width = 1 + sum(length for _, _, length in names)
    start = 32 + 32 * len(names) + 1
    out = bytearray(struct.pack("<BBBBIHH17xB2x", version, 126, 11, 23, len(rows), start, width, code_page))
    for name, kind, length in names:
        out += struct.pack("<11sc4xBB14x", name.encode(encoding), kind.encode(), length, 0)
    out += b"\r"
    for row in rows:
        deleted = row[0] is None
        cells = row[1:] if deleted else row
        out += b"*" if deleted else b" "
        for cell, (_, kind, length) in zip(cells, names, strict=True):
            data = str(cell).encode(encoding)
            out += data.rjust(length) if kind == "N" else data.ljust(length)
    return bytes(out + b"\x1a")


def foxpro(
    names: list[tuple[str, str, int]], *rows: tuple, memos: list[str], encoding: str = "gbk"
) -> tuple[bytes, bytes]:
    """A Visual FoxPro table with one memo column (type M, four bytes) and its memo file."""
    blocks, memo = [], bytearray(struct.pack(">I2xH", 8, 64).ljust(512, b"\x00"))
    for text in memos:
        blocks.append(len(memo) // 64)
        data = text.encode(encoding)
        memo += (struct.pack(">II", 1, len(data)) + data).ljust(-(-(8 + len(data)) // 64) * 64, b"\x00")
    width = 1 + sum(length for _, _, length in names)
    start = 32 + 32 * len(names) + 1 + 263
    out = bytearray(struct.pack("<BBBBIHH17xB2x", 0x30, 126, 11, 23, len(rows), start, width, 0x7A))
    for name, kind, length in names:
        out += struct.pack("<11sc4xBB14x", name.encode(encoding), kind.encode(), length, 0)
    out += b"\r" + bytes(263)
    for row in rows:
        out += b" "
        for cell, (_, kind, length) in zip(row, names, strict=True):
            out += (
                struct.pack("<I", blocks[cell]) if kind == "M" else str(cell).encode(encoding).ljust(length)
            )
    return bytes(out), bytes(memo)
