"""Sealed streams: what goes in comes out, and nothing else opens."""

import hashlib
import os

import pytest

from vault.errors import OpeningError, VaultError
from vault.sealing import AES, NONCE_BYTES, SM4, TAG_BYTES
from vault.streams import PIECE_BYTES, StreamSealer, open_stream

KEY = bytes(range(32))
HEADER = 18
SEALED = NONCE_BYTES + PIECE_BYTES + TAG_BYTES


def seal(path, plain, *, key=KEY, context=b"backup", suite=AES):
    with StreamSealer(path, key=key, context=context, suite=suite) as sealer:
        sealer.write(plain)
        return sealer.complete()


def opened(path, *, key=KEY, context=b"backup"):
    return b"".join(open_stream(path, key=key, context=context))


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES + 5])
@pytest.mark.parametrize("suite", [AES, SM4])
def test_a_stream_of_any_length_comes_back(tmp_path, length, suite):
    plain = os.urandom(length)
    facts = seal(tmp_path / "one", plain, suite=suite)
    content = (tmp_path / "one").read_bytes()
    assert opened(tmp_path / "one") == plain
    assert (facts.size, facts.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_pieces_of_any_size_give_the_same_stream(tmp_path):
    plain = os.urandom(3 * PIECE_BYTES + 7)
    with StreamSealer(tmp_path / "one", key=KEY, context=b"backup") as sealer:
        for start in range(0, len(plain), 70_001):
            sealer.write(plain[start : start + 70_001])
        sealer.complete()
    assert opened(tmp_path / "one") == plain


def test_nothing_of_the_plaintext_is_in_the_file(tmp_path):
    seal(tmp_path / "one", b"a sentence to look for" * 100)
    assert b"a sentence to look for" not in (tmp_path / "one").read_bytes()


def test_another_key_or_context_does_not_open_it(tmp_path):
    seal(tmp_path / "one", b"words")
    with pytest.raises(OpeningError):
        opened(tmp_path / "one", key=bytes(32))
    with pytest.raises(OpeningError):
        opened(tmp_path / "one", context=b"backup2")


def test_every_flipped_byte_is_refused(tmp_path):
    seal(tmp_path / "one", b"words of a backup")
    content = bytearray((tmp_path / "one").read_bytes())
    for place in range(len(content)):
        content[place] ^= 1
        (tmp_path / "two").write_bytes(content)
        content[place] ^= 1
        with pytest.raises((OpeningError, VaultError)):
            opened(tmp_path / "two")


@pytest.mark.parametrize("cut", [1, TAG_BYTES + NONCE_BYTES, PIECE_BYTES, SEALED + 3])
def test_a_cut_stream_is_refused(tmp_path, cut):
    seal(tmp_path / "one", os.urandom(2 * PIECE_BYTES + 100))
    content = (tmp_path / "one").read_bytes()
    (tmp_path / "two").write_bytes(content[:-cut])
    with pytest.raises(OpeningError):
        opened(tmp_path / "two")


@pytest.mark.parametrize("left", [0, 1, HEADER - 1, HEADER, HEADER + SEALED, HEADER + 2 * SEALED])
def test_a_stream_cut_between_its_chunks_is_refused(tmp_path, left):
    seal(tmp_path / "one", os.urandom(2 * PIECE_BYTES + 100))
    (tmp_path / "two").write_bytes((tmp_path / "one").read_bytes()[:left])
    with pytest.raises(OpeningError):
        opened(tmp_path / "two")


def test_chunks_do_not_change_places_and_nothing_may_follow(tmp_path):
    seal(tmp_path / "one", os.urandom(3 * PIECE_BYTES))
    content = (tmp_path / "one").read_bytes()
    head, chunks = (
        content[:HEADER],
        [content[HEADER + n * SEALED : HEADER + (n + 1) * SEALED] for n in range(3)],
    )
    for order in ((1, 0, 2), (0, 2), (0, 1, 2, 2)):
        (tmp_path / "two").write_bytes(head + b"".join(chunks[n] for n in order))
        with pytest.raises(OpeningError):
            opened(tmp_path / "two")


def test_a_chunk_of_another_stream_does_not_open(tmp_path):
    seal(tmp_path / "one", b"words")
    seal(tmp_path / "two", b"other")
    mixed = (tmp_path / "one").read_bytes()[:HEADER] + (tmp_path / "two").read_bytes()[HEADER:]
    (tmp_path / "three").write_bytes(mixed)
    with pytest.raises(OpeningError):
        opened(tmp_path / "three")


def test_an_aborted_stream_leaves_nothing(tmp_path):
    with StreamSealer(tmp_path / "one", key=KEY, context=b"backup") as sealer:
        sealer.write(b"words")
    assert not (tmp_path / "one").exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_name_in_use_is_not_overwritten(tmp_path):
    seal(tmp_path / "one", b"first")
    with pytest.raises(VaultError, match="exists already"):
        seal(tmp_path / "one", b"second")
    assert opened(tmp_path / "one") == b"first"


def test_a_missing_stream_is_named(tmp_path):
    with pytest.raises(VaultError, match="missing"):
        opened(tmp_path / "none")
