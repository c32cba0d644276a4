"""Readers written from ``docs/formats`` alone: the product's bytes are what the pages say."""

import base64
import hashlib
import hmac
import json
import struct

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from django.db import connection

from vault.escrow import escrow_root
from vault.files import seal_stream
from vault.ids import new_id
from vault.keyring import create_organisation_keys
from vault.models import Wrap
from vault.rows import row_digest
from vault.signing import signer
from vault.tests.notes import Note, NoteText
from vault.tokens import source_digest, token
from vault.issuing import issue_data_keys, write_wraps

INSTALLATION = "0" * 32


def lp(*parts):
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def key_from_file(folder, root, name):
    content = (folder / name).read_bytes()
    assert content[0] == 1
    plain = AESGCM(root).decrypt(content[1:13], content[13:], lp(b"handover/keyfile/v1", name.encode()))
    return plain[0], plain[1:]


def opened(suite, key, nonce, sealed, bound):
    if suite == 1:
        return AESGCM(key).decrypt(nonce, sealed, bound)
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"handover/sm4-gcm/v1" + key)
    sm4 = algorithms.SM4(digest.finalize()[:16])
    decryptor = Cipher(sm4, modes.GCM(nonce, sealed[-16:])).decryptor()
    decryptor.authenticate_additional_data(bound)
    return decryptor.update(sealed[:-16]) + decryptor.finalize()


def unwrapped(wrap, organisation_key):
    suite, key = organisation_key
    wrapped = bytes(wrap.wrapped)
    bound = lp(
        wrap.holder.bytes,
        wrap.purpose.encode(),
        wrap.subject.bytes,
        struct.pack(">H", wrap.key_version),
        struct.pack(">I", wrap.epoch),
    )
    assert (wrapped[0], len(wrapped)) == (suite, 61)
    data_key = opened(suite, key, wrapped[1:13], wrapped[13:], bound)
    version = struct.pack(">H", wrap.key_version)
    commitment = hashlib.sha256(b"handover/commitment/v1" + wrap.subject.bytes + version + data_key)
    assert bytes(wrap.commitment) == commitment.digest()
    return data_key


def cmac(key, message):
    """AES-CMAC after RFC 4493, written out."""
    encrypt = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update
    masks = []
    mask = encrypt(bytes(16))
    for _ in range(2):
        doubled = int.from_bytes(mask, "big") << 1
        mask = ((doubled & (2**128 - 1)) ^ (0x87 if doubled >> 128 else 0)).to_bytes(16, "big")
        masks.append(mask)
    blocks = [message[at : at + 16] for at in range(0, len(message), 16)] or [b""]
    whole = len(blocks[-1]) == 16
    last = blocks[-1] if whole else (blocks[-1] + b"\x80").ljust(16, b"\0")
    blocks[-1] = bytes(a ^ b for a, b in zip(last, masks[0 if whole else 1]))
    state = bytes(16)
    for block in blocks:
        state = encrypt(bytes(a ^ b for a, b in zip(state, block)))
    return state


@pytest.fixture
def folder(installation):
    return installation / "keyring"


@pytest.fixture
def root(settings, installation):
    return settings.ROOT_KEY_FILE.read_bytes()


def test_the_canary_is_as_described(folder, root):
    assert key_from_file(folder, root, "root.canary") == (1, b"handover root key canary, 32 B .")


@pytest.mark.parametrize("suite", [1, 2])
def test_a_row_opens_from_root_to_document(folder, root, suite, db):
    firm, client = new_id(), new_id()
    create_organisation_keys(firm, suite=suite)
    with connection.cursor() as cursor:
        issued = issue_data_keys([client], holder=firm)
        write_wraps(cursor, issued, holder=firm)
    note = Note(client=client).seal_new(NoteText("张伟", "13800138000"), issued[client])

    data_key = unwrapped(Wrap.objects.get(), key_from_file(folder, root, f"{firm.hex}.wrap.custody.1.key"))
    sealed = note.sealed
    suite_byte, schema, version = struct.unpack(">BBH", sealed[:4])
    bound = lp(b"vault.note", note.pk.bytes, struct.pack(">I", 1), sealed[:16])
    plain = opened(suite_byte, data_key, sealed[4:16], sealed[16:], bound)

    assert (suite_byte, schema, version) == (suite, 1, 1)
    assert msgspec.msgpack.decode(plain) == ["张伟", "13800138000"]
    expected = hashlib.sha256(lp(b"vault.note", note.pk.bytes, struct.pack(">I", 1), sealed)).digest()
    assert row_digest("vault.note", note.pk, 1, sealed) == note.digest() == expected


