"""One stand from first check to last process ended."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stand import preflight, processes
from stand.environment import Addresses, application, migration, own_addresses, write_runtime
from stand.errors import StandError
from stand.lock import take_lock
from stand.places import Places
from stand.postgres import Server
from stand.programs import BASE, programs, run_to_end
from stand.redis import RedisServer
from stand.secrets import ensure_secrets
from stand.serving import refuse_unsafe_bind, wants_tls
from stand.supervisor import Supervisor, end_leftovers, say
from stand.tls import serving
from stand.translations import compile_messages

LOG_BYTES = 20 * 1024**2


@dataclass(frozen=True)
class Wish:
    """What is to run: where, on which port, and how much of it."""

    state: Path
    purpose: str
    port: int = 8000
    next_free_port: bool = False
    anew: bool = False
    migrated: bool = True
    served: bool = True
    outside: Path | None = None


@dataclass(frozen=True)
class Running:
    """A stand that is up."""

    supervisor: Supervisor
    environment: Mapping[str, str]
    port: int

    def run(self, command: Sequence[str]) -> int:
        """Run ``command`` at the terminal while the parts are kept alive; its exit status."""
        process = processes.spawn(command, log=None, env=self.environment, cwd=BASE)
        try:
            self.supervisor.watch(lambda: process.poll() is None)
        finally:
            processes.stop(process, signal.SIGTERM, within=20)
        status = process.returncode
        return status if status >= 0 else 128 - status

    def serve(self) -> None:
        """Keep everything alive until asked to stop."""
        self.supervisor.watch(lambda: True)


@contextlib.contextmanager
def stand(wish: Wish) -> Iterator[Running]:
    """Everything wished for is up inside; afterwards nothing of it runs, whatever happened.

    Raises:
        StandError: something is missing, the folder or port is in use, or a part will not start.
    """
    began = time.monotonic()
    preflight.check_machine(wish.state)
    if wish.served:
        refuse_unsafe_bind(
            os.environ.get("HANDOVER_HOST") or "127.0.0.1",
            tls=wants_tls(os.environ),
            proxies=os.environ.get("TRUSTED_PROXIES", ""),
        )
    preflight.check_servers(
        postgres=not os.environ.get("DATABASE_URL"), redis=not os.environ.get("REDIS_URL")
    )
    places = Places(wish.state)
    places.make()
    lock = take_lock(places.lock, wish.purpose)
    supervisor = Supervisor(places)
    try:
        _clean(places, wish)
        port = preflight.free_port(wish.port, next_free=wish.next_free_port)
        ensure_secrets(places)
        say(f"Starting in {places.state}")
        addresses = _start_servers(supervisor)
        environment = application(places, addresses, port)
        environment |= serving(places.state, environment, port)
        if wish.outside:
            environment["HANDOVER_OUTSIDE"] = str(wish.outside)
        write_runtime(places, addresses, port)
        if wish.migrated:
            _prepare(places, environment, addresses)
        if wish.served:
            for part in programs(places, environment, port):
                supervisor.start(part.name, part)
        say(f"Ready after {time.monotonic() - began:.1f} s")
        yield Running(supervisor, environment, port)
    finally:
        if supervisor.parts:
            say("Stopping")
        supervisor.stop()
        places.runtime.unlink(missing_ok=True)
        lock.release()


def _clean(places: Places, wish: Wish) -> None:
    """What a killed runner left has ended; if wished anew, the stand's own files are gone too."""
    for name in end_leftovers(places):
        say(f"  {name:<10} was left by a killed runner; ended")
    places.runtime.unlink(missing_ok=True)
    if wish.anew:
        places.clear()
        if wish.outside:
            _clear_outside(wish.outside)
    places.make()
    for log in (*places.logs.glob("*.log"), places.postgres / "postgres.log", places.redis / "redis.log"):
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))


def _start_servers(supervisor: Supervisor) -> Addresses:
    """PostgreSQL and Redis are ready afterwards: those named from outside, or our own."""
    given_database, given_redis = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    places = supervisor.places
    redis, postgres = RedisServer(places.redis), Server(places.postgres)
    if not given_redis:
        supervisor.start("redis", redis)
    if not given_database:
        supervisor.start("postgres", postgres)
        return own_addresses(postgres, given_redis or redis.url())
    return Addresses(
        database=given_database,
        migrate_database=os.environ.get("MIGRATE_DATABASE_URL") or given_database,
        redis=given_redis or redis.url(),
    )


def _prepare(places: Places, environment: Mapping[str, str], addresses: Addresses) -> None:
    """The database is migrated, the installation's keys exist, and no check forbids the start."""
    began = time.monotonic()
    compile_messages()
    log = places.logs / "prepare.log"
    run_to_end(
        "migrate",
        ["migrate", "--no-input", "--skip-checks"],
        environment=migration(environment, addresses),
        log=log,
    )
    run_to_end("prepare", ["prepare_installation"], environment=environment, log=log)
    run_to_end("check", ["check", "--database", "default"], environment=environment, log=log)
    say(f"  {'migrate':<10} done   {time.monotonic() - began:5.1f} s")


def outside_of(state: Path) -> Path:
    """Where the demo keeps what must lie away from the state folder: escrow, keyring copy, checkpoints."""
    default = BASE / "var" / "demo"
    return state.with_name("outside") if state == default else state.with_name(f"{state.name}-outside")


def _clear_outside(folder: Path) -> None:
    """The demo's own outside folder is empty afterwards; anything that is no folder of ours is refused."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise StandError(f"{folder} is not a folder; remove it")
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise StandError(f"{folder} belongs to another user; remove it, or set HANDOVER_STATE elsewhere")
    shutil.rmtree(folder, ignore_errors=True)
