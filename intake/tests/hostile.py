"""Files made to do harm, each made here from nothing. Imported by tests of several rooms."""

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable

from openpyxl import Workbook

from intake.reading import HOUSE

ROOT = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_LINKS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
    'Target="{target}"/>{more}</Relationships>'
)
_BOOK = (
    f'{ROOT}<workbook xmlns="{MAIN}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def workbook(*rows: list) -> bytes:
    """An honest workbook."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def crafted(sheet: str | bytes, *, more: dict[str, str | bytes] | None = None, links: str = "") -> bytes:
    """A workbook around this XML of its first sheet."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": ROOT + _TYPES,
        "_rels/.rels": ROOT + _LINKS.format(kind="officeDocument", target="xl/workbook.xml", more=""),
        "xl/workbook.xml": _BOOK,
        "xl/_rels/workbook.xml.rels": ROOT
        + _LINKS.format(kind="worksheet", target="worksheets/sheet1.xml", more=links),
        "xl/worksheets/sheet1.xml": sheet,
    } | (more or {})
    return zipped(parts)


def zipped(parts: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def sheet(body: str, *, before: str = "", after: str = "") -> str:
    """A sheet's XML around its rows."""
    return f'{ROOT}<worksheet xmlns="{MAIN}">{before}<sheetData>{body}</sheetData>{after}</worksheet>'


def cell(where: str, text: str) -> str:
    return f'<c r="{where}" t="inlineStr"><is><t>{text}</t></is></c>'


def ratio_bomb() -> bytes:
    return crafted(sheet('<row r="1">' + cell("A1", "a" * 300_000_000) + "</row>"))


def shared_strings_bomb() -> bytes:
    """One string of 900 kB, shown by a hundred thousand cells."""
    strings = f'{ROOT}<sst xmlns="{MAIN}" count="1" uniqueCount="1"><si><t>{"x" * 900_000}</t></si></sst>'
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 100_001))
    link = (
        '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'sharedStrings" Target="sharedStrings.xml"/>'
    )
    return crafted(sheet(rows), more={"xl/sharedStrings.xml": strings}, links=link)


def many_strings_bomb() -> bytes:
    """Ten million shared strings in a small archive."""
    strings = f'{ROOT}<sst xmlns="{MAIN}">' + "<si><t>abcdefgh</t></si>" * 10_000_000 + "</sst>"
    link = (
        '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'sharedStrings" Target="sharedStrings.xml"/>'
    )
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    return crafted(sheet(rows), more={"xl/sharedStrings.xml": strings}, links=link)


def wide_claim() -> bytes:
    """Two cells at opposite corners of the largest sheet there is."""
    return crafted(
        sheet(
            f'<row r="1">{cell("A1", "a")}</row><row r="1048576">{cell("XFD1048576", "b")}</row>',
            before='<dimension ref="A1:XFD1048576"/>',
        )
    )


def tall_claim() -> bytes:
    """The same within seven hundred columns."""
    return crafted(
        sheet(f'<row r="1">{cell("A1", "a")}</row><row r="1048576">{cell("ZZ1048576", "b")}</row>')
    )


def merged_and_styled() -> bytes:
    """A million merged and a million styled empty cells around a small table."""
    merged = "".join(f'<mergeCell ref="A{row}:B{row}"/>' for row in range(1, 1_000_001))
    rows = "".join(f'<row r="{row}" s="1"><c r="A{row}" s="1"/></row>' for row in range(2, 1_000_001))
    return crafted(
        sheet(f'<row r="1">{cell("A1", "a")}</row>{rows}', after=f"<mergeCells>{merged}</mergeCells>")
    )


def billion_laughs() -> bytes:
    entities = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    xml = (
        f"<?xml version='1.0'?><!DOCTYPE worksheet [{entities}]><worksheet xmlns='{MAIN}'><sheetData>"
        f"<row r='1'>{cell('A1', '&l9;')}</row></sheetData></worksheet>"
    )
    return crafted(xml)


def external_entity(target: str = "file:///etc/passwd") -> bytes:
    xml = (
        f"<?xml version='1.0'?><!DOCTYPE worksheet [<!ENTITY x SYSTEM '{target}'>]>"
        f"<worksheet xmlns='{MAIN}'><sheetData><row r='1'>{cell('A1', '&x;')}</row></sheetData></worksheet>"
    )
    return crafted(xml)


def late_entity(target: str = "file:///etc/passwd") -> bytes:
    """The document type is declared far behind the first bytes."""
    xml = (
        f"<?xml version='1.0'?><!--{' ' * 200_000}--><!DOCTYPE worksheet [<!ENTITY x SYSTEM '{target}'>]>"
        f"<worksheet xmlns='{MAIN}'><sheetData><row r='1'>{cell('A1', '&x;')}</row></sheetData></worksheet>"
    )
    return crafted(xml)


def wide_encoding() -> bytes:
    """Entities in UTF-16, where no search for their ASCII names finds them."""
    xml = f"<!DOCTYPE w [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><worksheet xmlns='{MAIN}'/>"
    return crafted(xml.encode("utf-16"))


def linked_outside(port: int) -> bytes:
    """A workbook that names other workbooks and pictures on a server."""
    link = (
        '<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        f'externalLink" Target="http://127.0.0.1:{port}/x.xlsx" TargetMode="External"/>'
    )
    body = f'<row r="1">{cell("A1", "客户号")}</row>'
    return crafted(sheet(body), links=link)


def climbing() -> bytes:
    return zipped({"../../etc/cron.d/x": b"x", "索引.csv": b"x"})


