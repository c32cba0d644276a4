import copy
import hashlib
import json
import pickle
from pathlib import Path

import pytest

from vault.errors import VaultError
from vault.ids import INSTALLATION, new_id
from vault.signing import create_signer, fingerprint, has_signer, signer, verify

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "data" / "vectors" / "ed25519_test.json"


@pytest.fixture
def firm():
    return new_id()


@pytest.fixture
def key(installation, firm):
    return create_signer("custody", firm)


def test_a_signature_fits_its_message_and_key(key):
    signature = key.sign(b"released")

    assert signature[0] == 1
    assert len(signature) == 65
    assert len(key.public) == 32
    verify(key.public, b"released", signature)


def test_signing_is_repeatable(key):
    assert key.sign(b"released") == key.sign(b"released")


@pytest.mark.parametrize("message", [b"", b"Released", b"released ", b"accepted"])
def test_another_message_is_refused(key, message):
    with pytest.raises(VaultError, match="does not fit"):
        verify(key.public, message, key.sign(b"released"))


def test_another_owners_key_is_refused(key):
    other = create_signer("custody", new_id())

    with pytest.raises(VaultError, match="does not fit"):
        verify(other.public, b"released", key.sign(b"released"))


def test_every_flipped_bit_of_a_signature_is_refused(key):
    signature = key.sign(b"released")

    for bit in range(len(signature) * 8):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultError):
            verify(key.public, b"released", bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 33, 64])
def test_a_truncated_signature_is_refused(key, length):
    with pytest.raises(VaultError):
        verify(key.public, b"released", key.sign(b"released")[:length])


def test_an_unknown_suite_is_refused(key):
    with pytest.raises(VaultError, match="suite is unknown"):
        verify(key.public, b"released", b"\x02" + key.sign(b"released")[1:])


@pytest.mark.parametrize("public", [b"", b"short", bytes(33)])
def test_what_is_no_public_key_is_refused(key, public):
    with pytest.raises(VaultError, match="does not fit"):
        verify(public, b"released", key.sign(b"released"))


def test_the_signer_is_found_again(key, firm):
    again = signer("custody", firm)

    assert again.public == key.public
    assert again.fingerprint == key.fingerprint
    assert again.sign(b"x") == key.sign(b"x")
    assert (again.purpose, again.owner) == ("custody", firm)


def test_each_purpose_has_a_key_of_its_own(key, firm):
    certificate = create_signer("certificate", firm)

    assert certificate.public != key.public
    assert has_signer("certificate", firm)
    assert not has_signer("log", firm)
    assert signer("log", INSTALLATION).public not in {key.public, certificate.public}


def test_a_signer_is_made_once(key, firm):
    with pytest.raises(VaultError, match="exists already"):
        create_signer("custody", firm)
    assert signer("custody", firm).public == key.public


def test_a_missing_signer_is_refused(installation, firm):
    with pytest.raises(VaultError, match="not in the keyring"):
        signer("custody", firm)


@pytest.mark.parametrize("act", [create_signer, signer, has_signer])
def test_an_unknown_purpose_is_refused(installation, firm, act):
    with pytest.raises(VaultError, match="no signing keys for 'payments'"):
        act("payments", firm)


def test_the_fingerprint_is_sha256_over_suite_and_key(key):
    assert key.fingerprint == hashlib.sha256(b"\x01" + key.public).hexdigest()
    assert fingerprint(key.public) == key.fingerprint


def test_a_signer_neither_pickles_nor_copies_nor_prints_its_key(key):
    with pytest.raises(VaultError):
        pickle.dumps(key)
    with pytest.raises(VaultError):
        copy.deepcopy(key)
    assert key.fingerprint[:16] in repr(key)
    assert key._private.private_bytes_raw().hex() not in repr(key)


def test_ed25519_agrees_with_the_wycheproof_vectors():
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is absent")
    tried = 0
    for group in json.loads(VECTORS.read_text())["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), b"\x01" + bytes.fromhex(case["sig"])
            if case["result"] == "valid":
                verify(public, message, signature)
            else:
                with pytest.raises(VaultError):
                    verify(public, message, signature)
            tried += 1

    assert tried > 100
