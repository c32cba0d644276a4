"""What a child gives up before it reads one byte of a foreign file. By means an ordinary user has.

Invariants:
- ``confine_resources`` runs first, ``confine_reach`` once everything needed is imported; neither can be
  undone by the process.
- Each means that took hold is named; a caller sees what this machine did not give.
"""

import ctypes
import os
import resource
import struct
from typing import Final

from intake import bounds
from intake.seccomp import apply_filter

LIMITS, NO_NEW_RIGHTS, NO_NETWORK, LANDLOCK, SECCOMP = (
    "limits",
    "no_new_privs",
    "net_namespace",
    "landlock",
    "seccomp",
)
EVERY_MEANS: Final = (LIMITS, NO_NEW_RIGHTS, NO_NETWORK, LANDLOCK, SECCOMP)

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SIGKILL: Final = 9
_NEW_USER, _NEW_NET, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
_CREATE_RULESET, _RESTRICT_SELF = 444, 446


def confine_resources() -> list[str]:
    """Memory, time, written bytes, open files and children are limited, for good."""
    libc = _libc()
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    for what, most in (
        (resource.RLIMIT_AS, bounds.MEMORY_BYTES),
        (resource.RLIMIT_CPU, bounds.CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, bounds.OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(what, (most, most))
    return [LIMITS]


def confine_reach() -> list[str]:
    """No file can be opened, no connection made, no program started any more."""
    libc = _libc()
    held = []
    if libc.unshare(_NEW_USER | _NEW_NET | _NEW_IPC) == 0 or libc.unshare(_NEW_NET | _NEW_IPC) == 0:
        held.append(NO_NETWORK)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append(NO_NEW_RIGHTS)
        if _landlock(libc):
            held.append(LANDLOCK)
        if apply_filter(libc):
            held.append(SECCOMP)
    return held


def _landlock(libc: ctypes.CDLL) -> bool:
    """A rule set that handles every access this kernel knows and allows none of them."""
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    files = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}.get(version, 0xFFFF)
    words = [files]
    if version >= 4:
        words.append(0x3)
    if version >= 6:
        words.append(0x3)
    rules = struct.pack(f"={len(words)}Q", *words)
    buffer = ctypes.create_string_buffer(rules, len(rules))
    handle = libc.syscall(_CREATE_RULESET, buffer, ctypes.c_size_t(len(rules)), 0)
    if handle < 0:
        return False
    held: bool = libc.syscall(_RESTRICT_SELF, handle, 0) == 0
    os.close(handle)
    return held


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
