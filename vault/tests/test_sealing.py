import json
import os
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import OpeningError, VaultError
from vault.sealing import AES, SM4, SUITES, Sm4Gcm, cipher_for, length_prefixed, open_sealed

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "data" / "vectors"
KEY, NONCE = bytes(range(32)), bytes(range(12))

both_suites = pytest.mark.parametrize("suite", [AES, SM4])


def vectors(name):
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return json.loads(path.read_text())["testGroups"]


@both_suites
def test_what_was_sealed_opens(suite):
    cipher = cipher_for(suite, KEY)
    sealed = cipher.encrypt(NONCE, "张伟".encode(), b"bound")

    assert "张伟".encode() not in sealed
    assert open_sealed(cipher, NONCE, sealed, b"bound") == "张伟".encode()


@both_suites
def test_every_flipped_bit_is_refused(suite):
    cipher = cipher_for(suite, KEY)
    sealed = cipher.encrypt(NONCE, b"secret", b"bound")

    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(OpeningError):
            open_sealed(cipher, NONCE, bytes(changed), b"bound")


@both_suites
def test_every_truncation_is_refused(suite):
    cipher = cipher_for(suite, KEY)
    sealed = cipher.encrypt(NONCE, b"secret", b"bound")

    for length in range(len(sealed)):
        with pytest.raises(OpeningError):
            open_sealed(cipher, NONCE, sealed[:length], b"bound")


@both_suites
@pytest.mark.parametrize(
    ("nonce", "bound"),
    [(bytes(12), b"bound"), (NONCE, b"Bound"), (NONCE, b""), (b"", b"bound"), (NONCE[:5], b"bound")],
)
def test_another_nonce_or_binding_is_refused(suite, nonce, bound):
    cipher = cipher_for(suite, KEY)

    with pytest.raises(OpeningError):
        open_sealed(cipher, nonce, cipher.encrypt(NONCE, b"secret", b"bound"), bound)


@both_suites
def test_another_key_is_refused(suite):
    sealed = cipher_for(suite, KEY).encrypt(NONCE, b"secret", b"bound")

    with pytest.raises(OpeningError):
        open_sealed(cipher_for(suite, os.urandom(32)), NONCE, sealed, b"bound")


def test_one_suite_does_not_open_the_other():
    for suite, other in ((AES, SM4), (SM4, AES)):
        sealed = cipher_for(suite, KEY).encrypt(NONCE, b"secret", b"bound")
        with pytest.raises(OpeningError):
            open_sealed(cipher_for(other, KEY), NONCE, sealed, b"bound")


def test_all_failures_sound_alike():
    cipher = cipher_for(AES, KEY)
    said = set()
    for data, bound in ((b"", b"bound"), (b"x" * 40, b"bound"), (cipher.encrypt(NONCE, b"s", b"a"), b"b")):
        with pytest.raises(VaultError) as refusal:
            open_sealed(cipher, NONCE, data, bound)
        said.add(str(refusal.value))

    assert said == {"the sealed bytes do not open"}


@pytest.mark.parametrize("suite", [0, 3, 255])
def test_an_unknown_suite_is_refused(suite):
    assert suite not in SUITES
    with pytest.raises(VaultError, match=f"suite {suite} is unknown"):
        cipher_for(suite, KEY)


@both_suites
@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_refused(suite, length):
    with pytest.raises(VaultError, match="a key has 32 bytes"):
        cipher_for(suite, bytes(length))


def test_suite_1_is_aes_256_gcm():
    assert cipher_for(AES, KEY).encrypt(NONCE, b"s", b"a") == AESGCM(KEY).encrypt(NONCE, b"s", b"a")


def test_suite_2_is_sm4_gcm_as_rfc_8998_has_it():
    # RFC 8998, appendix A.1; the derivation of the 128-bit key is bypassed.
    from cryptography.hazmat.primitives.ciphers import algorithms

    cipher = Sm4Gcm(KEY)
    cipher._key = algorithms.SM4(bytes.fromhex("0123456789abcdeffedcba9876543210"))
    plain = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    nonce = bytes.fromhex("00001234567800000000abcd")
    expected = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )

    assert cipher.encrypt(nonce, plain, bound) == expected
    assert cipher.decrypt(nonce, expected, bound) == plain
    with pytest.raises(InvalidTag):
        cipher.decrypt(nonce, b"short", bound)


def test_aes_gcm_agrees_with_the_wycheproof_vectors():
    tried = 0
    for group in vectors("aes_gcm_test.json"):
        if group["keySize"] != 256 or group["ivSize"] != 96:
            continue
        for case in group["tests"]:
            key, nonce, bound = (bytes.fromhex(case[part]) for part in ("key", "iv", "aad"))
            cipher, sealed = cipher_for(AES, key), bytes.fromhex(case["ct"] + case["tag"])
            if case["result"] == "valid":
                assert open_sealed(cipher, nonce, sealed, bound) == bytes.fromhex(case["msg"])
                assert cipher.encrypt(nonce, bytes.fromhex(case["msg"]), bound) == sealed
            else:
                with pytest.raises(OpeningError):
                    open_sealed(cipher, nonce, sealed, bound)
            tried += 1

    assert tried > 30


@given(st.lists(st.binary(max_size=20)), st.lists(st.binary(max_size=20)))
def test_length_prefixing_never_collides(one, other):
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


def test_length_prefixing_has_four_bytes_of_length():
    assert length_prefixed(b"ab", b"", b"c") == b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c"
