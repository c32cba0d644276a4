"""Escrow of the root key: a sealed copy that opens with a passphrase kept elsewhere.

Invariants:
- The passphrase is random (160 bits), shown once and stored nowhere.
- The file opens only as a whole: its parameters are associated data.
- ``escrow.json`` beside the root remembers that this root was escrowed, without any secret.

The bytes are described in ``docs/formats/keys.md``.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from django.conf import settings
from django.utils import timezone

from vault.errors import OpeningError, VaultError
from vault.keyfiles import write_durably
from vault.rootkey import read_root, root_fingerprint, write_new_root
from vault.sealing import AES, KEY_BYTES, NONCE_BYTES, cipher_for, open_sealed

FORMAT: Final = "handover-escrow-1"
_COST: Final = {"iterations": 3, "lanes": 4, "memory_kib": 64 * 1024}
_COST_CEILING: Final = {"iterations": 16, "lanes": 16, "memory_kib": 1024 * 1024}
_PASSPHRASE_BYTES: Final = 20


def escrow_root(out: Path) -> str:
    """``out`` holds the root key sealed; returns the passphrase, which exists nowhere else.

    Refuses to overwrite a file.
    """
    if out.exists():
        raise VaultError(f"{out} exists already")
    root = read_root(_root_file())
    passphrase = _new_passphrase()
    document = _seal_root(root, passphrase)
    write_durably(out, document)
    # Proved from the disk before anybody relies on it.
    if open_escrow(out, passphrase) != root:
        raise VaultError(f"{out} does not give the root key back")
    note = {"made_at": timezone.now().isoformat(), "root": root_fingerprint(root)}
    write_durably(_note_file(), json.dumps(note).encode())
    return passphrase


def escrow_done() -> bool:
    """Whether the root key in use has been escrowed."""
    try:
        note = json.loads(_note_file().read_bytes())
    except FileNotFoundError:
        return False
    return bool(note["root"] == root_fingerprint(read_root(_root_file())))


def open_escrow(path: Path, passphrase: str) -> bytes:
    """The root key that the file holds; raises ``VaultError`` for another passphrase or changed bytes."""
    document = _read_document(path)
    sealed = _bytes_of(document, "sealed")
    key = _stretch(passphrase, _bytes_of(document, "salt"), document)
    return open_sealed(cipher_for(AES, key), _bytes_of(document, "nonce"), sealed, _bound_to(document))


def check_escrow(path: Path, passphrase: str) -> None:
    """The file opens to the root key in use; else raises ``VaultError``."""
    if open_escrow(path, passphrase) != read_root(_root_file()):
        raise VaultError("the escrow holds another root key than the one in use")


def recover_root(path: Path, passphrase: str) -> None:
    """The root key file holds the escrowed key again; refuses while a root key file exists."""
    write_new_root(_root_file(), open_escrow(path, passphrase))


def _seal_root(root: bytes, passphrase: str) -> bytes:
    document: dict[str, Any] = {"format": FORMAT, **_COST, "root": root_fingerprint(root)}
    salt, nonce = os.urandom(16), os.urandom(NONCE_BYTES)
    document["salt"], document["nonce"] = _text(salt), _text(nonce)
    key = _stretch(passphrase, salt, document)
    document["sealed"] = _text(cipher_for(AES, key).encrypt(nonce, root, _bound_to(document)))
    return json.dumps(document, indent=1).encode() + b"\n"


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise VaultError(f"the escrow file {path} is missing") from None
    except ValueError:
        raise VaultError(f"{path} is not an escrow file") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise VaultError(f"{path} is not an escrow file of format {FORMAT}")
    return document


def _bound_to(document: dict[str, Any]) -> bytes:
    parameters = {name: value for name, value in document.items() if name != "sealed"}
    return json.dumps(parameters, sort_keys=True, separators=(",", ":")).encode()


def _stretch(passphrase: str, salt: bytes, document: dict[str, Any]) -> bytes:
    cost: dict[str, int] = {}
    for name, ceiling in _COST_CEILING.items():
        value = document.get(name)
        if not isinstance(value, int) or not 1 <= value <= ceiling:
            raise OpeningError
        cost[name] = value
    try:
        stretcher = Argon2id(
            salt=salt,
            length=KEY_BYTES,
            iterations=cost["iterations"],
            lanes=cost["lanes"],
            memory_cost=cost["memory_kib"],
        )
    except ValueError:
        raise OpeningError from None
    return stretcher.derive("".join(passphrase.split()).replace("-", "").upper().encode())


def _new_passphrase() -> str:
    """Eight groups of four letters and digits, without those that are easily confused with each other."""
    letters = base64.b32encode(os.urandom(_PASSPHRASE_BYTES)).decode()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes_of(document: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(document[name], validate=True)
    except (KeyError, TypeError, ValueError):
        raise OpeningError from None


def _root_file() -> Path:
    return Path(settings.ROOT_KEY_FILE)


def _note_file() -> Path:
    return _root_file().with_name("escrow.json")
