"""``manage.py healthy worker|beat|sequencer``: whether that part does its work; exit status 0 when it does."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit.models import Pending
from handover.celery import app

# Beat writes its file every three minutes.
BEAT_SILENCE: Final = 600
LAG: Final = timedelta(minutes=1)
BEAT_FILES: Final = ("schedule", "schedule.db", "schedule.dat")


class Command(BaseCommand):
    """Asks the part itself: the worker answers, beat wrote lately, no event waits long for its place."""

    help = "Exit with status 0 when the named part does its work."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=("worker", "beat", "sequencer"))
        parser.add_argument("--schedule-folder", type=Path, default=Path("/tmp/beat"))  # noqa: S108 - the image's

    def handle(self, *, part: str, schedule_folder: Path, **_options: Any) -> None:
        asked = {
            "worker": _a_worker_answers,
            "beat": lambda: _beat_wrote_lately(schedule_folder),
            "sequencer": _nothing_waits_long,
        }
        if not asked[part]():
            raise CommandError(f"{part} does not do its work")


def _a_worker_answers() -> bool:
    return bool(app.control.ping(timeout=5))


def _beat_wrote_lately(folder: Path) -> bool:
    written = [path.stat().st_mtime for path in (folder / name for name in BEAT_FILES) if path.exists()]
    return bool(written) and time.time() - max(written) < BEAT_SILENCE


def _nothing_waits_long() -> bool:
    oldest = Pending.objects.order_by("event__at").values_list("event__at", flat=True).first()
    return oldest is None or timezone.now() - oldest < LAG
