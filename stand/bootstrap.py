"""Makes the virtual environment and installs the pinned packages: ``python3 stand/bootstrap.py [dev] [bench]``.

Runs before anything is installed and under whatever ``python3`` the machine has, so it keeps to old
syntax, says plainly what is missing, and asks nothing. Packages are installed only when the pinned
list or the Python changed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

BASE = Path(__file__).resolve().parent.parent
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
NEWER = ("python3.11", "python3.12", "python3.13", "python3.14")
AT_LEAST = (3, 11)


def main(arguments: list[str]) -> int:
    """Leave a virtual environment with the packages in place; the exit status."""
    if sys.version_info < AT_LEAST:
        with_newer_python(arguments)
    try:
        (BASE / "var").mkdir(exist_ok=True)
        lock = (BASE / "var" / "bootstrap.lock").open("w")
    except OSError as error:
        refuse(f"{BASE} is not writable by this user: {error.strerror}.", "Clone it as this user.")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not works():
            make_environment()
        install("requirements.txt")
        for more in ("dev", "bench"):
            if more in arguments:
                install(f"requirements-{more}.txt")
    return 0


def with_newer_python(arguments: list[str]) -> None:
    """Go on under a newer Python of this machine; refuses when there is none."""
    found = next(filter(None, map(shutil.which, NEWER)), None)
    if found is None:
        refuse(
            f"Python 3.11 or newer is needed; python3 is {sys.version.split()[0]}.",
            "Debian 12: apt-get install python3 python3-venv",
        )
    os.execv(found, [found, __file__, *arguments])  # noqa: S606 - the same script, no shell


def works() -> bool:
    """True when the virtual environment was made in this place by a Python that still exists."""
    if not PYTHON.exists():
        return False
    probe = [str(PYTHON), "-c", "import sys, pip; print(sys.prefix)"]
    done = subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0 and Path(done.stdout.decode().strip()).resolve() == VENV.resolve()


def make_environment() -> None:
    """An empty virtual environment afterwards; refuses when Python's venv module is missing."""
    try:
        import ensurepip  # noqa: F401 - Debian leaves it out of python3
        import venv
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        refuse("Python's venv module is missing.", f"Debian: apt-get install python{version}-venv")
    tell("Making .venv")
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        refuse(f"The virtual environment could not be made: {error}")


def install(name: str) -> None:
    """The packages pinned in ``name`` are installed; nothing is done when they already were."""
    stamp = VENV / f".installed-{name}"
    wanted = digest("requirements.txt", name)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    tell(f"Installing the packages of {name} (once; takes a minute or two)")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary", ":all:", "-r", str(BASE / name)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        refuse(
            "The packages could not be installed:",
            *said[-12:],
            "Is a package index reachable (PIP_INDEX_URL), and does .venv belong to this user?",
        )
    stamp.write_text(wanted)


def digest(*names: str) -> str:
    """Changes with the Python and with each of these files."""
    whole = hashlib.sha256(sys.version.encode())
    for name in names:
        whole.update((BASE / name).read_bytes())
    return whole.hexdigest()


def tell(line: str) -> None:
    """Say something now."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def refuse(*lines: str) -> NoReturn:
    """End with the reason and the remedy."""
    sys.stderr.write("ERROR: " + "\n  ".join(lines) + "\n")
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
