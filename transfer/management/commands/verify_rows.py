"""``manage.py verify_rows``: are the loaded rows those the log knows?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from transfer.importing.rowcheck import check_rows
from transfer.models import ImportRun


class Command(BaseCommand):
    """Compares every loaded row with the log. Exit status 0: all fit; 1: something does not."""

    help = "Compare the digests of all loaded rows with the Merkle roots in the audit log."

    def handle(self, **_options: Any) -> None:
        faults, rows = 0, 0
        done = ImportRun.objects.filter(mode=ImportRun.Mode.LOAD, state=ImportRun.State.DONE)
        for run in done.select_related("extract__transfer").order_by("asked_at"):
            rows += run.accepted
            for fault in check_rows(run):
                faults += 1
                self.stderr.write(str(fault))
        self.stdout.write(f"{rows} rows of {done.count()} loads compared with the log")
        self.stdout.write("All rows are as loaded." if not faults else f"{faults} faults.")
        if faults:
            sys.exit(1)
