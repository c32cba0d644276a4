"""Somebody who looks at the database all the time, on a connection of their own, for a state that is half.

Every look is one snapshot: each question answers with the rows that must not exist, at no moment.
"""

import threading
import time
from collections import Counter
from pathlib import Path

import psycopg2

from stand.tests.support import OwnStand

_LOADED = "clients_client clients_relation clients_account clients_holding clients_trade clients_preference"
_ROWS = " UNION ALL ".join(
    f"SELECT import_run FROM {name}" for name in (*_LOADED.split(), "clients_document")
)

# Each finds what must never be seen, whatever is killed.
NEVER = {
    "a slice is in the ledger and its rows are not, or the other way round": f"""
        WITH ledger AS (SELECT run.id, coalesce(sum(chunk.accepted), 0) AS accepted
                          FROM transfer_importrun run JOIN transfer_extract extract ON extract.id = run.extract_id
                          JOIN transfer_importchunk chunk ON chunk.run_id = run.id AND chunk.state = 'done'
                         WHERE run.mode = 'load' AND extract.purpose <> 'delta' GROUP BY run.id),
             loaded AS (SELECT import_run AS id, count(*) AS accepted FROM ({_ROWS}) parts GROUP BY import_run)
        SELECT id FROM ledger FULL JOIN loaded USING (id)
         WHERE coalesce(ledger.accepted, 0) <> coalesce(loaded.accepted, 0)""",  # noqa: S608
    "a done slice whose rows, accepted and rejected lines do not add up": """
        SELECT chunk.id FROM transfer_importchunk chunk
         WHERE chunk.state = 'done' AND chunk.rows <> chunk.accepted + chunk.rejected""",
    "a client without exactly the custodian's key": """
        SELECT client.id FROM clients_client client LEFT JOIN vault_wrap wrap
            ON wrap.subject = client.id AND wrap.purpose = 'custody'
         GROUP BY client.id, client.custodian
        HAVING count(wrap.holder) <> 1 OR bool_or(wrap.holder <> client.custodian)""",
    "a case accepted without custody, or custody without acceptance": """
        SELECT kase.id FROM transfer_clientcase kase JOIN transfer_transfer transfer ON transfer.id = kase.transfer_id
          JOIN clients_client client ON client.id = kase.client_id
         WHERE (kase.state = 'accepted') <> (client.custodian = transfer.transferee_id)""",
    "a batch half settled": """
        SELECT move.id FROM clients_custodymove move JOIN clients_custodymember member ON member.move_id = move.id
          JOIN clients_client client ON client.id = member.client_id
         WHERE move.state = 'accepted' AND client.custodian <> move.taker_id
            OR move.state = 'released' AND client.custodian <> move.giver_id""",
    "a batch whose members are not all there": """
        SELECT move.id FROM clients_custodymove move LEFT JOIN clients_custodymember member ON member.move_id = move.id
         GROUP BY move.id HAVING count(member.id) <> move.client_count""",
    "an event that waits and has its place, or neither": """
        SELECT event.id FROM audit_event event LEFT JOIN audit_pending waiting ON waiting.event_id = event.id
          LEFT JOIN audit_leaf leaf ON leaf.event_id = event.id
         WHERE (waiting.event_id IS NULL) = (leaf.event_id IS NULL)""",
    "a hole in the log, or a head beyond it": """
        SELECT 'hole' FROM audit_leaf HAVING count(*) <> coalesce(max(index) + 1, 0)
        UNION ALL SELECT 'head' WHERE (SELECT coalesce(max(size), 0) FROM audit_checkpoint)
                                   <> (SELECT count(*) FROM audit_leaf)""",
    "a delivery without its file's row": """
        SELECT run.id FROM transfer_run run LEFT JOIN vault_sealedfile file ON file.id = run.delivery_file
         WHERE run.delivery_file IS NOT NULL AND file.id IS NULL""",
    "two of what there is one of": """
        SELECT 'certificate' FROM transfer_certificate GROUP BY transfer_id HAVING count(*) > 1
        UNION ALL SELECT 'cutover' FROM transfer_run WHERE kind = 'cutover' GROUP BY transfer_id HAVING count(*) > 1
        UNION ALL SELECT 'delivery' FROM audit_event WHERE type = 'run.delivered' GROUP BY subject HAVING count(*) > 1
        UNION ALL SELECT 'batch' FROM audit_event WHERE type = 'custody.accepted' GROUP BY subject HAVING count(*) > 1""",
}
FILES = "SELECT id::text FROM vault_sealedfile"
_STILL = "SELECT count(*) FROM vault_sealedfile WHERE id = %s"


class Watcher:
    """Asks every question over and over; ``seen`` counts what should never have been there."""

    def __init__(self, stand: OwnStand) -> None:
        self.stand, self.seen, self.looks = stand, Counter(), 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                time.sleep(0.2)

    def look(self) -> None:
        """One round over all questions."""
        link = psycopg2.connect(self.stand.runtime()["superuser_url"])
        try:
            link.set_session(readonly=True, isolation_level="REPEATABLE READ")
            while not self._stop.wait(0.15):
                self._one_snapshot(link)
                self.looks += 1
        finally:
            link.close()

    def _one_snapshot(self, link: "psycopg2.extensions.connection") -> None:
        with link, link.cursor() as cursor:
            for words, question in NEVER.items():
                cursor.execute(question)
                self.seen.update({words: len(cursor.fetchall())} if cursor.rowcount else {})
            cursor.execute(FILES)
            files = [row for (row,) in cursor.fetchall()]
        for missing in [row for row in files if not self._path(row).exists()]:
            with link, link.cursor() as cursor:
                cursor.execute(_STILL, [missing])
                if cursor.fetchone() != (0,):
                    self.seen["a file's row without its file"] += 1

    def _path(self, file: str) -> Path:
        return self.stand.state / "files" / file.replace("-", "")[-2:] / f"{file}.sealed"


def asked(stand: OwnStand, question: str, *facts: object) -> object:
    """One value, None while the server is down."""
    try:
        link = psycopg2.connect(stand.runtime()["superuser_url"])
    except (psycopg2.OperationalError, OSError, ValueError):
        return None
    try:
        with link, link.cursor() as cursor:
            cursor.execute(question, facts or None)
            row = cursor.fetchone()
            return None if row is None else row[0]
    except psycopg2.OperationalError:
        return None
    finally:
        link.close()
