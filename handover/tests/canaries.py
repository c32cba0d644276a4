"""Values of the sample that must be found nowhere in clear, and the search for them in any bytes.

Invariants:
- A value is searched for in UTF-8, GB18030 and UTF-16, as text escaped for JSON, and each of these also
  in hexadecimal and in base64 at all three alignments.
- Ciphertext that a dump writes in hexadecimal is searched as the bytes it stands for.
- Texts shorter than six bytes are left out in every form: chance alone would find them in megabytes of
  ciphertext, and their hexadecimal in the many digests that lie in the clear.
"""

import base64
import csv
import json
import re
import subprocess
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from zipfile import ZipFile

from python_calamine import CalamineWorkbook

SHORTEST = 6
# Digits alone are also parts of the tokens, sums and moments that lie in the clear.
SHORTEST_NUMBER = 10
PRIVATE = (
    "客户号 客户姓名 证件号码 手机号码 电子邮箱 联系地址 一码通账号 交易密码 "
    "账户号码 银行卡号 姓名 资金账号 证券账号 成交编号 文件名"
).split()
_BETWEEN = b"\n--\n"
BYTEA = re.compile(rb"\\\\?x([0-9a-f]{12,})")


def values_of(world: Path) -> set[str]:
    """Every private value of both firms' extracts, but for those too short to search for."""
    found = {value for row in _rows(world) for name, value in row.items() if name in PRIVATE}
    return {value for value in found if len(value) >= (SHORTEST_NUMBER if value.isascii() else 2)}


def encodings_of(value: str) -> Iterator[bytes]:
    """The value as it might lie somewhere."""
    texts = {
        value.encode("utf-8"),
        value.encode("gb18030"),
        value.encode("utf-16-le"),
        value.encode("utf-16-be"),
        json.dumps(value)[1:-1].encode(),
    }
    for text in texts:
        if len(text) < SHORTEST:
            continue
        yield text
        yield text.hex().encode()
        yield text.hex().upper().encode()
        for before in range(3):
            yield _within_base64(text, before)


def plain_of(dump: bytes) -> bytes:
    """A dump in SQL, with every binary value as its bytes."""
    return BYTEA.sub(lambda found: bytes.fromhex(found[1][: len(found[1]) & ~1].decode()), dump)


def files_below(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every regular file below the folders, by name."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


class Search:
    """Looks for many values at once, in one pass of ``grep`` over hexadecimal text."""

    def __init__(self, values: Iterable[str]) -> None:
        self.meaning = {
            pattern.hex().encode(): value
            for value in sorted(values)
            for pattern in encodings_of(value)
            if len(pattern) >= SHORTEST
        }
        # Of names with few bytes base64 keeps too little to be told from chance.
        self._patterns = b"\n".join(sorted(self.meaning))

    def found_in(self, places: Iterable[tuple[str, bytes]]) -> set[tuple[str, str]]:
        """Every (place, value) where the value lies in the place."""
        named = list(places)
        # One search for all: preparing so many patterns takes longer than searching.
        starts = [0, *accumulate(len(data) + len(_BETWEEN) for _, data in named)]
        hits = self._grep(_BETWEEN.join(data for _, data in named))
        return {(named[bisect_right(starts, place) - 1][0], value) for place, value in hits}

    def _grep(self, data: bytes) -> list[tuple[int, str]]:
        with tempfile.NamedTemporaryFile() as patterns:
            patterns.write(self._patterns)
            patterns.flush()
            command = ["grep", "-a", "-b", "-o", "-F", "-f", patterns.name]
            environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
            done = subprocess.run(command, input=data.hex().encode(), capture_output=True, env=environment)
        assert done.returncode in {0, 1}, done.stderr
        hits = [line.split(b":", 1) for line in done.stdout.splitlines()]
        return [(int(place) // 2, self.meaning[found]) for place, found in hits if int(place) % 2 == 0]


def _within_base64(text: bytes, before: int) -> bytes:
    """The characters that every base64 text has in which this text begins ``before`` bytes after a triple."""
    whole = base64.b64encode(bytes(before) + text)
    first = (8 * before + 5) // 6
    return whole[first : (8 * (before + len(text))) // 6]


def _rows(world: Path) -> Iterator[dict[str, str]]:
    for path in sorted(world.glob("transfer?*/*")):
        if path.stem == "控制总数":
            continue  # Names of extracts and sums, nothing about anybody.
        if path.suffix == ".csv":
            yield from _table(path.read_bytes())
        elif path.suffix == ".zip":
            with ZipFile(path) as archive:
                yield from _table(archive.read("索引.csv"))
        else:
            header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
            yield from (dict(zip(map(str, header), map(str, row), strict=True)) for row in rows)


def _table(data: bytes) -> Iterator[dict[str, str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    for row in csv.DictReader(text.splitlines()):
        yield {name: value for name, value in row.items() if name is not None and value is not None}
