"""Import of clients and of trades, from a received file to sealed rows, beside COPY and ``bulk_create``."""

from typing import Final

from handover.bench import peers
from handover.bench.house import House, owner_cursor
from handover.bench.pairs import Aim, Pair, Taken, timed
from transfer.models import Transfer

TENTH: Final = 10
_GOALS: Final = {"clients": (1.25, 4.0, 15.0), "trades": (1.5, None, 10.0)}


class Loading:
    """One round loads everything once; the loaded transfer then serves the other paths of the round."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.lines = {kind: house.extracts.lines(kind) for kind in _GOALS}
        self.pairs: dict[str, tuple[Pair, Pair, Pair]] = {
            kind: (
                Pair(f"import of {kind}", "COPY of the plaintext, text ready", Aim.AT_MOST, limit),
                Pair(
                    f"import of {kind}",
                    "bulk_create of the plaintext",
                    Aim.FASTER,
                    plain,
                    note="a tenth of the rows",
                ),
                Pair(
                    f"import of {kind}",
                    "bulk_create, ten fields encrypted by django-fernet-encrypted-fields",
                    Aim.FASTER,
                    fernet,
                    note="a tenth of the rows",
                ),
            )
            for kind, (limit, plain, fernet) in _GOALS.items()
        }

    def round(self) -> Transfer:
        """Everything loaded by us, and by the peers into their tables, kind by kind."""
        transfer = self.house.draft()
        for kind in ("clients", "accounts", "holdings", "trades"):
            ours, run = timed(lambda kind=kind: self.house.load(transfer, kind))  # type: ignore[misc]
            if kind in self.pairs:
                self._peers(kind, ours.per(run.rows))
        return transfer

    def _peers(self, kind: str, ours: Taken) -> None:
        copied, created, encrypted = self.pairs[kind]
        lines, custodian = self.lines[kind], self.house.giver.pk
        tenth = lines[: max(1, len(lines) // TENTH)]
        taken, _ = timed(lambda: peers.create(peers.PLAIN[kind], kind, tenth))
        created.add_taken(ours, taken.per(len(tenth)))
        with owner_cursor() as cursor:
            peers.empty_plain(cursor, kind)
        fernet = peers.fernet_models()
        if fernet:
            taken, _ = timed(lambda: peers.create(fernet[kind], kind, tenth, custodian=custodian))
            encrypted.add_taken(ours, taken.per(len(tenth)))
        text = peers.copy_text(lines, custodian=custodian)
        taken, _ = timed(lambda: peers.copy(kind, text))
        copied.add_taken(ours, taken.per(len(lines)))

    def results(self) -> list[Pair]:
        """The pairs that were measured."""
        return [pair for pairs in self.pairs.values() for pair in pairs if pair.ours]
