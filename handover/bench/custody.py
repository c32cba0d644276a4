"""Custody of every client passes to the other firm, beside taking every field out and sealing it anew."""

from typing import Any, Final
from uuid import UUID

from cryptography.fernet import Fernet
from django.conf import settings

from clients.services.custody import accept_batch, release_batch
from handover.bench import peers
from handover.bench.house import House
from handover.bench.pairs import Aim, Pair, timed
from vault.issuing import issue_data_keys

_UPDATED_AT_ONCE: Final = 500


class Custody:
    """Ours is the whole act: rows locked, records digested, both signatures, members, wraps added and
    withdrawn, the custodian changed, the log written, in batches of the size the product uses.
    """

    def __init__(self, house: House) -> None:
        self.house = house
        anew = "ten Fernet fields decrypted, encrypted for the other firm, written by bulk_update"
        self.anew = Pair(
            "custody", anew, Aim.FASTER, 20.0, unit="client", note="a tenth of the rows; client rows only"
        )
        self.wraps = Pair("custody", "COPY of the new wraps alone", Aim.AT_MOST, 2.0, unit="client")

    def round(self) -> None:
        """Every client passes once; nothing of the peers' work stays."""
        clients = self.house.clients()
        taken, _ = timed(lambda: self.hand_over(clients))
        ours = taken.per(len(clients))
        text = self._wraps(clients)
        taken, _ = timed(lambda: peers.copy_wraps(text))
        self.wraps.add_taken(ours, taken.per(len(clients)))
        model = peers.cipher_model()
        if model:
            taken, rows = timed(lambda: _encrypt_anew(model))
            self.anew.add_taken(ours, taken.per(rows))

    def hand_over(self, clients: list[UUID]) -> None:
        """Every batch is released and accepted."""
        for start in range(0, len(clients), settings.CUSTODY_BATCH_ROWS):
            move = release_batch(
                occasion=self.house.transfer.pk,
                giver=self.house.giver,
                taker=self.house.taker,
                clients=clients[start : start + settings.CUSTODY_BATCH_ROWS],
                mandate_digest=bytes(32),
                by=self.house.officer,
            )
            accept_batch(move=move, by=None)

    def _wraps(self, clients: list[UUID]) -> bytes:
        """As many new wraps, ready to be sent."""
        issued = issue_data_keys(clients, holder=self.house.taker.pk)
        return peers.wrap_rows(issued, self.house.taker.pk)

    def results(self) -> list[Pair]:
        """The pairs that were measured."""
        return [pair for pair in (self.anew, self.wraps) if pair.ours]


def _encrypt_anew(model: Any) -> int:
    """Every row of the encrypted table is under the other firm's key; returns how many."""
    old, new = peers.fernet_of_fields(), Fernet(Fernet.generate_key())
    ten = peers.TEN["clients"]
    rows = list(model.objects.all())
    for row in rows:
        for name in ten:
            sealed = getattr(row, name)
            if sealed:
                setattr(row, name, new.encrypt(old.decrypt(sealed.encode())).decode())
    model.objects.bulk_update(rows, ten, batch_size=_UPDATED_AT_ONCE)
    return len(rows)
