"""Our side of the bench: two firms and their people, a transfer per round, and rows wiped between rounds."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg2
from django.core.management.base import CommandError
from django.db import connection

from access.models import Organisation, User
from clients.models import Client
from handover import env
from handover.bench.extracts import KINDS, Extracts
from handover.demo.cast import assemble
from handover.demo.loading import seal_file
from transfer.models import ImportRun, Transfer
from transfer.services.extracts import receive_extract
from transfer.services.imports import run_now, start_run
from transfer.services.policies import default_policies
from transfer.services.transfers import draft_transfer, name_transferee
from vault.models import SealedFile

_FIRMS: Final = ("CANGLAN", "YUANXIU")
_LOADED: Final = ("clients_client", "clients_book", "transfer_transfer")


@contextmanager
def owner_cursor() -> Iterator[Any]:
    """A cursor of the tables' owner, for what the application may not: tables made, emptied, dropped."""
    with closing(psycopg2.connect(env.text("MIGRATE_DATABASE_URL"))) as link:
        link.autocommit = True
        with link.cursor() as cursor:
            yield cursor


@dataclass
class House:
    """The two firms. ``sealed`` holds each extract as an upload would lie there; it is sealed once."""

    extracts: Extracts
    giver: Organisation
    taker: Organisation
    officer: User
    manager: User
    sealed: dict[str, SealedFile] = field(default_factory=dict)
    transfer: Transfer = field(default_factory=Transfer)

    def draft(self) -> Transfer:
        """A new transfer from one firm to the other, with an empty book; the house's own from now on."""
        transfer = draft_transfer(by=self.officer)
        self.transfer = name_transferee(transfer=transfer, transferee=self.taker, by=self.officer)
        return self.transfer

    def use(self, made: Extracts) -> None:
        """These extracts are loaded from now on; they lie sealed as uploads would."""
        self.extracts = made
        self.sealed = {kind: seal_file(made.path(kind), self.giver, "extract") for kind in KINDS}

    def load(self, transfer: Transfer, kind: str) -> ImportRun:
        """One extract received and loaded whole by the real services, in this process.

        Raises:
            CommandError: not every line was loaded, so the figures would be of other work.
        """
        extract = receive_extract(
            transfer=transfer, side=self.giver, sealed_file=self.sealed[kind], by=self.manager
        )
        default_policies(transfer=transfer, extract=extract, by=self.manager)
        run = run_now(start_run(extract=extract, mode=ImportRun.Mode.LOAD, by=self.manager))
        if run.state != ImportRun.State.DONE or run.accepted != run.rows:
            raise CommandError(f"{kind}: {run.state}, {run.accepted} of {run.rows} lines loaded")
        return run

    def clients(self) -> list[UUID]:
        """Every client loaded, in order of id."""
        return list(Client.objects.order_by("pk").values_list("pk", flat=True))

    def wipe(self) -> None:
        """Nothing is loaded any more; the firms and the sealed extracts stay."""
        connection.close()
        with owner_cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(_LOADED)} CASCADE")
            cursor.execute(
                "CREATE TEMP TABLE kept AS SELECT * FROM vault_wrap"
                " WHERE subject IN (SELECT key_subject FROM vault_sealedfile)"
            )
            cursor.execute("TRUNCATE vault_wrap")
            cursor.execute("INSERT INTO vault_wrap SELECT * FROM kept")
            cursor.execute("DROP TABLE kept")


def open_house(made: Extracts) -> House:
    """The house in an installation that is the bench's own.

    Raises:
        CommandError: somebody else's organisations or transfers are here; nothing has been touched.
    """
    _refuse_other(Organisation.objects.exclude(code__in=[*_FIRMS, "MINGCHA", "HENGZHI"]).exists())
    _refuse_other(Transfer.objects.exists() or Client.objects.exists())
    if not Organisation.objects.exists():
        assemble(made.folder, "")
    house = house_here(made, {})
    house.use(made)
    return house


def house_here(made: Extracts, sealed: dict[str, UUID]) -> House:
    """The house as it stands in the database already."""
    giver, taker = (Organisation.objects.get(code=code) for code in _FIRMS)
    people = {user.username: user for user in User.objects.filter(organisation=giver)}
    files = {kind: SealedFile.objects.get(pk=file) for kind, file in sealed.items()}
    return House(made, giver, taker, people["canglan.officer1"], people["canglan.manager"], files)


def _refuse_other(found: bool) -> None:
    if found:
        raise CommandError("this installation holds other work; the bench wipes tables: use `make bench`")
