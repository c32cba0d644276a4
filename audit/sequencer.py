"""The one that gives events their place: leaves, tiles and a signed checkpoint in one transaction.

Invariants:
- Whoever is killed leaves either all of a batch or nothing of it.
- Of two sequencers one works and the other finds nothing to do; numbers are dense and given once.
"""

from django.db import connection, transaction

from audit import checkpoints, tree
from audit.tiles import StoredTiles, grow


@transaction.atomic
def sequence_once(limit: int = 10_000) -> int:
    """At most ``limit`` pending events have a leaf under a signed checkpoint afterwards; says how many.

    Nothing is pending, or another sequencer is at work: 0.

    Raises:
        VaultError: there is no key to sign with; nothing is sequenced.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT leaf_index, leaf_hash FROM audit_sequence(%s)", [limit])
        leaves = [(index, bytes(leaf)) for index, leaf in cursor.fetchall()]
    if not leaves:
        return 0
    first = leaves[0][0]
    size = first + len(leaves)
    grow(first, [leaf for _, leaf in leaves])
    checkpoints.sign(size, tree.root_at(size, StoredTiles(size).node))
    return len(leaves)
