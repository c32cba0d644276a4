"""Checkpoints as signed notes."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit import note

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
KEY = note.LogKey("example.org/log", PUBLIC)
HEAD = note.Head("example.org/log", 300, bytes(range(32)))
WHOLE = note.write(HEAD, KEY, PRIVATE.sign)


def test_a_checkpoint_is_spelled_as_the_specification_says():
    root = base64.b64encode(bytes(range(32))).decode()
    text = f"example.org/log\n300\n{root}\n"
    key_id = hashlib.sha256(b"example.org/log\n\x01" + PUBLIC).digest()[:4]
    line = base64.b64encode(key_id + PRIVATE.sign(text.encode())).decode()
    assert WHOLE == f"{text}\n\u2014 example.org/log {line}\n"


def test_what_is_written_reads_and_checks():
    signed = note.parse(WHOLE)
    assert signed.head == HEAD
    note.check(signed, KEY)


def test_the_specifications_own_verifier_key_reads():
    # The example key of the signed-note specification.
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert note.LogKey.parse(text).text == text


def test_the_specifications_own_note_fits_its_key():
    key = note.LogKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    signature = note._signature(
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert (signature.name, signature.key_id) == (key.name, key.key_id)
    assert len(signature.signature) == 64


@given(st.integers(0, len(WHOLE.encode()) - 1), st.integers(0, 7))
def test_any_flipped_bit_is_found(place, bit):
    flipped = bytearray(WHOLE.encode())
    flipped[place] ^= 1 << bit
    try:
        text = flipped.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(note.NoteError):
        note.check(note.parse(text), KEY)


def test_a_witnesss_signature_beside_it_is_ignored():
    witness = base64.b64encode(bytes(76)).decode()
    note.check(note.parse(f"{WHOLE}\u2014 witness.example {witness}\n"), KEY)


def test_a_second_wrong_signature_of_our_own_is_not_ignored():
    wrong = base64.b64encode(KEY.key_id + bytes(64)).decode()
    with pytest.raises(note.NoteError, match="does not fit"):
        note.check(note.parse(f"{WHOLE}\u2014 {KEY.name} {wrong}\n"), KEY)


def test_a_public_key_that_is_no_point_fits_nothing():
    broken = note.LogKey(KEY.name, b"\xff" * 31)
    with pytest.raises(note.NoteError):
        note.check(note.parse(note.write(HEAD, broken, PRIVATE.sign)), broken)


ROOT = base64.b64encode(bytes(32)).decode()
LINE = WHOLE.split("\n\n")[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        f"a\n1\n{ROOT}\n",
        f"a\n1\n{ROOT}\n\n",
        f"a\n1\n{ROOT}\n\n{LINE.strip()}",
        f"\n1\n{ROOT}\n\n{LINE}",
        f"a\n01\n{ROOT}\n\n{LINE}",
        f"a\n-1\n{ROOT}\n\n{LINE}",
        f"a\n1\n{ROOT[:-4]}\n\n{LINE}",
        f"a\n1\n{ROOT[:-1]}\n\n{LINE}",
        f"a\n1\n{ROOT[:-2]}B=\n\n{LINE}",
        f"a\n1\n{ROOT}\nextension\n\n{LINE}",
        f"a\n1\n\n{LINE}",
        f"a\r\n1\r\n{ROOT}\r\n\r\n{LINE}",
        f"a\n1\n{ROOT}\n\nno signature\n",
        f"a\n1\n{ROOT}\n\n\u2014 name\n",
        f"a\n1\n{ROOT}\n\n\u2014 name !!!!\n",
        f"a\n1\n{ROOT}\n\n{LINE}\n",
        f"a\n1\n{ROOT}\n\n{LINE * 1000}",
        f"a\n1\n\u00e9{ROOT[1:]}\n\n{LINE}",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(note.NoteError):
        note.parse(text)


def test_a_checkpoint_nobody_signed_is_refused():
    other = note.LogKey("other.example/log", PUBLIC)
    with pytest.raises(note.NoteError, match="not signed"):
        note.check(note.parse(WHOLE), other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "na me+00000000+AQ==",
        "+00000000+AQ==",
        f"example.org/log+00000000+{base64.b64encode(b'1' * 33).decode()}",
        f"example.org/log+00000000+{base64.b64encode(bytes([1]) + PUBLIC).decode()}",
        f"example.org/log+{KEY.key_id.hex()}+{base64.b64encode(bytes([2]) + PUBLIC).decode()}",
        f"example.org/log+{KEY.key_id.hex()}+{base64.b64encode(bytes([1]) + PUBLIC[:-1]).decode()}",
    ],
)
def test_what_is_no_verifier_key_is_refused(text):
    with pytest.raises(note.NoteError):
        note.LogKey.parse(text)


def test_a_verifier_key_reads_as_it_is_written():
    assert note.LogKey.parse(KEY.text + "\n") == KEY
