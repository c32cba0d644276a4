"""Worker and PostgreSQL are killed (-9) during an import: the end equals an undisturbed run."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import psycopg2
import pytest

from stand.tests.support import BASE, OwnStand, wait_until

PRELUDE = """
import os, sys, json, datetime
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handover.settings")
import django
django.setup()
"""

BEGIN = """
from access.models import Organisation, RoleAssignment, User
from clients.models import Book
from transfer.models import Transfer
from transfer.services.extracts import receive_extract
from transfer.services.imports import run_now, start_run
from transfer.services.policies import default_policies
from transfer.tests.import_world import CLIENT_HEADER, client_lines
from vault.files import seal_stream
from vault.keyring import create_organisation_keys

firm = Organisation.objects.create(kind="broker", code="CANGLAN", name_en="Canglan", name_zh="沧澜")
create_organisation_keys(firm.pk)
user = User.objects.create(username="steward", name="Steward", organisation=firm, password="!")
RoleAssignment.objects.create(user=user, duty="data_steward", starts_on=datetime.date(2026, 1, 1))

numbers = [f"{number:012d}" for number in range(1, 3001)]
for again in range(40, 3000, 250):
    numbers.insert(again, numbers[again - 37])
data = (CLIENT_HEADER + "\\r\\n" + client_lines(*numbers)).encode("gb18030")
runs = []
for number in ("DISTURBED", "QUIET"):
    transfer = Transfer.objects.create(
        number=number, transferor=firm, book=Book.objects.create(owner=firm, name=number), pack_digest="0", created_by=user
    )
    file = seal_stream([data], holder=firm.pk, purpose="extract", name="a.csv")
    extract = receive_extract(transfer=transfer, side=firm, sealed_file=file, by=user)
    default_policies(transfer=transfer, extract=extract, by=user)
    runs.append((extract, number))
run_now(start_run(extract=runs[1][0], mode="load", by=user))
disturbed = start_run(extract=runs[0][0], mode="load", by=user)
print(json.dumps([str(disturbed.pk), str(runs[1][0].runs.get().pk)]))
"""

OUTCOME = """
from clients.models import Client
from transfer.models import Finding, ImportRun, Reject
from audit.models import Event
from audit.reading import reading
from vault.models import Wrap
from vault.rows import open_rows

run = ImportRun.objects.select_related("extract").get(pk=sys.argv[1])
clients = list(Client.objects.filter(import_run=run.pk).order_by("source_line"))
ids = [client.pk for client in clients]
with reading(actor=None, organisation=run.extract.side_id, purpose="test", subjects=ids) as right:
    secrets = open_rows(clients, right)
print(json.dumps([
    run.state, run.rows, run.accepted, run.rejected, run.totals,
    [[client.source_line, secret.source_no, secret.phone] for client, secret in zip(clients, secrets)],
    sorted(Reject.objects.filter(run=run).values_list("line", "column", "code")),
    sorted(Finding.objects.filter(run=run).values_list("line", "code")),
    Wrap.objects.filter(subject__in=ids).count(),
    Client.objects.filter(book=run.extract.transfer.book_id).count(),
]))
"""


class Watched:
    """A stand and what its database says, across restarts of the server."""

    def __init__(self, stand: OwnStand) -> None:
        self.stand = stand

    def script(self, text: str, *arguments: str) -> list:
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + text, *arguments],
            cwd=BASE,
            env=self.stand.environment,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout.decode().splitlines()[-1])

    def ask(self, query: str, *facts: str):
        """One value; None while the server is down."""
        try:
            link = psycopg2.connect(self.stand.runtime()["superuser_url"])
        except psycopg2.OperationalError:
            return None
        try:
            with link.cursor() as cursor:
                cursor.execute(query, facts)
                return cursor.fetchone()[0]
        except psycopg2.OperationalError:
            return None
        finally:
            link.close()

    def done(self, run: str) -> int:
        return (
            self.ask("SELECT count(*) FROM transfer_importchunk WHERE run_id = %s AND state = 'done'", run)
            or 0
        )

    def kill(self, part: str) -> None:
        """SIGKILL to the part and, for the worker, to its children, as when a machine loses them."""
        pid = self.stand.pid(part)
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
        for each in [pid, *(map(int, children) if part == "worker" else [])]:
            os.kill(each, signal.SIGKILL)


@pytest.mark.parametrize("seed", [11])
def test_killed_at_seeded_points_the_end_equals_an_undisturbed_run(tmp_path, seed):
    chance = random.Random(seed)
    settings = {"IMPORT_CHUNK_BYTES": "4000", "IMPORT_LEASE_SECONDS": "2", "IMPORT_REAP_SECONDS": "2"}
    with OwnStand(tmp_path / "state", **settings) as stand:
        watched = Watched(stand.ready())
        disturbed, quiet = watched.script(BEGIN)
        for part, after in (("worker", 3), ("postgres", 18), ("worker", 32)):
            point = after + chance.randrange(8)
            wait_until(lambda point=point: watched.done(disturbed) >= point, 90)
            assert watched.ask("SELECT state FROM transfer_importrun WHERE id = %s", disturbed) == "running"
            time.sleep(chance.random() / 20)
            watched.kill(part)
            wait_until(lambda part=part: f"{part:<10} died" in stand.said(), 30)
        wait_until(
            lambda: watched.ask("SELECT state FROM transfer_importrun WHERE id = %s", disturbed) == "done",
            120,
        )
        found, wanted = watched.script(OUTCOME, disturbed), watched.script(OUTCOME, quiet)
        assert found == wanted
        assert found[0] == "done"
        assert found[2] == found[8] == found[9] == 3000
