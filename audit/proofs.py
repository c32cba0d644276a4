"""Proofs from the stored tiles."""

from audit import tree
from audit.tiles import StoredTiles


def inclusion_proof(index: int, size: int) -> list[bytes]:
    """The audit path of leaf ``index`` in the log of ``size`` leaves, lowest first.

    Raises:
        ProofError: the log has no such leaf, or has never been that large.
    """
    return tree.inclusion_proof(index, size, StoredTiles(size).node)


def consistency_proof(old: int, new: int) -> list[bytes]:
    """The proof that the log of ``old`` leaves is the beginning of that of ``new``.

    Raises:
        ProofError: unless 0 ≤ old ≤ new and the log has been that large.
    """
    return tree.consistency_proof(old, new, StoredTiles(new).node)
