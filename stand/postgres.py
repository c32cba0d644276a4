"""PostgreSQL servers of our own: found, prepared, started, stopped.

Invariants:
- PostgreSQL 18 or newer; reached by a socket in a private folder, never by TCP; every sign-in asks a
  scram password, the superuser's too.
- A cluster folder exists whole or not at all: it is prepared aside and renamed.
- The server never runs as root: root runs it in a user namespace of its own, so its files need no
  second owner.
- The server's log holds no values of rows: statements and details of errors are not written to it.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from stand import processes
from stand.binaries import Installation, find_postgres
from stand.errors import StandError
from stand.places import leave_socket_folder, private_folder, socket_folder, write_json
from stand.roles import APP, MIGRATOR, SUPERUSER, prepare_roles
from stand.secrets import new_password
from stand.unprivileged import Lowered, lower

SOCKET_NAME = ".s.PGSQL.5432.lock"
START_SECONDS = 60.0
STOP_SECONDS = 30.0

# One ordinary machine: all of it together stays well below 1.5 GB.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "80",
    "shared_buffers": "256MB",
    "work_mem": "12MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "wal_level": "replica",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
# For servers whose loss costs nothing: a crash of the machine may ruin them, a killed process may not.
FLEETING: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

RULES_OF_SIGN_IN = "local all all scram-sha-256\nhost all all all reject\n"


@dataclass
class Server:
    """One PostgreSQL server in ``folder``; the product's, the tests', or a scratch one for a restore.

    ``Server(folder).start()`` leaves it ready with the product's three roles and an empty database
    ``handover``; ``stop()`` leaves no process. It also stops when the starting thread ends, so start
    a scratch server from the thread that uses it.
    """

    folder: Path
    durable: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    process: processes.Process | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.folder = Path(self.folder).resolve()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def socket(self) -> Path:
        return socket_folder(self.folder / "socket", SOCKET_NAME)

    def start(self) -> "Server":
        """It accepts connections and has its roles afterwards; raises ``StandError`` with the log's end."""
        if self.process is not None and self.process.poll() is None:
            return self
        private_folder(self.folder)
        lowered = lower()
        installed = find_postgres()
        fresh = not (self.data / "PG_VERSION").exists()
        if fresh:
            self._initialise(installed, lowered)
        self._refuse_other_version(installed)
        self._clear_stale_pid()
        self.launch(installed, lowered)
        self.wait_ready()
        if not (self.folder / "prepared").exists():
            prepare_roles(self.sql, self.passwords())
            (self.folder / "prepared").touch(mode=0o600)
        return self

    def launch(self, installed: Installation, lowered: Lowered) -> None:
        """Start the process without waiting for it."""
        chosen = {**SETTINGS, **({} if self.durable else FLEETING), **self.settings}
        chosen["unix_socket_directories"] = str(self.socket)
        lowered.give(self.socket)
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        self.process = processes.spawn(
            [*lowered.prefix, installed.program("postgres"), "-D", self.data, *options],
            log=self.log,
            env=installed.environment(),
            orphaned=signal.SIGINT,
        )

    def wait_ready(self) -> None:
        """Return when the server answers a query; raise when it ended or took too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise StandError(f"PostgreSQL did not start:\n{processes.tail(self.log)}")
            if self._answers():
                return
            time.sleep(0.1)
        self.stop()
        raise StandError(f"PostgreSQL was not ready within {START_SECONDS:.0f} s; see {self.log}")

    def stop(self) -> None:
        """The server has ended in order; nothing of it is left."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGINT, within=STOP_SECONDS)
            self.process = None
            leave_socket_folder(self.folder / "socket", self.socket)

    def remove(self) -> None:
        """Stop the server, also one that outlived its starter here, and delete everything it kept."""
        self.stop()
        self._clear_stale_pid()
        socket = self.socket
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(socket, ignore_errors=True)

    def passwords(self) -> dict[str, str]:
        """The password of each role that may sign in."""
        loaded: dict[str, str] = json.loads((self.folder / "passwords.json").read_text(encoding="utf-8"))
        return loaded

    def url(self, role: str = APP, database: str = "handover") -> str:
        """The address for signing in as ``role``; the migrator's acts as the owner."""
        secret = quote(self.passwords()[role], safe="")
        options = "&options=-c%20role%3Dhandover_owner" if role == MIGRATOR else ""
        return f"postgres://{role}:{secret}@/{database}?host={quote(str(self.socket))}{options}"

    def sql(self, statements: str, database: str = "postgres") -> str:
        """Run ``statements`` as the superuser, each in its own transaction; returns the plain rows."""
        installed = find_postgres()
        done = subprocess.run(  # noqa: S603 - our own psql; the statements arrive by its input
            [str(installed.program("psql")), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database],
            input=statements.encode(),
            capture_output=True,
            env=installed.environment(self._superuser_environment()),
            check=False,
        )
        if done.returncode:
            raise StandError(f"PostgreSQL refused: {done.stderr.decode('utf-8', 'replace').strip()}")
        return done.stdout.decode().strip()

    def program(self, name: str) -> Path:
        """The path of a PostgreSQL program (pg_dump, pg_restore, psql …) that fits this server."""
        return find_postgres().program(name)

    def _superuser_environment(self) -> dict[str, str]:
        return {
            "PGHOST": str(self.socket),
            "PGPORT": "5432",
            "PGUSER": SUPERUSER,
            "PGPASSWORD": self.passwords()[SUPERUSER],
            "PGCONNECT_TIMEOUT": "5",
        }

    def _answers(self) -> bool:
        if not (self.socket / ".s.PGSQL.5432").exists():
            return False
        try:
            return self.sql("SELECT 1") == "1"
        except StandError:
            return False

    def _initialise(self, installed: Installation, lowered: Lowered) -> None:
        for abandoned in self.folder.glob("data.new-*"):
            shutil.rmtree(abandoned)
        (self.folder / "prepared").unlink(missing_ok=True)
        passwords = {role: new_password() for role in (SUPERUSER, MIGRATOR, APP)}
        write_json(self.folder / "passwords.json", passwords)
        aside = private_folder(self.folder / f"data.new-{os.getpid()}")
        password_file = aside.with_suffix(".password")
        password_file.touch(mode=0o600)
        password_file.write_text(passwords[SUPERUSER] + "\n", encoding="utf-8")
        lowered.give(aside)
        lowered.give(password_file)
        command = [*lowered.prefix, str(installed.program("initdb")), "-D", str(aside), "-U", SUPERUSER]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
        command += [] if self.durable else ["--no-sync"]
        done = subprocess.run(  # noqa: S603 - our own initdb
            command, stdin=subprocess.DEVNULL, capture_output=True, env=installed.environment(), check=False
        )
        password_file.unlink()
        if done.returncode:
            shutil.rmtree(aside, ignore_errors=True)
            raise StandError(f"initdb failed: {done.stderr.decode('utf-8', 'replace').strip()}")
        (aside / "pg_hba.conf").write_text(RULES_OF_SIGN_IN, encoding="utf-8")
        aside.rename(self.data)

    def _refuse_other_version(self, installed: Installation) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(installed.major):
            raise StandError(
                f"{self.data} was made by PostgreSQL {made_by}, but {installed.major} is installed; "
                "install that version, or move the state folder away to begin anew"
            )

    def _clear_stale_pid(self) -> None:
        """End a server of this very folder that outlived its runner, and forget the pid of one that is gone.

        The caller holds the lock of the state folder, so no server may rightly run here.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        first = pid_file.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip()
        pid = int(first) if first.isdigit() else 0
        deadline = time.monotonic() + STOP_SECONDS
        while pid and self._serves_here(pid):
            if time.monotonic() > deadline:
                raise StandError(f"PostgreSQL (process {pid}) still runs in {self.data}; stop it first")
            os.kill(pid, signal.SIGINT)
            time.sleep(0.2)
        pid_file.unlink(missing_ok=True)

    def _serves_here(self, pid: int) -> bool:
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(self.data) in arguments and bool(processes.started_at(pid))
