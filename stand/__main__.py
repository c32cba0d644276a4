"""The one-command runner: ``python -m stand run|demo|bench|with``.

- ``run`` starts the product empty and keeps it running.
- ``demo`` starts a stand of its own anew, drives the whole handover, and keeps it running unless SERVE=0.
- ``bench`` starts PostgreSQL and Redis anew, nothing beside them, and measures there.
- ``with [--servers] -- COMMAND`` runs a command while a stand is up; with ``--servers`` only PostgreSQL
  and Redis, not migrated. Its exit status is the command's.
"""

import argparse
import os
import sys
from pathlib import Path

from stand.errors import StandError
from stand.programs import BASE, MANAGE
from stand.running import Running, Wish, outside_of, stand
from stand.supervisor import Stopping, say, stoppable

FAILED, USAGE = 1, 2
# As many as the sample has parts to play (sample.plan.LEAST_CLIENTS; rooms of one floor do not import each other).
LEAST_CLIENTS = 300


def main(arguments: list[str]) -> int:
    """Do what ``arguments`` ask; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m stand", description=__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("run", help="start the product, empty at first")
    acts.add_parser("demo", help="hand a sample over from end to end")
    measure = acts.add_parser("bench", help="measure our paths beside their peers: bench -- ARGUMENTS")
    measure.add_argument("arguments", nargs=argparse.REMAINDER)
    within = acts.add_parser("with", help="run a command while a stand is up")
    within.add_argument("--servers", action="store_true", help="only PostgreSQL and Redis, not migrated")
    within.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    os.umask(0o077)
    try:
        with stoppable():
            if chosen.act == "run":
                return _run()
            if chosen.act == "demo":
                return _demo()
            if chosen.act == "bench":
                return _bench(chosen.arguments[1:])
            return _with(chosen.command, servers=chosen.servers)
    except Stopping:
        return 0 if chosen.act == "run" else 130
    except StandError as error:
        say(f"ERROR: {error}")
        return FAILED


def _run() -> int:
    with stand(Wish(_state("run"), "make run", port=_port())) as running:
        _announce(running)
        running.serve()
    return 0


def _refuse_few(clients: str) -> None:
    """Refuse a sample in which not every part could be played, before anything is started."""
    if clients and (not clients.isdigit() or int(clients) < LEAST_CLIENTS):
        raise StandError(f"CLIENTS must be a number from {LEAST_CLIENTS} on, not {clients!r}")


def _demo() -> int:
    _refuse_few(os.environ.get("CLIENTS", ""))
    state = _state("demo")
    outside = outside_of(state)
    os.environ.setdefault("KEYRING_COPY", str(outside / "keyring"))
    wish = Wish(state, "make demo", port=_port(), next_free_port=True, anew=True, outside=outside)
    with stand(wish) as running:
        status = running.run([sys.executable, MANAGE, "demo"])
        if status or os.environ.get("SERVE", "1") == "0":
            return status
        _announce(running)
        try:
            running.serve()
        except Stopping:
            return 0
    return 0


def _bench(arguments: list[str]) -> int:
    """No web, worker or sequencer runs beside it: they would take the rows and the processor's time."""
    state = _state("bench")
    wish = Wish(state, "make bench", port=_port(), next_free_port=True, anew=True, served=False)
    with stand(wish) as running:
        return running.run([sys.executable, MANAGE, "bench", "--data", str(state / "extracts"), *arguments])


def _with(command: list[str], *, servers: bool) -> int:
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        say("ERROR: no command after `--`")
        return USAGE
    wish = Wish(
        _state("run"),
        f"stand with {command[0]}",
        port=_port(),
        next_free_port=True,
        migrated=not servers,
        served=not servers,
    )
    with stand(wish) as running:
        return running.run(command)


def _announce(running: Running) -> None:
    address = running.environment.get("PUBLIC_URL") or f"http://localhost:{running.port}"
    say(f"\nOpen {address}   (Ctrl-C stops everything)")
    certificate = running.environment.get("TLS_CERT_FILE", "")
    if certificate and (authority := Path(certificate).with_name("ca.pem")).is_file():
        say(f"The certificate is this machine's own: let the browser trust {authority}")


def _state(name: str) -> Path:
    return Path(os.environ.get("HANDOVER_STATE") or BASE / "var" / name).resolve()


def _port() -> int:
    wanted = os.environ.get("HANDOVER_PORT") or "8000"
    if not wanted.isdigit() or not 0 < int(wanted) < 65536:
        raise StandError(f"HANDOVER_PORT must be a number from 1 to 65535, not {wanted!r}")
    return int(wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
