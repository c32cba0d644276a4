"""Signed notes and checkpoints as C2SP describes them (signed-note, tlog-checkpoint): pure.

Invariants:
- A note is its text, which ends with a line feed, an empty line, and signature lines
  ``— name base64(key id ‖ signature)``.
- The text of a checkpoint is exactly three lines: origin, size in decimal, root in base64. Extension
  lines are neither written nor accepted.
- The key id of an Ed25519 key is the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
- Signatures of other keys (a witness's) are allowed and ignored; a wrong one of our own is not.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.tree import HASH_BYTES

ED25519: Final = b"\x01"
ID_BYTES: Final = 4
MAX_NOTE: Final = 65_536
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME: Final = re.compile(r"[^\s+]+")
_SIGNATURE: Final = re.compile(r"— (\S+) (\S+)")


class NoteError(Exception):
    """The text is no checkpoint, or its signature is missing or wrong."""


@dataclass(frozen=True)
class Head:
    """What a checkpoint says: the log ``origin`` has ``size`` leaves under ``root``."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Signature:
    """One signature line, taken apart."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A checkpoint with its signatures, none of them checked yet."""

    head: Head
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class LogKey:
    """The name and public key under which a log signs; ``text`` is C2SP's form of it."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature line begins with."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_BYTES]

    @property
    def text(self) -> str:
        """``name+key id+base64``: what parties exchange and verifiers take."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "LogKey":
        """The key that ``text`` spells; raises ``NoteError`` if it is none or its id does not fit."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise NoteError("this is no verifier key: name+id+base64 is expected")
        kind, public = _split(_decode(parts[2]), 1)
        if kind != ED25519 or len(public) != 32:
            raise NoteError("this is no Ed25519 verifier key")
        key = cls(parts[0], public)
        if key.key_id.hex() != parts[1]:
            raise NoteError("the verifier key's id does not fit its name and key")
        return key


def write(head: Head, key: LogKey, sign: Callable[[bytes], bytes]) -> str:
    """The signed note of ``head``; ``sign`` gives the 64 bytes of an Ed25519 signature."""
    signed = base64.b64encode(key.key_id + sign(head.text.encode())).decode()
    return f"{head.text}\n— {key.name} {signed}\n"


def parse(note: str) -> Note:
    """The checkpoint in ``note``, signatures unchecked.

    Raises:
        NoteError: it is not exactly of the described form.
    """
    if len(note) > MAX_NOTE or not note.endswith("\n") or any(c < " " for c in note if c != "\n"):
        raise NoteError("this is no signed note")
    text, found, lines = note.rpartition("\n\n")
    if not found or not lines:
        raise NoteError("the note has no signature")
    return Note(_head(text.split("\n")), tuple(_signature(line) for line in lines[:-1].split("\n")))


def check(note: Note, key: LogKey) -> None:
    """Returns when ``key`` signed the note under its own name.

    Raises:
        NoteError: it did not, or one of its signatures does not fit.
    """
    own = [made for made in note.signatures if (made.name, made.key_id) == (key.name, key.key_id)]
    if not own:
        raise NoteError("the log's key has not signed this checkpoint")
    for made in own:
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(made.signature, note.head.text.encode())
        except (InvalidSignature, ValueError):
            raise NoteError("the signature does not fit the checkpoint") from None


def _head(lines: list[str]) -> Head:
    if len(lines) != 3 or not lines[0]:
        raise NoteError("a checkpoint has three lines: origin, size, root")
    origin, size, root = lines
    if not _SIZE.fullmatch(size):
        raise NoteError("the size of a checkpoint is a plain decimal number")
    decoded = _decode(root)
    if len(decoded) != HASH_BYTES:
        raise NoteError("the root of a checkpoint has 32 bytes")
    return Head(origin, int(size), decoded)


def _signature(line: str) -> Signature:
    taken = _SIGNATURE.fullmatch(line)
    if taken is None:
        raise NoteError("a line below the note is no signature")
    key_id, signature = _split(_decode(taken[2]), ID_BYTES)
    return Signature(taken[1], key_id, signature)


def _decode(text: str) -> bytes:
    """Base64 in its one canonical spelling."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("this is no base64") from None
    if base64.b64encode(decoded).decode() != text:
        raise NoteError("this is no canonical base64")
    return decoded


def _split(whole: bytes, at: int) -> tuple[bytes, bytes]:
    return whole[:at], whole[at:]
