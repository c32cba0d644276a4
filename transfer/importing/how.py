"""How the records of one foreign file are laid out: what was recognised, or what somebody declared. Pure."""

from typing import Final

import msgspec

UTF8, UTF8_BOM, GB18030, BIG5 = "utf-8", "utf-8-sig", "gb18030", "big5hkscs"
CSV, XLSX, XLS, ARCHIVE, DBF, DBF_ZIP, JSONL = "csv", "xlsx", "xls", "zip", "dbf", "dbf.zip", "jsonl"
DECLARED: Final = (UTF8, GB18030, BIG5, "cp1251", "cp1252", "cp866")
"""Encodings that somebody may declare; what a file says of itself needs no declaring."""
COMMA: Final = ","
DELIMITERS: Final = (COMMA, "\t", ";", "|")
# The header of a table or of JSON Lines stands above the first record.
ABOVE_ALL: Final = 0


class How(msgspec.Struct, frozen=True):
    """``header_line`` is the line, or the sheet's row, on which the headings stand; the last
    ``footer_lines`` records are no data. ``fields`` names our field behind every heading, empty for one that
    is never stored; no ``fields`` at all means that the headings speak for themselves. ``constants`` are
    fields the file lacks, with the one value all its rows have; ``rules`` are ``Rule`` texts by field.
    """

    delimiter: str = COMMA
    header_line: int = 1
    footer_lines: int = 0
    fields: list[str] = []
    constants: dict[str, str] = {}
    rules: dict[str, str] = {}

    def stored(self) -> dict[str, object]:
        """As the extract keeps it."""
        found: dict[str, object] = msgspec.to_builtins(self)
        return found


MOST_DIGITS: Final = 15
"""A spreadsheet keeps fifteen digits of a number; of a longer code it has lost some."""


class Rule(msgspec.Struct, frozen=True):
    """What becomes of the cells of one column: words of the source for ours, or codes brought to a length."""

    words: dict[str, str] = {}
    digits: int = 0


def rule_of(text: str) -> Rule:
    """``买=买入; 卖=卖出`` as words, ``6`` as digits.

    Raises:
        ValueError: it is neither.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        if not 1 <= int(text) <= MOST_DIGITS:
            raise ValueError(text)
        return Rule(digits=int(text))
    pairs = [
        pair.partition("=") for pair in text.replace("；", ";").replace("\n", ";").split(";") if pair.strip()
    ]
    if not pairs or not all(mark and source.strip() and ours.strip() for source, mark, ours in pairs):
        raise ValueError(text)
    return Rule(words={source.strip(): ours.strip() for source, _, ours in pairs})


def how_of(stored: dict[str, object]) -> How:
    """What an extract or a mapping keeps; the usual way where it keeps nothing."""
    return msgspec.convert(stored, How)


def is_cut_directly(file_format: str, encoding: str, how: How) -> bool:
    """Whether slices are cut from the file itself: our own separators, encodings and place of the header."""
    return (
        file_format == CSV
        and encoding in {UTF8, UTF8_BOM, GB18030}
        and (how.delimiter, how.header_line, how.footer_lines) == (COMMA, 1, 0)
        and not how.constants
    )
