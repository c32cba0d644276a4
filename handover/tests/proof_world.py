"""What the proofs do inside a stand of their own: load a world, and open what lies there.

Called by ``manage.py shell -c`` in a second terminal of that stand.
"""

import json
from pathlib import Path

from audit.reading import reading
from clients.records import PARTS
from handover.demo import loading
from handover.demo.cast import assemble
from handover.demo.story import Story
from handover.demo.transfers import open_transfer
from vault.errors import VaultError
from vault.rows import open_rows


def load(world: str, passwords: str) -> None:
    """The world is loaded by the stand's workers, equal to its answers; ``passwords`` holds the sign-ins."""
    folder, story = Path(world), Story(print)
    cast = assemble(folder, loading.a_staff_number(folder))
    transfer = open_transfer(story, cast)
    loading.load(story, cast, transfer, folder)
    Path(passwords).write_text(json.dumps(cast.passwords), encoding="utf-8")


def refused() -> None:
    """Prints the ids of the rows whose custodian cannot open them, and how many there are in all."""
    found, count = [], 0
    for model in PARTS:
        path = "custodian_id" if model.__name__ == "Client" else "client__custodian_id"
        for holder in set(model.objects.values_list(path, flat=True)):
            rows = list(model.objects.filter(**{path: holder}))
            count += len(rows)
            subjects = {row.key_subject for row in rows}
            with reading(actor=None, organisation=holder, purpose="proof", subjects=subjects) as right:
                found += [str(row.pk) for row in _closed(rows, right)]
    print(json.dumps({"rows": count, "refused": sorted(found)}))


def _closed(rows, right) -> list:
    try:
        open_rows(rows, right)
    except VaultError:
        half = len(rows) // 2
        return rows if half == 0 else [*_closed(rows[:half], right), *_closed(rows[half:], right)]
    return []
