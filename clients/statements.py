"""The statements that both organisations sign when custody of a batch of clients moves. Pure.

A statement is JSON with sorted keys and no spaces, UTF-8; the signature covers exactly these bytes.
Described in ``docs/formats/certificate.md``, so that another program can rebuild and verify them.
"""

import json
from uuid import UUID

from audit.tree import leaf_hash, root_of

RELEASE = "handover/release/v1"
ACCEPTANCE = "handover/acceptance/v1"


def member_leaf(client: UUID, record_digest: bytes, key_commitment: bytes) -> bytes:
    """The leaf of one client in a batch: its id, the digest of its record, the commitment to its key."""
    return leaf_hash(client.bytes + record_digest + key_commitment)


def members_root(members: list[tuple[UUID, bytes, bytes]]) -> bytes:
    """The Merkle root (RFC 6962) over the batch in the order of client ids."""
    return root_of(member_leaf(*member) for member in sorted(members))


def release_statement(
    *, occasion: UUID, number: int, giver: UUID, taker: UUID, count: int, root: bytes, mandate: bytes
) -> bytes:
    """What the giver signs: these clients, with these records, pass to the taker under this mandate."""
    return _canonical(
        {
            "type": RELEASE,
            "occasion": str(occasion),
            "batch": number,
            "giver": str(giver),
            "taker": str(taker),
            "clients": count,
            "root": root.hex(),
            "mandate": mandate.hex(),
        }
    )


def acceptance_statement(*, release: bytes, release_signature: bytes) -> bytes:
    """What the taker signs: the release statement and the giver's signature under it, both as they are."""
    return _canonical({"type": ACCEPTANCE, "release": release.decode(), "signature": release_signature.hex()})


def _canonical(statement: dict[str, object]) -> bytes:
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
