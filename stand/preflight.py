"""What must be there before anything starts, each with its remedy."""

import contextlib
import os
import platform
import shutil
import socket
import sys
from pathlib import Path

from stand.binaries import find_postgres, find_redis
from stand.errors import StandError
from stand.unprivileged import lower

PYTHON_AT_LEAST = (3, 11)
FREE_BYTES = 1024**3
PORTS_TRIED = 50


def check_machine(state: Path) -> None:
    """Everything needed is here; else ``StandError`` lists all that is missing, each with its remedy."""
    missing = []
    if sys.version_info < PYTHON_AT_LEAST:
        missing.append(f"Python 3.11 or newer is needed; this is {platform.python_version()}")
    if platform.system() != "Linux":
        missing.append(f"Linux is needed; this is {platform.system()}")
    there = next(folder for folder in (state, *state.parents) if os.path.exists(folder))  # noqa: PTH110 - a closed folder counts as missing
    free = shutil.disk_usage(there).free
    if free < FREE_BYTES:
        missing.append(f"{there} has {free // 1024**2} MB left; free at least {FREE_BYTES // 1024**2} MB")
    if not os.access(there, os.W_OK | os.X_OK):
        missing.append(f"{there} is not writable by this user; set HANDOVER_STATE to a folder that is")
    _refuse(missing)


def check_servers(*, postgres: bool, redis: bool) -> None:
    """The binaries of the servers we start ourselves are here, and there is a way to run them."""
    missing = []
    for wanted, look in ((postgres, find_postgres), (redis, find_redis), (postgres, lower)):
        if not wanted:
            continue
        try:
            look()
        except StandError as error:
            missing.append(str(error))
    _refuse(missing)


def free_port(wanted: int, *, next_free: bool) -> int:
    """``wanted`` if nothing listens there; with ``next_free`` the first free one from it on; else refused."""
    for port in range(wanted, wanted + (PORTS_TRIED if next_free else 1)):
        if _is_free(port):
            return port
    raise StandError(f"port {wanted} is in use; stop what listens there, or set HANDOVER_PORT to another")


def _is_free(port: int) -> bool:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _refuse(missing: list[str]) -> None:
    if missing:
        raise StandError("\n".join(["this machine lacks something:", *(f"  - {each}" for each in missing)]))
