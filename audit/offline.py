"""``python -m audit.offline LEAVES --checkpoint NOTE [--key KEY]``: verification without the product.

It needs the exported leaves, a checkpoint and the log's verifier key, and no database, settings or
network. Exit status 0: the leaves are exactly what was signed; 1: they are not; 3: they give the
checkpoint's root, but no key was given, so nobody knows who signed it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from audit import bundle, note
from audit.tree import EMPTY_ROOT, Frontier, leaf_hash

FITS: Final = 0
DIFFERS: Final = 1
SIGNER_UNCHECKED: Final = 3


class Differs(Exception):  # noqa: N818
    """The leaves are not those of the checkpoint; the message says why."""


def compare(leaves: BinaryIO, signed: note.Note) -> int:
    """How many leaves the file holds; its first ones are exactly those of the checkpoint.

    Raises:
        Differs: they are fewer, or give another root.
        BundleError: the file is cut.
    """
    frontier = Frontier()
    root_then = EMPTY_ROOT if signed.head.size == 0 else None
    for body in bundle.bodies(leaves):
        frontier.append(leaf_hash(body))
        if frontier.size == signed.head.size:
            root_then = frontier.root()
    if root_then is None:
        raise Differs(f"the file has {frontier.size} leaves, the checkpoint {signed.head.size}")
    if root_then != signed.head.root:
        raise Differs("the leaves give another root than the checkpoint's")
    return frontier.size


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares and says what was found; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="audit.offline", description="Verify exported leaves of an audit log."
    )
    parser.add_argument("leaves", type=Path)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--key", help="the log's verifier key, as the parties exchanged it")
    given = parser.parse_args(arguments)
    try:
        signed = note.parse(given.checkpoint.read_text(encoding="utf-8"))
        if given.key:
            note.check(signed, note.LogKey.parse(given.key))
        with given.leaves.open("rb") as file:
            count = compare(file, signed)
    except (Differs, bundle.BundleError, note.NoteError, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return DIFFERS
    sys.stdout.write(f"{count} leaves fit the checkpoint of {signed.head.size} by {signed.head.origin}\n")
    if not given.key:
        sys.stdout.write("the leaves fit, the signer was not checked: give --key\n")
        return SIGNER_UNCHECKED
    return FITS


if __name__ == "__main__":
    sys.exit(main())
