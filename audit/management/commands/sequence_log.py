"""``manage.py sequence_log``: the sequencer's process."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from audit.sequencer import sequence_once

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Gives pending events their place until told to stop; a batch begun is finished.

    Several may run: one works, the others stand by. A failure is logged and tried again, because
    whatever it is (a database that restarts, a keyring not there yet) the marks keep waiting.
    """

    help = "Give pending events their place in the log, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pause", type=float, default=0.3, help="seconds between two looks")
        parser.add_argument("--limit", type=int, default=10_000, help="events in one batch at most")
        parser.add_argument("--once", action="store_true", help="empty the queue once and stop")

    def handle(self, *, pause: float, limit: int, once: bool, **_options: Any) -> None:
        if once:
            while sequence_once(limit):
                pass
            return
        stop = threading.Event()

        def stopping(_signal: int, _frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stopping)
        logger.info("sequencing begins")
        while not stop.is_set():
            if self._one_round(limit) < limit:
                stop.wait(pause)

    def _one_round(self, limit: int) -> int:
        close_old_connections()
        try:
            return sequence_once(limit)
        except Exception:  # The loop's edge: the next round tries again.
            logger.exception("sequencing failed")
            return 0
