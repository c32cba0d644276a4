"""Compiles the translations when a catalogue is newer than what was compiled from it."""

import os
import subprocess
import sys
from pathlib import Path

from stand.errors import StandError

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def compile_messages() -> None:
    """Every catalogue in ``locale/`` is compiled afterwards; raises with Babel's words when one is broken."""
    for catalogue in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        compiled = catalogue.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= catalogue.stat().st_mtime:
            continue
        command = [sys.executable, "-m", "babel.messages.frontend", "compile", "-l", catalogue.parts[-3]]
        # Aside, then in one step: a process that starts meanwhile reads the whole old one or the whole new one.
        aside = compiled.with_suffix(f".{os.getpid()}.aside")
        command += ["-i", str(catalogue), "-o", str(aside)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            raise StandError(
                f"{catalogue} cannot be compiled:\n{done.stderr.decode('utf-8', 'replace').strip()}"
            )
        aside.replace(compiled)
