"""``manage.py bench``: what sealing and custody cost, beside the same work in plaintext."""

import datetime
import os
import statistics
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg2
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from access.models import Organisation, User
from audit.reading import reading
from clients.models import Client
from clients.services.custody import accept_batch, release_batch
from clients.services.search import find_clients
from handover import env, plainly
from handover.demo.cast import assemble
from handover.demo.loading import a_staff_number, seal_file
from sample.world import write_world
from transfer.models import ImportRun
from transfer.services.extracts import receive_extract
from transfer.services.imports import run_now, start_run
from transfer.services.policies import default_policies
from transfer.services.transfers import draft_transfer, name_transferee
from vault.ids import new_id
from vault.rows import open_rows, seal_documents
from vault.wraps import issue_data_keys

ROUNDS: Final = 5
CLIENTS: Final = 10_000
SEARCHES: Final = 100
TENTH: Final = "a tenth of the rows"


@dataclass
class Pair:
    """Our work and a peer, round by round, in seconds per row."""

    ours_is: str
    peer_is: str
    ours: list[float] = field(default_factory=list)
    peers: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        times = [statistics.median(each) * 1e6 for each in (self.ours, self.peers)]
        ratio = statistics.median(a / b for a, b in zip(self.ours, self.peers, strict=True))
        return (
            f"{self.ours_is:<22} {times[0]:9.1f} us/row | {self.peer_is:<58}"
            f" {times[1]:9.1f} us/row | ours/peer {ratio:.2f}"
        )


class Command(BaseCommand):
    """Prints the median of five rounds in which our work and its peers take turns."""

    help = "Measure import, custody and search beside plaintext peers; SCALE=1 is 10,000 clients."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=float, default=float(os.environ.get("SCALE") or 1))
        parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 7))

    def handle(self, *, scale: float, seed: int, **_options: Any) -> None:
        count = int(CLIENTS * scale)
        with tempfile.TemporaryDirectory(prefix="handover-bench-") as folder:
            world = Path(folder) / "world"
            write_world(world, clients=count, seed=seed, as_of=datetime.date.today())  # noqa: DTZ011
            self.stdout.write(f"{count} clients, median of {ROUNDS} paired rounds, one process")
            for pair in _Bench(world).rounds():
                self.stdout.write(str(pair))


class _Bench:
    """Five rounds over one generated client file; every round loads it into a book of its own."""

    def __init__(self, world: Path) -> None:
        self.file = world / "transferor" / "客户资料.csv"
        if not Organisation.objects.exists():
            assemble(world, a_staff_number(world))
        self.giver = Organisation.objects.get(code="CANGLAN")
        self.taker = Organisation.objects.get(code="YUANXIU")
        self.manager = User.objects.get(username="canglan.manager")
        self.officer = User.objects.get(username="canglan.officer1")
        self.copied = Pair("import, sealed", "COPY of the plaintext: read and split only, nothing checked")
        self.created = Pair("import, sealed", f"bulk_create of the plaintext ({TENTH})")
        self.moved = Pair("custody move", f"open and seal anew under new keys, client rows only ({TENTH})")
        self.found = Pair("exact search, logged", "SELECT by a plaintext index")

    def rounds(self) -> list[Pair]:
        """The pairs, measured."""
        with closing(psycopg2.connect(env.text("MIGRATE_DATABASE_URL"))) as owner:
            owner.autocommit = True
            for _ in range(ROUNDS):
                plainly.make_table(owner.cursor())
                self._round()
            plainly.drop_table(owner.cursor())
        return [self.copied, self.created, self.moved, self.found]

    def _round(self) -> None:
        lines = plainly.read(self.file)
        taken, run = _timed(self._import)
        self.copied.ours.append(taken / run.rows)
        self.created.ours.append(taken / run.rows)
        taken, _ = _timed(lambda: plainly.copy(plainly.read(self.file)))
        self.copied.peers.append(taken / len(lines))
        self._search(run)
        plainly.empty()
        tenth = lines[: len(lines) // 10]
        taken, _ = _timed(lambda: plainly.create(tenth))
        self.created.peers.append(taken / len(tenth))
        self._move(run)

    def _import(self) -> ImportRun:
        """A new transfer, its client file received and loaded by the real services, in this process."""
        transfer = draft_transfer(by=self.officer)
        name_transferee(transfer=transfer, transferee=self.taker, by=self.officer)
        extract = receive_extract(
            transfer=transfer,
            side=self.giver,
            sealed_file=seal_file(self.file, self.giver, "extract"),
            by=self.manager,
        )
        default_policies(transfer=transfer, extract=extract, by=self.manager)
        return run_now(start_run(extract=extract, mode=ImportRun.Mode.LOAD, by=self.manager))

    def _search(self, run: ImportRun) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE clients_client")
        rows = list(Client.objects.filter(import_run=run.pk, phone_token__isnull=False)[:SEARCHES])
        with transaction.atomic(), self._reading(rows) as right:
            phones = [secret.phone for secret in open_rows(rows, right)]
        for pair, search in ((self.found.ours, self._find), (self.found.peers, plainly.find)):
            taken, _ = _timed(lambda search=search: [search(phone) for phone in phones])  # type: ignore[misc]
            pair.append(taken / len(phones))

    def _find(self, phone: str) -> None:
        if not find_clients(field="phone", value=phone, by=self.manager):
            raise AssertionError("a client that was loaded is found")

    def _move(self, run: ImportRun) -> None:
        rows = list(Client.objects.filter(import_run=run.pk).order_by("pk"))
        tenth = rows[: len(rows) // 10]
        taken, _ = _timed(lambda: self._seal_anew(tenth))
        self.moved.peers.append(taken / len(tenth))
        taken, _ = _timed(lambda: self._hand_over(rows))
        self.moved.ours.append(taken / len(rows))

    def _seal_anew(self, rows: list[Client]) -> None:
        """What handing over would cost without wraps; undone, so that the real move can follow."""
        with transaction.atomic():
            with self._reading(rows) as right:
                documents = open_rows(rows, right)
            keys = issue_data_keys([row.pk for row in rows], holder=self.taker.pk)
            items = [(row.pk, keys[row.pk], doc) for row, doc in zip(rows, documents, strict=True)]
            for row, sealed in zip(rows, seal_documents(Client.sealed_label, items), strict=True):
                row.sealed = sealed
            Client.objects.bulk_update(rows, ["sealed"], batch_size=500)
            transaction.set_rollback(True)

    def _hand_over(self, rows: list[Client]) -> None:
        move = release_batch(
            occasion=new_id(),
            giver=self.giver,
            taker=self.taker,
            clients=[row.pk for row in rows],
            mandate_digest=bytes(32),
            by=self.officer,
        )
        accept_batch(move=move, by=None)

    def _reading(self, rows: list[Client]) -> Any:
        subjects = [row.pk for row in rows]
        return reading(actor=self.manager, organisation=self.giver.pk, purpose="bench", subjects=subjects)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result
