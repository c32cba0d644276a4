"""A seccomp filter by hand: what a reader needs to compute and to use its two pipes, and nothing else.

libseccomp's bindings want a system library that a fresh machine lacks; the program is thirty instructions
and the kernel checks it. Every other system call fails with EPERM, so a probe can show what is denied; a
foreign architecture kills.
"""

import ctypes
import errno
import platform
import struct
from typing import Final

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_KILL: Final = 0x80000000
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _ARCH_AT = 0, 4

# read write close fstat lseek poll mmap mprotect munmap brk mremap madvise, signals of one's own,
# futex, clocks, getrandom, exit: no open, no socket, no exec, no fork, no kill of others.
_ALLOWED: Final = {
    "x86_64": (
        0xC000003E,
        (
            "0 1 3 5 7 8 9 10 11 12 13 14 15 19 20 24 25 28 35 39 60 96 98 99 100 131 186 202 204 219 228 230 231 "
            "234 271 273 318 324 334"
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            "57 62 63 64 65 66 73 80 93 94 98 99 101 113 115 123 124 128 131 132 134 135 139 153 165 169 172 178 "
            "179 214 215 216 222 226 233 278 283 293"
        ),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def apply_filter(libc: ctypes.CDLL) -> bool:
    """From now on only the listed system calls work; False where this machine has no such filter.

    ``PR_SET_NO_NEW_PRIVS`` must be set before. It cannot be undone.
    """
    known = _ALLOWED.get(platform.machine())
    if known is None:
        return False
    architecture, numbers = known
    code = _program(architecture, [int(number) for number in numbers.split()])
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    held: bool = libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    return held


def _program(architecture: int, allowed: list[int]) -> bytes:
    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    lines = [
        step(_LOAD, _ARCH_AT),
        step(_EQUAL, architecture, yes=1),
        step(_RETURN, _KILL),
        step(_LOAD, _NUMBER_AT),
    ]
    for place, number in enumerate(allowed):
        lines.append(step(_EQUAL, number, yes=len(allowed) - place))
    lines += [step(_RETURN, _ERRNO | errno.EPERM), step(_RETURN, _ALLOW)]
    return b"".join(lines)
