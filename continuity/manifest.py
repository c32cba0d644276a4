"""The signed manifest of a backup: what belongs to it and what a restore must reproduce.

Invariants:
- The signature covers the exact bytes of ``manifest.json`` and is checked before they are read.
- Every other file of the backup stands in it with size and digest; a file that fits neither is refused
  before a byte of it is used.

The format is described in ``docs/formats/backup.md``.
"""

import hashlib
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from continuity.errors import NotRestorable
from continuity.measuring import Measures
from vault import signing
from vault.errors import VaultError
from vault.ids import INSTALLATION
from vault.keyfiles import write_durably

FORMAT: Final = "handover-backup-1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
DATA: Final = "data.stream"
KEYS: Final = "keys.stream"
FILES: Final = "files.list"
_LABEL: Final = b"handover/backup-manifest/v1\n"
_READ_BYTES: Final = 1024 * 1024


class Part(msgspec.Struct, frozen=True):
    """One file of the backup as it lies on the disk."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup consists of, and what was counted in the snapshot it shows."""

    format: str = FORMAT
    backup: UUID
    server_version: int
    parts: dict[str, Part]
    files: int
    measures: Measures


def write(folder: Path, manifest: Manifest) -> str:
    """Manifest and signature lie in ``folder``; returns the manifest's SHA-256."""
    content = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"
    made = signing.signer("backup", INSTALLATION).sign(_LABEL + content)
    write_durably(folder / MANIFEST, content)
    write_durably(folder / SIGNATURE, made.hex().encode() + b"\n")
    return hashlib.sha256(content).hexdigest()


def read(folder: Path, *, digest: str) -> Manifest:
    """The manifest in ``folder``, signed by this installation and the very one that was recorded.

    Raises:
        NotRestorable: it is missing, its signature does not fit, it is another than the one with
            ``digest``, or it has not the described form.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
        signature = bytes.fromhex((folder / SIGNATURE).read_text(encoding="ascii"))
    except FileNotFoundError:
        raise NotRestorable("backup.part_missing") from None
    except ValueError:
        raise NotRestorable("backup.signature_wrong") from None
    try:
        signing.verify(signing.signer("backup", INSTALLATION).public, _LABEL + content, signature)
    except VaultError:
        raise NotRestorable("backup.signature_wrong") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise NotRestorable("backup.manifest_replaced")
    return _decoded(content)


def part_of(path: Path) -> Part:
    """Size and SHA-256 of a file as it lies on the disk."""
    whole, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            whole.update(piece)
            size += len(piece)
    return Part(size, whole.hexdigest())


def check_part(path: Path, expected: Part) -> None:
    """Returns when the file at ``path`` is exactly the expected one.

    Raises:
        NotRestorable: it is missing, cut or too long, or its bytes were changed.
    """
    if not path.is_file():
        raise NotRestorable("backup.part_missing", part=path.name)
    if path.stat().st_size != expected.size:
        raise NotRestorable("backup.part_cut", part=path.name)
    if part_of(path) != expected:
        raise NotRestorable("backup.part_changed", part=path.name)


def _decoded(content: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError:
        raise NotRestorable("backup.manifest_unreadable") from None
    if manifest.format != FORMAT or not {DATA, KEYS, FILES} <= manifest.parts.keys():
        raise NotRestorable("backup.manifest_unreadable")
    return manifest
