"""What the files folder must not keep: expired files, and leftovers of processes that were killed."""

from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from vault import clock
from vault.files import destroy_file
from vault.models import SealedFile

ABANDONED_AFTER: Final = timedelta(days=2)
"""Longer than a clock that is set may jump: what was sealed a moment ago must never look this old."""


@transaction.atomic
def destroy_expired_files() -> int:
    """Every file past its expiry is destroyed; returns how many. Of two at once each destroys others.

    The database's clock decides, so that a machine whose clock runs ahead destroys nothing early.
    """
    passed = SealedFile.objects.filter(expires_at__lte=Now())
    expired = list(passed.select_for_update(skip_locked=True))
    for file in expired:
        destroy_file(file)
    return len(expired)


def remove_leftovers() -> int:
    """Parts and files without a row, untouched for two days, are removed; returns how many.

    They stem from a process killed while sealing, or from a transaction that was rolled back around
    a finished file. Younger ones may still get their row.
    """
    folder = Path(settings.FILES_DIR)
    before = (clock.now() - ABANDONED_AFTER).timestamp()
    parts = [path for path in folder.glob("aside/*.part") if path.stat().st_mtime < before]
    files = {UUID(path.stem): path for path in folder.glob("??/*.sealed") if path.stat().st_mtime < before}
    kept = set(SealedFile.objects.filter(pk__in=files).values_list("pk", flat=True))
    leftovers = [*parts, *(path for file_id, path in files.items() if file_id not in kept)]
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)
