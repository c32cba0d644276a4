"""Figures kept beside what they depend on.

Invariant: kept figures are used only while the digest of what they depend on is the one they were computed
under; otherwise whoever asks computes them anew. So a figure is never old, at most slow.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db import connection

from transfer.models import KeptFigures, Transfer


def lock_figures(transfer_id: UUID) -> None:
    """Until this transaction ends, nobody else changes or keeps what the transfer's figures are computed from."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"figures:{transfer_id}"])


def depends_on(*facts: object) -> bytes:
    """The digest of facts that figures depend on, in their order."""
    return hashlib.sha256(json.dumps(facts, default=str).encode()).digest()


def kept(transfer: Transfer, name: str, digest: bytes) -> Any | None:
    """The figures kept under this digest; none when they depend on something else by now."""
    rows = KeptFigures.objects.filter(transfer=transfer, name=name, depends_on=digest)
    return rows.values_list("figures", flat=True).first()


def keep(transfer: Transfer, name: str, digest: bytes, figures: Any) -> None:
    """These figures are kept; ``digest`` was taken before they were computed."""
    KeptFigures.objects.update_or_create(
        transfer=transfer, name=name, defaults={"depends_on": digest, "figures": figures}
    )
