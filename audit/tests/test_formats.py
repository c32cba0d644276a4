"""The written format is the one the code writes."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from audit.canonical import Entry, canonical
from audit.tree import leaf_hash

PAGE = Path(__file__).resolve().parents[2] / "docs/formats/audit-leaf.md"


def test_the_example_of_the_page_is_what_is_written():
    page = PAGE.read_text()
    example = re.search(r"```\n(handover-event/1\n\{.*?\})\n```", page, re.DOTALL)[1].encode()
    entry = Entry(
        id=UUID("01890000-0000-7000-8000-000000000001"),
        type="audit.data_read",
        actor=UUID("01890000-0000-7000-8000-0000000000aa"),
        organisation=UUID("01890000-0000-7000-8000-0000000000bb"),
        subject_type="vault.subject",
        subject=UUID("01890000-0000-7000-8000-000000000002"),
        request_id="",
        purpose="support",
        facts={"wraps": "custody", "count": 1, "fields": ["phone"]},
    )
    assert canonical(entry, datetime(2026, 11, 23, 8, tzinfo=UTC)) == example
    assert f"`{leaf_hash(example).hex()}`" in page
