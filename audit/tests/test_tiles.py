"""Tiles of every level, and their comparison with the leaves."""

import pytest

from audit import tree
from audit.faults import FaultKind, Report
from audit.models import Tile
from audit.tiles import StoredTiles, grow
from audit.watching import TileWatch, Tree

LEAVES = [tree.leaf_hash(b"%d" % number) for number in range(65_536 + 512)]


def compared(leaves):
    """What the tiles' watch says of these leaves; ``Tree`` leads it as verification does."""
    report = Report()
    walk = Tree(report, [TileWatch(report)])
    for index, leaf in enumerate(leaves):
        walk.append(index, leaf)
    walk.end()
    return [str(fault) for fault in report.faults]


def test_a_level_above_grows_from_full_tiles(db):
    size = 0
    for end in (256, 65_024, 65_536, 66_048):
        grow(size, LEAVES[size:end])
        size = end
        assert tree.root_at(size, StoredTiles(size).node) == tree.root_of(LEAVES[:size])
    assert sorted(Tile.objects.filter(level=1).values_list("index", flat=True)) == [0]
    assert compared(LEAVES) == []
    reads = StoredTiles(66_048)
    tree.verify_inclusion(
        LEAVES[5], 5, 66_048, tree.inclusion_proof(5, 66_048, reads.node), tree.root_of(LEAVES)
    )
    assert len(reads._read) <= 6


@pytest.fixture
def two_tiles(db):
    def stored(first, second, root=None):
        for index, row in enumerate([first, second]):
            Tile.objects.create(
                level=0, index=index, hashes=b"".join(row), root=root or tree.complete_root(row)
            )

    return stored


FIRST, SECOND = LEAVES[:256], LEAVES[256:512]


def test_exchanged_leaves_are_named_with_their_places(two_tiles):
    exchanged = [*SECOND[:3], SECOND[7], *SECOND[4:7], SECOND[3], *SECOND[8:]]
    two_tiles(FIRST, exchanged)
    assert compared([*FIRST, *SECOND]) == ["reordered: tile 0/1, places 259 to 263"]


def test_a_changed_leaf_is_found_in_its_tile(two_tiles):
    two_tiles(FIRST, [*SECOND[:-1], bytes(32)])
    assert compared([*FIRST, *SECOND]) == ["tile_changed: tile 0/1"]


def test_a_root_that_is_not_the_tiles_is_found(two_tiles):
    two_tiles(FIRST, SECOND, root=bytes(32))
    assert compared([*FIRST, *SECOND]) == ["tile_changed: tile 0/0", "tile_changed: tile 0/1"]


def test_tiles_that_are_missing_and_tiles_too_many_are_found(db):
    for level, index in ((0, 1), (0, 2), (0, 3), (4, 0)):
        Tile.objects.create(
            level=level, index=index, hashes=b"".join(SECOND), root=tree.complete_root(SECOND)
        )
    assert compared([*FIRST, *SECOND]) == [
        "tile_missing: tile 0/0",
        "tile_changed: tile 0/2 has no leaves",
        "tile_changed: tile 0/3 has no leaves",
        "tile_changed: tile 4/0 has no leaves",
    ]
    assert FaultKind.TILE_MISSING.label


def test_a_missing_tile_gives_no_proof(db):
    with pytest.raises(tree.ProofError, match="tile 0/0 is missing"):
        StoredTiles(256).tile(0, 0)