def absolute() -> bytes:
    return zipped({"/etc/cron.d/x": b"x", "索引.csv": b"x"})


def drive() -> bytes:
    return zipped({"C:/windows/x": b"x", "索引.csv": b"x"})


def linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("a.pdf")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("索引.csv", b"x")
    return out.getvalue()


def nested() -> bytes:
    inner = zipped({"0": b"\x00" * 1000})
    for depth in range(1, 40):
        inner = zipped({f"{depth}.zip": inner})
    return zipped({"索引.csv": b"x", "n.zip": inner})


def encrypted() -> bytes:
    data = bytearray(zipped({"索引.csv": b"x", "a.pdf": b"y"}, zipfile.ZIP_STORED))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.find(mark)
        while at >= 0:
            place = at + (6 if mark == b"PK\x03\x04" else 8)
            data[place] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def lying_size(claimed: int = 3) -> bytes:
    """A member that says it has three bytes and holds a hundred thousand."""
    data = bytearray(zipped({"索引.csv": "文件名,客户号\n" * 6_000}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.find(mark) + place, claimed)
    return bytes(data)


def lying_checksum() -> bytes:
    data = bytearray(zipped({"索引.csv": b"a,b\r\n1,2\r\n"}, zipfile.ZIP_STORED))
    data[data.find(b"a,b")] ^= 1
    return bytes(data)


def many_members() -> bytes:
    """One more than the old format can count, without an index."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(65_536):
            archive.writestr(f"d/{number}", b"")
    return out.getvalue()


def overlapping() -> bytes:
    """A hundred entries of the directory that all point at the same megabytes."""
    blob = zlib.compress(b"0" * 50_000_000, 9)[2:-4]
    crc = zlib.crc32(b"0" * 50_000_000)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(blob), 50_000_000, 5, 0)
    out, names = bytearray(local + b"a.pdf" + blob), [b"a.pdf", *(b"%05d" % n for n in range(99))]
    start = len(out)
    for name in names:
        out += struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            20,
            20,
            0,
            8,
            0,
            33,
            crc,
            len(blob),
            50_000_000,
            5,
            0,
            0,
            0,
            0,
            0,
            0,
        )
        out += name
    out += struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 100, 100, len(out) - start, start, 0)
    return bytes(out)


def zip64_oddity() -> bytes:
    """The old end record asks for a Zip64 one that lies about where the directory is."""
    data = zipped({"索引.csv": b"a,b\r\n"})
    start = data.rfind(b"PK\x05\x06")
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**60, 2**61)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:start] + record + locator + end


def polyglot() -> bytes:
    """A PDF with an archive behind it: which of the two it is depends on who looks."""
    return b"%PDF-1.7\n" + zipped({"索引.csv": b"x"})


def strange_method() -> bytes:
    return zipped({"索引.csv": b"x" * 100}, zipfile.ZIP_LZMA)


HOSTILE: dict[str, tuple[str, Callable[[], bytes], set[str]]] = {
    "a sheet that grows a thousandfold": ("a.xlsx", ratio_bomb, {"file.archive_unsafe"}),
    "one string in every cell": ("a.xlsx", shared_strings_bomb, {"file.too_heavy"}),
    "ten million strings": ("a.xlsx", many_strings_bomb, {"file.archive_unsafe", "file.too_heavy"}),
    "the widest sheet claimed": ("a.xlsx", wide_claim, {"file.too_many_columns"}),
    "the tallest sheet claimed": ("a.xlsx", tall_claim, {"file.too_heavy"}),
    "a million merged and styled cells": (
        "a.xlsx",
        merged_and_styled,
        {"file.unknown_field", "file.too_heavy"},
    ),
    "a billion laughs": ("a.xlsx", billion_laughs, {"file.archive_unsafe"}),
    "an external entity": ("a.xlsx", external_entity, {"file.archive_unsafe"}),
    "an external entity far behind": ("a.xlsx", late_entity, {"file.archive_unsafe", "file.truncated"}),
    "entities in a wide encoding": ("a.xlsx", wide_encoding, {"file.archive_unsafe"}),
    "a member that climbs out": ("a.zip", climbing, {"file.archive_unsafe"}),
    "a member from the root": ("a.zip", absolute, {"file.archive_unsafe"}),
    "a member on a drive": ("a.zip", drive, {"file.archive_unsafe"}),
    "a member that is a link": ("a.zip", linked, {"file.archive_unsafe"}),
    "archives in archives": ("a.zip", nested, {"file.archive_unsafe"}),
    "an encrypted member": ("a.zip", encrypted, {"file.archive_unsafe"}),
    "a size that lies": ("a.zip", lying_size, {"file.archive_unsafe", "file.truncated"}),
    "a checksum that lies": ("a.zip", lying_checksum, {"file.truncated"}),
    "65,536 members": ("a.zip", many_members, {"file.index_missing"}),
    "members that overlap": ("a.zip", overlapping, {"file.archive_unsafe", "file.truncated"}),
    "a Zip64 record that lies": ("a.zip", zip64_oddity, {"file.truncated"}),
    "a PDF that is an archive": ("a.zip", polyglot, {"file.not_what_it_says"}),
    "a method nobody uses": ("a.zip", strange_method, {"file.archive_unsafe"}),
}


def made(case: str) -> bytes:
    """The file, made by a process of its own: what this one holds in memory is counted against its children."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "intake.tests.hostile", case],
        cwd=HOUSE,
        capture_output=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    sys.stdout.buffer.write(HOSTILE[sys.argv[1]][1]())
