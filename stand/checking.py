"""``make check``: every static check, all of them even if one fails, and what each says."""

import os
import subprocess
import sys
import time
from pathlib import Path

from stand.programs import BASE
from stand.supervisor import say

BIN = Path(sys.executable).parent
MANAGE = (sys.executable, "manage.py")
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("style", (str(BIN / "ruff"), "check", ".")),
    ("format", (str(BIN / "ruff"), "format", "--check", ".")),
    ("floors", (str(BIN / "lint-imports"),)),
    ("types", (str(BIN / "mypy"), ".")),
    ("migrations", (*MANAGE, "makemigrations", "--check", "--dry-run")),
    ("translations", (*MANAGE, "check_translations")),
)
# Settings want addresses and a secret; nothing here connects to anything or signs anything.
NOWHERE = {
    "DATABASE_URL": "postgres://nobody@/nowhere?host=/nonexistent",
    "REDIS_URL": "unix:///nonexistent/redis.sock?db=0",
    "SECRET_KEY": "nothing is signed with this; it only fills a setting",
    "PYTHONWARNINGS": "ignore::RuntimeWarning",
}


def main() -> int:
    """Run every check; 0 when all are content."""
    failed = []
    for name, command in CHECKS:
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603 - the table above
            command,
            cwd=BASE,
            env={**os.environ, **NOWHERE},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        took = time.monotonic() - began
        say(f"{name:<13} {'ok' if done.returncode == 0 else 'FAILED':<7} {took:5.1f} s")
        if done.returncode:
            failed.append(name)
            say(done.stdout.decode("utf-8", "replace").rstrip())
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
