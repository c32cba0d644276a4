"""The tree's tiles as they lie in the database: full ones stored, partial ones gathered.

Invariants:
- Reading the tree at one size gives the same hashes forever, however far the log has grown since.
- A proof reads at most two tiles of each level.
"""

from collections.abc import Sequence

from django.db.models import Q

from audit.models import Leaf, Tile
from audit.tree import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, ProofError, complete_root, node_in_tiles


class StoredTiles:
    """The tiles of the tree of ``size`` leaves. Each is read once and kept as long as this object."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._read: dict[tuple[int, int], Sequence[bytes]] = {}

    def tile(self, level: int, index: int) -> Sequence[bytes]:
        """The hashes of the tile, as many as the tree of this size has.

        Raises:
            ProofError: the database has not got them.
        """
        place = (level, index)
        if place not in self._read:
            end = min((index + 1) << TILE_HEIGHT, self.size >> (TILE_HEIGHT * level))
            width = end - (index << TILE_HEIGHT)
            self._read[place] = _full(level, index) if width == TILE_WIDTH else _partial(level, index, width)
        return self._read[place]

    def node(self, level: int, index: int) -> bytes:
        """The hash of the complete node (level, index)."""
        return node_in_tiles(level, index, self.tile)


def grow(size: int, hashes: Sequence[bytes]) -> None:
    """Stores the tiles that become full when ``hashes`` follow the first ``size`` leaves."""
    before = StoredTiles(size)
    level, start, row = 0, size, list(hashes)
    while row:
        first = start >> TILE_HEIGHT
        if start & (TILE_WIDTH - 1):
            row = [*before.tile(level, first), *row]
        full = [
            _tile(level, first + place // TILE_WIDTH, row[place : place + TILE_WIDTH])
            for place in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)
        ]
        Tile.objects.bulk_create(full, batch_size=100)
        level, start, row = level + 1, first, [bytes(tile.root) for tile in full]


def split(hashes: bytes) -> list[bytes]:
    """The hashes of a stored tile, one by one."""
    return [hashes[place : place + HASH_BYTES] for place in range(0, len(hashes), HASH_BYTES)]


def _tile(level: int, index: int, hashes: list[bytes]) -> Tile:
    return Tile(level=level, index=index, hashes=b"".join(hashes), root=complete_root(hashes))


def _full(level: int, index: int) -> list[bytes]:
    found = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
    if found is None:
        raise ProofError(f"tile {level}/{index} is missing")
    return split(bytes(found))


def _partial(level: int, index: int, width: int) -> list[bytes]:
    """The first ``width`` hashes of a tile: leaves, or the roots of the tiles one level below."""
    first = index << TILE_HEIGHT
    here = Q(index__gte=first, index__lt=first + width)
    if level == 0:
        rows = list(Leaf.objects.filter(here).order_by("index").values_list("hash", flat=True))
    else:
        below = Tile.objects.filter(here, level=level - 1)
        rows = list(below.order_by("index").values_list("root", flat=True))
    found = [bytes(row) for row in rows]
    if len(found) != max(width, 0):
        raise ProofError(f"tile {level}/{index} has {len(found)} hashes instead of {width}")
    return found
