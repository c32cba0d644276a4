"""``manage.py verify_audit_log``: is the log whole?"""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit.faults import Report
from audit.verification import verify


class Command(BaseCommand):
    """Says what is wrong with the log. Exit status 0: nothing; 1: something."""

    help = "Verify events, leaves, tiles, checkpoints and guards of the audit log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint",
            type=Path,
            help="a checkpoint that was kept outside, to compare with",
        )

    def handle(self, *, checkpoint: Path | None, **_options: Any) -> None:
        report = verify(checkpoint.read_text(encoding="utf-8") if checkpoint else None)
        self._tell(report)
        if not report.ok:
            sys.exit(1)

    def _tell(self, report: Report) -> None:
        for fault in report.faults:
            self.stderr.write(f"{fault} ({fault.kind.label})")
        if report.fault_count > len(report.faults):
            self.stderr.write(f"and {report.fault_count - len(report.faults)} more")
        compared = (
            ""
            if report.outside_size is None
            else f", compared with an outside checkpoint of {report.outside_size}"
        )
        self.stdout.write(
            f"{report.leaves} leaves, {report.pending} pending, {report.checkpoints} checkpoints{compared}"
        )
        self.stdout.write(f"root {report.root}" if report.root else "no root: leaves are missing")
        self.stdout.write("The log is whole." if report.ok else f"{report.fault_count} faults.")
