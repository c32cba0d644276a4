"""Texts that stand in both languages on one sheet, and the parts every paper of a transfer shares."""

import datetime
import re
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from transfer.models import Certificate, Transfer

Both = dict[str, str]
_HEX = re.compile(r"[0-9a-f]{32,}")


def both(text: str | Promise, **values: object) -> Both:
    """The text in English and Chinese, filled with the same values; a value may be in both languages itself."""
    return {"en": _in(text, "en", "en", values), "zh": _in(text, "zh-hans", "zh", values)}


def _in(text: str | Promise, language: str, key: str, values: dict[str, object]) -> str:
    chosen = {
        name: value[key] if isinstance(value, dict) else _plain(value, language)
        for name, value in values.items()
    }
    with translation.override(language):
        shown = str(text)
    return shown % chosen if chosen else shown


def _plain(value: object, language: str) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        with translation.override(language):
            return str(value)
    return f"{value:,d}"


def fact(term: str | Promise, value: object) -> dict[str, Any]:
    """A line of term and value as the forms print it."""
    return {"term": both(term), "value": value if isinstance(value, dict) else str(value)}


def column(title: str | Promise, *, number: bool = False, width: int | None = None) -> dict[str, Any]:
    """A column's head."""
    head: dict[str, Any] = {"title": both(title), "number": number}
    return head if width is None else head | {"width": width}


def line(words: Both) -> str:
    """Both languages in one cell of a table."""
    return words["en"] if words["en"] == words["zh"] else f"{words['zh']} {words['en']}"


def grouped(digits: str) -> str:
    """A long digest in groups of eight, which can be compared by eye and break over lines."""
    return (
        " ".join(digits[at : at + 8] for at in range(0, len(digits), 8)) if _HEX.fullmatch(digits) else digits
    )


def heading(
    certificate: Certificate, statement: dict[str, Any], kind: str, title: str | Promise
) -> dict[str, Any]:
    """What stands on every paper of the pack: as ``sheet_heading``, as of the certificate."""
    return sheet_heading(
        certificate.transfer,
        f"{certificate.number}-{kind}",
        title,
        issued_at=certificate.issued_at,
        approver=certificate.issued_by.name,
        checkpoint=statement["log"]["checkpoint"],
        page="certificate/",
    )


def sheet_heading(
    transfer: Transfer,
    document_id: str,
    title: str | Promise,
    *,
    issued_at: datetime.datetime,
    approver: str,
    checkpoint: str,
    version: int = 1,
    page: str = "",
) -> dict[str, Any]:
    """Whose it is, its id, when, its approver, the checkpoint, and the page behind the QR code."""
    giver = transfer.transferor
    name, size, root = checkpoint.split("\n")[:3]
    return {
        "title": both(title),
        "organisation": {"en": giver.name_en, "zh": giver.name_zh},
        "document_id": document_id,
        "issued_at": timezone.localtime(issued_at).isoformat(timespec="seconds"),
        "version": str(version),
        "approver": approver,
        "confidentiality": both(_("Confidential: for the parties and the regulator")),
        "checkpoint": f"{name} {size} {root}",
        "verify_url": f"{settings.PUBLIC_URL}/transfers/{transfer.pk}/{page}",
    }
