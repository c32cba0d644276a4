"""``manage.py verify_rows``: are the loaded rows those the log knows?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from transfer.importing.rowcheck import check_rows


class Command(BaseCommand):
    """Compares every loaded row with the log. Exit status 0: all fit; 1: something does not."""

    help = "Compare the digests of all loaded rows with the Merkle roots in the audit log."

    def handle(self, **_options: Any) -> None:
        report = check_rows()
        for fault in report.faults:
            self.stderr.write(str(fault))
        self.stdout.write(f"{report.rows} rows of {report.slices} slices compared with the log")
        self.stdout.write("All rows are as loaded." if not report.faults else f"{len(report.faults)} faults.")
        if report.faults:
            sys.exit(1)
