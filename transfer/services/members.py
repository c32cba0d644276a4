"""Everybody a certificate counts, as one tree: built once in a single pass, kept in tiles, read for proofs.

Invariants:
- Leaves stand in the order of the clients' ids; the tree is that of RFC 6962, as ``audit.tree`` computes it.
- Memory holds at most one open tile of each level and a few that wait to be stored, whatever the size.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from audit.errors import Refused
from audit.tiles import split
from audit.tree import TILE_WIDTH, complete_root, inclusion_proof, node_hash, node_in_tiles, root_at
from clients.models import CustodyMember, CustodyMove
from clients.statements import member_leaf
from transfer.models import CertificateDraft, CertificateTile, Transfer

STORED_AT_ONCE: Final = 64
Member = tuple[UUID, bytes, bytes]


def all_members(transfer: Transfer) -> Iterator[Member]:
    """Client id, record digest and key commitment of everybody accepted, in the order of the ids."""
    rows = CustodyMember.objects.filter(
        move__occasion=transfer.pk, move__state=CustodyMove.State.ACCEPTED
    ).order_by("client_id")
    for client, digest, commitment in rows.values_list(
        "client_id", "record_digest", "key_commitment"
    ).iterator(chunk_size=5_000):
        yield client, bytes(digest), bytes(commitment)


def grow_tree(draft: CertificateDraft) -> tuple[int, bytes]:
    """The tiles over all members are stored with the draft; returns how many members and the root."""
    tiles = _Tiles(draft)
    size = 0
    for size, member in enumerate(all_members(draft.transfer), start=1):  # noqa: B007  how many at the end
        tiles.add(member_leaf(*member), member[0])
    tiles.end()
    return size, root_at(size, _StoredTiles(draft).node)


def path_in_tree(draft: CertificateDraft, member: Member) -> tuple[int, list[bytes]]:
    """The member's place among all of the draft, and its audit path, lowest first; reads a few tiles.

    Raises:
        Refused: it is not among them.
    """
    found = draft.tiles.filter(level=0, first__lte=member[0]).order_by("-first").first()
    leaf = member_leaf(*member)
    hashes = split(bytes(found.hashes)) if found else []
    if found is None or leaf not in hashes:
        raise Refused("certificate.client_not_in_it")
    place = found.index * TILE_WIDTH + hashes.index(leaf)
    return place, inclusion_proof(place, draft.client_count, _StoredTiles(draft).node)


def path_among(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The audit path of one of these leaves (RFC 6962, 2.1.1), lowest first, in one pass over the levels."""
    path = []
    level, index = leaves, place
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level = [
            node_hash(level[at], level[at + 1]) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        index >>= 1
    return path


class _Tiles:
    """The growing tiles of one draft; a full one is stored and its root goes into the level above."""

    def __init__(self, draft: CertificateDraft) -> None:
        self._draft = draft
        self._open: list[list[bytes]] = [[]]
        self._full: list[int] = [0]
        self._first: UUID | None = None
        self._waiting: list[CertificateTile] = []

    def add(self, leaf: bytes, client: UUID) -> None:
        """One more leaf stands at the end."""
        if not self._open[0]:
            self._first = client
        self._put(0, leaf)

    def end(self) -> None:
        """The tiles that did not become full are stored as far as they go."""
        for level, row in enumerate(self._open):
            if row:
                self._keep(level, row)
        self._store()

    def _put(self, level: int, node: bytes) -> None:
        if level == len(self._open):
            self._open.append([])
            self._full.append(0)
        row = self._open[level]
        row.append(node)
        if len(row) == TILE_WIDTH:
            self._keep(level, row)
            self._open[level] = []
            self._full[level] += 1
            self._put(level + 1, complete_root(row))

    def _keep(self, level: int, row: list[bytes]) -> None:
        self._waiting.append(
            CertificateTile(
                draft=self._draft,
                level=level,
                index=self._full[level],
                first=self._first if level == 0 else None,
                hashes=b"".join(row),
            )
        )
        if len(self._waiting) >= STORED_AT_ONCE:
            self._store()

    def _store(self) -> None:
        CertificateTile.objects.bulk_create(self._waiting)
        self._waiting = []


class _StoredTiles:
    """The stored tiles of one draft; each is read once."""

    def __init__(self, draft: CertificateDraft) -> None:
        self._draft = draft
        self._read: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """The hash of the complete node (level, index)."""
        return node_in_tiles(level, index, self._tile)

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._read:
            row = self._draft.tiles.filter(level=level, index=index).values_list("hashes", flat=True).first()
            self._read[level, index] = split(bytes(row)) if row else []
        return self._read[level, index]
