"""Small real pictures and papers, and the archive that carries them.

Invariant: the same content gives the same bytes, so an archive of one seed is the same file every time.
"""

import hashlib
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

_FONT_OBJECTS = """\
<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H
   /DescendantFonts [6 0 R] >>

<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 7 0 R
   /CIDSystemInfo 9 0 R /DW 1000 >>

<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880]
   /ItalicAngle 0 /Ascent 752 /Descent -271 /CapHeight 737 /StemV 58 >>

<< /Font << /F1 5 0 R >> >>

<< /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>"""
EPOCH = (2026, 1, 1, 0, 0, 0)


def png(seed: int) -> bytes:
    """A valid 8 x 8 picture in one colour."""
    colour = hashlib.sha256(seed.to_bytes(8, "big")).digest()[:3]
    rows = (b"\x00" + colour * 8) * 8
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 6)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def pdf(lines: list[str]) -> bytes:
    """A one-page paper; Chinese through the reader's own song font, so nothing is embedded."""
    text = ["BT /F1 12 Tf 56 790 Td 20 TL"]
    text += [f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in lines]
    stream = "\n".join([*text, "ET"]).encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 8 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        *_FONT_OBJECTS.encode().split(b"\n\n"),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


class SteadyZip(zipfile.ZipFile):
    """An archive whose bytes do not depend on the clock."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True)

    def put(self, name: str, content: bytes) -> None:
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        self.writestr(info, content)

    def stream(self, name: str) -> IO[bytes]:
        """A member to be written piece by piece; until it is closed nothing else can be written."""
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        return self.open(info, "w", force_zip64=True)
