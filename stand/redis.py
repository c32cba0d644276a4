"""A Redis server of our own: a socket in a private folder, no TCP, nothing kept on disk.

Redis carries ids only and its loss loses nothing, so it writes no file. The product signs in as a
user that may not run dangerous commands.
"""

import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from stand import processes
from stand.binaries import find_redis
from stand.errors import StandError
from stand.places import (
    leave_socket_folder,
    private_folder,
    read_json,
    socket_folder,
    write_json,
    write_private,
)
from stand.secrets import new_password

SOCKET_NAME = "redis.sock"
START_SECONDS = 20.0
USER = "handover"

_CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
daemonize no
supervised no
dir {folder}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
user default off
user {user} on >{password} ~* &* +@all -@dangerous +info +client +keys {more}
"""


@dataclass
class RedisServer:
    """One Redis server in ``folder``. ``may_flush`` lets its user empty it, which only tests need."""

    folder: Path
    may_flush: bool = False
    process: processes.Process | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        return self.folder / "redis.log"

    @property
    def socket(self) -> Path:
        return socket_folder(self.folder, SOCKET_NAME) / SOCKET_NAME

    def start(self) -> "RedisServer":
        """The server answers afterwards; raises ``StandError`` with the log's end."""
        private_folder(self.folder)
        if not (self.folder / "password.json").exists():
            write_json(self.folder / "password.json", {"password": new_password()})
        configuration = _CONFIGURATION.format(
            socket=_quoted(self.socket),
            folder=_quoted(self.folder),
            user=USER,
            password=self._password(),
            more="+flushdb" if self.may_flush else "",
        )
        write_private(self.folder / "redis.conf", configuration.encode())
        self.socket.unlink(missing_ok=True)
        self.process = processes.spawn([find_redis(), self.folder / "redis.conf"], log=self.log)
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Return when the server answers a ping of its user."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise StandError(f"Redis did not start:\n{processes.tail(self.log)}")
            if self.answers():
                return
            time.sleep(0.05)
        self.stop()
        raise StandError(f"Redis was not ready within {START_SECONDS:.0f} s; see {self.log}")

    def answers(self) -> bool:
        """True when the server lets its user in and answers."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(2)
                link.connect(str(self.socket))
                link.sendall(f"AUTH {USER} {self._password()}\r\nPING\r\n".encode())
                answer = b""
                while b"PONG" not in answer and b"-" not in answer:
                    part = link.recv(256)
                    if not part:
                        return False
                    answer += part
                return b"+PONG" in answer
        except OSError:
            return False

    def stop(self) -> None:
        """The server has ended; nothing of it is left."""
        if self.process is not None:
            processes.stop(self.process)
            self.process = None
            leave_socket_folder(self.folder, self.socket.parent)

    def url(self) -> str:
        """The address for signing in as the product's user."""
        return f"unix://{USER}:{self._password()}@{self.socket}?db=0"

    def _password(self) -> str:
        return read_json(self.folder / "password.json")["password"]


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
