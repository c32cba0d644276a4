"""The Merkle tree of RFC 6962, section 2.1, with SHA-256: pure, without a database.

Invariants:
- A leaf hash is SHA-256(0x00 ‖ body), a node SHA-256(0x01 ‖ left ‖ right), the empty tree SHA-256("").
- A tree of n leaves splits at the largest power of two below n; so every subtree in a proof or a
  root is either complete and aligned (a *node*) or made of such nodes.
- Node (level, index) covers the leaves from index·2^level up to, not including, (index+1)·2^level.
- A tile of level t holds 256 nodes of level 8·t; a full tile never changes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

HASH_BYTES: Final = 32
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""Gives the hash of the complete node (level, index)."""

TileReader = Callable[[int, int], Sequence[bytes]]
"""Gives the hashes of the tile (level, index); a partial tile gives those that exist."""


class ProofError(Exception):
    """A proof does not prove what it should, or was asked for a tree that has no such place."""


def leaf_hash(body: bytes) -> bytes:
    """The hash of a leaf with this body."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to know its root, in at most 64 hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """The tree is one leaf larger afterwards."""
        place = self.size
        while place & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            place >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def root_of_set(members: Iterable[bytes]) -> bytes:
    """The root over a set of byte strings: each once, in byte order, each hashed as a leaf's body."""
    return root_of(leaf_hash(member) for member in sorted(set(members)))


def range_hash(start: int, end: int, node: NodeReader) -> bytes:
    """The hash of the subtree over the leaves from ``start`` up to ``end``, as the RFC splits them.

    ``start`` must be where such a subtree begins: a multiple of the power of two that covers the range.
    """
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    split = start + _largest_power_below(width)
    return node_hash(range_hash(start, split, node), range_hash(split, end, node))


def root_at(size: int, node: NodeReader) -> bytes:
    """The root of the first ``size`` leaves."""
    return EMPTY_ROOT if size == 0 else range_hash(0, size, node)


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """The audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 6962, 2.1.1), lowest first.

    Raises:
        ProofError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _largest_power_below(end - start)
        if index < split:
            path.append(range_hash(split, end, node))
            end = split
        else:
            path.append(range_hash(start, split, node))
            start = split
    return path[::-1]


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """The proof that the tree of ``old`` leaves is the beginning of that of ``new`` (RFC 6962, 2.1.2).

    Raises:
        ProofError: unless 0 ≤ old ≤ new.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        split = start + _largest_power_below(end - start)
        if old <= split:
            path.append(range_hash(split, end, node))
            end = split
        else:
            path.append(range_hash(start, split, node))
            start, whole = split, False
    if not whole:
        path.append(range_hash(start, end, node))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Returns when ``proof`` shows that ``leaf`` is number ``index`` of the ``size`` leaves under ``root``.

    Raises:
        ProofError: it does not.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    place, last = index, size - 1
    reached = leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if place & 1 or place == last:
            reached = node_hash(sibling, reached)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError("the inclusion proof is too short")
    if reached != root:
        raise ProofError("the inclusion proof leads to another root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Returns when ``proof`` shows that the tree of ``old`` leaves is the beginning of that of ``new``.

    Raises:
        ProofError: it does not.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in (0, new):
        _same_or_empty(old, new, old_root, new_root, proof)
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the consistency proof is too short")
    reached_old, reached_new = _climb(old - 1, new - 1, path)
    if reached_old != old_root:
        raise ProofError("the consistency proof does not begin at the older root")
    if reached_new != new_root:
        raise ProofError("the consistency proof leads to another root")


def node_in_tiles(level: int, index: int, tile: TileReader) -> bytes:
    """The hash of node (level, index), computed within the one tile that holds its descendants.

    Raises:
        ProofError: the tile does not reach that far.
    """
    tile_level, height = divmod(level, TILE_HEIGHT)
    first = index << height
    hashes = tile(tile_level, first >> TILE_HEIGHT)
    begin = first & (TILE_WIDTH - 1)
    row = list(hashes[begin : begin + (1 << height)])
    if len(row) != 1 << height:
        raise ProofError(f"tile {tile_level}/{first >> TILE_HEIGHT} is too short for node {level}/{index}")
    return complete_root(row)


def complete_root(row: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _largest_power_below(count: int) -> int:
    """The largest power of two smaller than ``count``, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _same_or_empty(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise ProofError("the consistency proof is too long")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofError("the empty tree has another root")
    if old == new and old_root != new_root:
        raise ProofError("two roots for one size")


def _climb(place: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two roots a consistency path leads to, for trees whose last leaves are ``place`` and ``last``."""
    while place & 1:
        place, last = place >> 1, last >> 1
    reached_old = reached_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if place & 1 or place == last:
            reached_old = node_hash(sibling, reached_old)
            reached_new = node_hash(sibling, reached_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            reached_new = node_hash(reached_new, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError("the consistency proof is too short")
    return reached_old, reached_new
