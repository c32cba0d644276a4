"""Printed documents: forms in typst, data as JSON, fonts of our own, and nothing dropped in silence.

Invariants:
- The same form, data and language give the same bytes.
- Data is never markup: it reaches the form only as JSON.
- A character that no vendored font can draw, and any warning of the typesetter, refuses the whole document.
- Every document carries its id and the SHA-256 of its canonical content; it is PDF/A-2a and PDF/UA-1.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import segno
import typst

FORMS: Final = Path(__file__).resolve().parent / "forms"
FONTS: Final = Path(__file__).resolve().parent / "fonts"
LANGUAGES: Final = frozenset({"en", "zh-hans"})
STANDARDS: Final = ["a-2a", "ua-1"]
#: What every document must say; the forms ask for more.
REQUIRED: Final = ("title", "organisation", "document_id", "issued_at")
CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class PrintingError(Exception):
    """A document could not be printed exactly as given; the message says what stood against it."""


def content_digest(data: dict[str, Any]) -> str:
    """SHA-256 of the data as canonical JSON: sorted keys, no blanks, UTF-8."""
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def render(form: str, data: dict[str, Any], *, language: str) -> bytes:
    """The document as PDF; both languages stand in it, ``language`` comes first.

    ``form`` is a name from ``forms/``: certificate, list, letter or table_report. ``data`` holds JSON values
    only: always ``title``, ``organisation`` (text, or ``{"en": …, "zh": …}``),
    ``document_id`` and ``issued_at`` (ISO 8601 with offset); optional ``version``, ``approver``,
    ``confidentiality``, ``checkpoint`` (one line) and ``verify_url`` (printed as a QR code).

    Raises:
        PrintingError: unknown form or language, something required is missing, a character that cannot be
            drawn, or any warning of the typesetter.
    """
    pdf, warnings = _typeset(form, data, language, format="pdf", pdf_standards=STANDARDS)
    if warnings:
        raise PrintingError("; ".join(str(warning.message) for warning in warnings))
    return bytes(pdf)


def pictures(form: str, data: dict[str, Any], *, language: str, ppi: float = 90) -> list[bytes]:
    """The pages of the same document as PNG, for looking at; refuses what ``render`` refuses."""
    render(form, data, language=language)
    drawn, _warnings = _typeset(form, data, language, format="png", ppi=ppi)
    return list(drawn) if isinstance(drawn, list) else [drawn]


def _typeset(form: str, data: dict[str, Any], language: str, **how: Any) -> tuple[Any, list[Any]]:
    _check(form, data, language)
    issued = datetime.fromisoformat(data["issued_at"])
    try:
        return typst.compile_with_warnings(
            FORMS / f"{form}.typ",
            root=FORMS,
            font_paths=[FONTS],
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(_printed(data, issued), ensure_ascii=False), "language": language},
            timestamp=int(issued.timestamp()),
            **how,
        )
    except typst.TypstError as error:
        raise PrintingError(str(error)) from None


def _check(form: str, data: dict[str, Any], language: str) -> None:
    if form not in forms():
        raise PrintingError(f"no form named {form}; there are {', '.join(sorted(forms()))}")
    if language not in LANGUAGES:
        raise PrintingError(f"no language named {language}")
    missing = [name for name in REQUIRED if not data.get(name)]
    if missing:
        raise PrintingError(f"the document lacks {', '.join(missing)}")
    if datetime.fromisoformat(data["issued_at"]).tzinfo is None:
        raise PrintingError("issued_at names no offset from UTC")
    unprintable = sorted({f"U+{ord(sign):04X}" for text in _texts(data) for sign in CONTROL.findall(text)})
    if unprintable:
        raise PrintingError(f"characters that leave no mark on paper: {', '.join(unprintable)}")


@cache
def forms() -> frozenset[str]:
    """The names of the forms."""
    return frozenset(path.stem for path in FORMS.glob("*.typ")) - {"base"}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _printed(data: dict[str, Any], issued: datetime) -> dict[str, Any]:
    """The data with what is derived from it: digest, date in words, QR code."""
    derived = {"digest": content_digest(data), "issued_text": _moment(issued)}
    if data.get("verify_url"):
        derived["qr"] = segno.make(data["verify_url"], error="m").svg_inline(scale=4, border=2)
    return {**data, **derived}


def _moment(moment: datetime) -> dict[str, str]:
    offset = moment.strftime("%z")
    zone = f"UTC{offset[:3]}:{offset[3:5]}"
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return {
        "en": f"{moment.day} {months[moment.month - 1]} {moment.year} {moment:%H:%M} ({zone})",
        "zh": f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}（{zone}）",
    }
