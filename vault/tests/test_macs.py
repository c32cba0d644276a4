"""Many MACs at once are the library's one by one."""

import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from vault.macs import macs

KEY = bytes(range(32))


def single(message: str, key: bytes = KEY) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(message.encode())
    return mac.finalize()


@given(
    st.lists(st.text(max_size=70) | st.text(st.sampled_from("ab中"), min_size=100, max_size=140), max_size=6)
)
def test_each_is_the_cmac_of_its_message(messages):
    assert [row.tobytes() for row in macs(KEY, messages)] == [single(message) for message in messages]


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1000])
def test_every_padding_is_right(size):
    messages = ["x" * size, "", "y" * size]
    assert [row.tobytes() for row in macs(KEY, messages)] == [single(message) for message in messages]


def test_the_published_vectors_for_256_bits_hold():
    # NIST SP 800-38B, examples for CMAC-AES256: the empty message. The others are no text.
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    assert macs(key, [""])[0].tobytes().hex() == "028962f61b7bf89efc6b551f4667d983"
