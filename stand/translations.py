"""Compiles the translations when a catalogue is newer than what was compiled from it."""

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
        command += ["-i", str(catalogue), "-o", str(compiled)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            raise StandError(
                f"{catalogue} cannot be compiled:\n{done.stderr.decode('utf-8', 'replace').strip()}"
            )
