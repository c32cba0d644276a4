"""The certificate over every client: its tree grown once, and one client's proof drawn from it."""

import hashlib
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from handover.bench.house import House
from handover.bench.pairs import Aim, Pair, timed
from handover.bench.searching import quantile, take_turns
from transfer.models import CertificateDraft
from transfer.services.members import all_members, grow_tree, path_in_tree
from vault.fixed import fetch_fixed

PROOFS: Final = 50
_ROWS: Final = (
    "SELECT client_id, record_digest, key_commitment FROM clients_custodymember ORDER BY client_id, id"
)


class Certificate:
    """A round grows the tree over everybody whose custody has passed, and draws some proofs from it.

    Signing, sealing the document and printing it do not grow with the number of clients and are left out.
    """

    def __init__(self, house: House) -> None:
        self.house = house
        self.tree = Pair(
            "certificate: tree over all", "SHA-256 over the same rows", Aim.AT_MOST, None, unit="client"
        )
        self.proof = Pair(
            "certificate: one proof", "reading every member and hashing anew", Aim.FASTER, None, unit="proof"
        )

    def round(self) -> None:
        """A draft, its tree, and proofs; all of it is undone."""
        with transaction.atomic():
            draft = CertificateDraft.objects.create(
                transfer=self.house.transfer,
                number="bench",
                drafted_by=self.house.officer,
                drafted_at=timezone.now(),
                client_count=0,
                root=bytes(32),
                file=self.house.transfer.pk,
            )
            taken, (draft.client_count, draft.root) = timed(lambda: grow_tree(draft))
            limit, _ = timed(_hashed)
            count = max(draft.client_count, 1)
            self.tree.add_taken(taken.per(count), limit.per(count))
            members = list(all_members(self.house.transfer))
            chosen = members[:: max(1, len(members) // PROOFS)][:PROOFS]
            drawn, _ = take_turns(chosen, lambda member: path_in_tree(draft, member), lambda _: None)
            self.proof.add(quantile(drawn, 0.5), taken.seconds)
            transaction.set_rollback(True)

    def results(self) -> list[Pair]:
        """The pairs that were measured."""
        return [pair for pair in (self.tree, self.proof) if pair.ours]


def _hashed() -> bytes:
    """One hash over what the tree is grown from, read as fast as we know."""
    whole = hashlib.sha256()
    with connection.cursor() as cursor:
        for row in fetch_fixed(cursor, _ROWS, [], "16s 32s 32s"):
            whole.update(b"".join(row))
    return whole.digest()