@pytest.mark.parametrize("suite", [1, 2])
def test_a_file_opens_from_root_to_content(folder, root, suite, installation, db):
    firm = new_id()
    create_organisation_keys(firm, suite=suite)
    content = b"0123456789" * 110_000
    file = seal_stream([content], holder=firm, purpose="extract", name="客户资料.csv")

    data_key = unwrapped(Wrap.objects.get(), key_from_file(folder, root, f"{firm.hex}.wrap.file.1.key"))
    raw = (installation / "files" / file.pk.hex[-2:] / f"{file.pk}.sealed").read_bytes()
    header, plain = raw[:4], b""
    assert header == struct.pack(">BBH", suite, 1, 1)
    for number in range(file.chunks):
        sealed = raw[4 + number * 1_048_604 :][:1_048_604]
        last = bytes([number == file.chunks - 1])
        bound = lp(b"vault.file", file.pk.bytes, header, struct.pack(">I", number), last)
        plain += opened(suite, data_key, sealed[:12], sealed[12:], bound)
    assert plain == content

    described = bytes(file.sealed_description)
    bound = lp(b"vault.file.description", file.pk.bytes, described[:4])
    name, sha256 = msgspec.msgpack.decode(opened(suite, data_key, described[4:16], described[16:], bound))
    assert (name, sha256) == ("客户资料.csv", hashlib.sha256(content).digest())
    _, digest_key = key_from_file(folder, root, f"{INSTALLATION}.digest.key")
    keyed = hashlib.blake2b(sha256, digest_size=32, key=digest_key, person=b"hv/content/v1")
    assert bytes(file.digest) == keyed.digest()


def test_a_signature_is_made_with_the_seed_of_the_key_file(folder, root, two_firms):
    _, seed = key_from_file(folder, root, f"{two_firms[0].hex}.sign.custody.key")
    key = Ed25519PrivateKey.from_private_bytes(seed)

    assert signer("custody", two_firms[0]).sign(b"m") == b"\x01" + key.sign(b"m")


def test_tokens_and_source_digests_are_as_described(folder, root):
    _, index = key_from_file(folder, root, f"{INSTALLATION}.index.key")
    _, digest = key_from_file(folder, root, f"{INSTALLATION}.digest.key")
    book = new_id()

    field_key = hmac.digest(index, lp(b"handover/token/v1", b"bank_card"), "sha256")
    found = cmac(field_key, b"6222021234567890123")[:8]
    assert token("bank_card", "6222 0212 3456 7890 123") == struct.unpack(">q", found)[0]

    source_key = hmac.digest(digest, lp(b"handover/source/v1", book.bytes, b"client"), "sha256")
    assert source_digest(book, "client", "000000000012") == cmac(source_key, b"000000000012")


def test_an_escrow_opens_from_its_passphrase(root, installation):
    path = installation / "escrow"
    passphrase = escrow_root(path)

    document = json.loads(path.read_bytes())
    sealed = base64.b64decode(document.pop("sealed"))
    key = Argon2id(
        salt=base64.b64decode(document["salt"]),
        length=32,
        iterations=document["iterations"],
        lanes=document["lanes"],
        memory_cost=document["memory_kib"],
    ).derive(passphrase.replace("-", "").encode())
    bound = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    assert AESGCM(key).decrypt(base64.b64decode(document["nonce"]), sealed, bound) == root
    assert document["root"] == hashlib.sha256(lp(b"handover/root/v1", root)).hexdigest()
