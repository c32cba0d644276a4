"""Seeded mutations of real files of every format: records or a named refusal, within memory and time, always."""

import io
import os
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.errors import Refused
from intake import bounds, frames
from intake.errors import Unreadable
from intake.reading import Bytes, Child
from intake.tests.hostile import workbook, zipped
from transfer.importing.texts import blocks_of, read_text, text_records
from transfer.tests.dbf import foxpro, table

SEED = int(os.environ.get("SEED") or 7)
MUTATIONS = int(os.environ.get("MUTATIONS") or 40)
TEXT_MUTATIONS = MUTATIONS * 50
SHARED = Path(__file__).parents[4] / "shared" / "data"
NASTY = (
    b"\x00",
    b"\xff",
    b"\x1a",
    b'"',
    b"\n",
    b"\r",
    b"\x80",
    b"<",
    b"&",
    b"]]>",
    b"\xff\xff\xff\xff",
    b"\x7f" * 4,
)
FIELDS = [("客户号", "C", 12), ("姓名", "C", 20), ("金额", "N", 12), ("日期", "D", 8)]
ROWS = [(f"{number:012d}", "周宁", "12.50", "20200102") for number in range(50)]


def sheet() -> bytes:
    return workbook(
        ["客户号", "姓名", "金额"], *([f"{n:012d}", "周宁", n / 4] for n in range(50)), ["=1+1", "x", 1]
    )


def memo_archive() -> bytes:
    data, memo = foxpro(
        [*FIELDS[:2], ("备注", "M", 4)], ("1", "周宁", 0), ("2", "王芳", 1), memos=["长" * 90, "短"]
    )
    return zipped({"a.dbf": data, "a.fpt": memo})


def lines() -> bytes:
    return b"".join(f'{{"客户号": "{n:012d}", "姓名": "周宁", "金额": {n}.50}}\n'.encode() for n in range(50))


def archive() -> bytes:
    return zipped({"索引.csv": "文件名,客户号\r\na.pdf,1\r\n".encode("gb18030"), "a.pdf": b"%PDF-1.4" * 99})


MADE = {
    "xlsx": ("zip", sheet),
    "dbf": ("dbf", lambda: table(FIELDS, *ROWS)),
    "dbf with memo": ("zip", memo_archive),
    "json lines": ("jsonl", lines),
    "archive": ("zip", archive),
}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to eight of them changed, cut, doubled, moved or put in."""
    work = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(work) or 1)
        length = chance.choice((1, 1, 2, 4, 16, 200))
        act = chance.randrange(6)
        if act == 0 and work:
            work[at % len(work)] ^= 1 << chance.randrange(8)
        elif act == 1:
            work[at : at + length] = chance.choice(NASTY)
        elif act == 2:
            del work[at : at + length]
        elif act == 3:
            work[at:at] = work[at : at + length] * chance.choice((1, 3, 50))
        elif act == 4:
            work[at : at + 4] = chance.randbytes(4)
        elif chance.random() < 0.3:
            del work[at:]
    return bytes(work)


def inside(data: bytes, chance: random.Random) -> bytes:
    """An archive with one member mutated and everything around it right again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(parts))
    parts[name] = mutated(bytes(parts[name]), chance)
    return zipped(parts)


def read(data: bytes, form: str) -> Iterator[Child]:
    """Everything that may be asked about a file, until it is refused."""
    wishes = [frames.Wish("shape", len(data), form)]
    if form == "zip":
        wishes.append(frames.Wish("members", len(data), "zip", names=["*index", "a.pdf", "no such"]))
    for wish in wishes:
        with Child(Bytes(data)) as child:
            try:
                child.ask(wish)
                for kind, payload in child.answers():
                    if kind == frames.SHAPE and b"xlsx" in payload:
                        wishes[1:] = [frames.Wish("records", len(data), "xlsx")]
            except Unreadable as refusal:
                assert refusal.code.startswith("file.")
        yield child


@pytest.mark.parametrize("form", MADE)
def test_a_mutated_file_is_read_or_refused_and_never_more(form):
    chance = random.Random(f"{SEED}:{form}")
    wanted, make = MADE[form]
    original, mine = make(), os.getpid()
    failed = 0
    for number in range(MUTATIONS):
        change = inside if wanted == "zip" and number % 2 else mutated
        data = change(original, chance)
        for child in read(data, wanted):
            assert child.peak_bytes <= bounds.MEMORY_BYTES, (SEED, form, number)
            assert child.cpu_seconds <= bounds.CPU_SECONDS, (SEED, form, number)
            failed += child._process.returncode != 0
    assert os.getpid() == mine
    # Children that died are refusals too; that many would mean a parser that dies instead of answering.
    assert failed <= MUTATIONS // 2


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not on this machine")
def test_mutated_exports_of_other_houses_are_read_or_refused():
    chance = random.Random(SEED)
    forms = {".dbf": "dbf", ".xls": "xls", ".xlsx": "zip"}
    real = [path for path in sorted(SHARED.rglob("*")) if path.suffix in forms]
    for number in range(MUTATIONS):
        path = chance.choice(real)
        for child in read(mutated(path.read_bytes(), chance), forms[path.suffix]):
            assert child.peak_bytes <= bounds.MEMORY_BYTES, (SEED, path.name, number)


def texts() -> list[bytes]:
    head = "客户号,姓名,金额\r\n"
    body = "".join(f'{n:012d},"周,宁\n{n}",{n}.50\r\n' for n in range(200))
    made = [(head + body).encode(encoding) for encoding in ("utf-8", "gb18030", "utf-8-sig")]
    return made + [
        path.read_bytes() for path in sorted(SHARED.rglob("*.csv")) if path.stat().st_size < 100_000
    ]


def test_a_mutated_text_is_read_or_refused_with_a_line():
    chance = random.Random(SEED)
    real = texts()
    for _ in range(TEXT_MUTATIONS):
        data = mutated(chance.choice(real), chance)
        try:
            text = read_text(lambda data=data: blocks_of(data, 1000))
            last = 0
            for record in text_records(blocks_of(data, 1000), text.encoding, chance.choice(",;\t")):
                assert record.number > last
                last = record.number
        except Refused as refusal:
            assert refusal.code.startswith("file.") and refusal.message != refusal.code
