import os
import stat

import pytest

from vault.errors import VaultError
from vault.rootkey import read_root, root_fingerprint, write_new_root


@pytest.fixture
def path(tmp_path):
    return tmp_path / "root.key"


def put(path, content, mode=0o400):
    path.write_bytes(content)
    path.chmod(mode)


def test_a_new_root_is_32_random_bytes_readable_by_its_owner_alone(path):
    root = write_new_root(path)

    assert len(root) == 32
    assert read_root(path) == root
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert write_new_root(path.with_name("other")) != root


def test_a_root_is_never_written_over(path):
    root = write_new_root(path)

    with pytest.raises(VaultError, match="exists already"):
        write_new_root(path)
    assert read_root(path) == root


def test_a_given_root_of_another_length_is_refused(path):
    with pytest.raises(VaultError, match="32 bytes, not 31"):
        write_new_root(path, b"x" * 31)
    assert not path.exists()


def test_a_missing_root_is_refused_by_name(path):
    with pytest.raises(VaultError, match=f"{path} is missing"):
        read_root(path)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_root_of_another_length_is_refused(path, length):
    put(path, bytes(length))

    with pytest.raises(VaultError, match="exactly 32 bytes"):
        read_root(path)


@pytest.mark.parametrize("mode", [0o404, 0o440, 0o444, 0o600 | 0o044, 0o420, 0o777])
def test_a_root_that_others_may_touch_is_refused(path, mode):
    put(path, bytes(32), mode)

    with pytest.raises(VaultError, match=f"open to others \\(mode {mode:04o}"):
        read_root(path)


@pytest.mark.parametrize("mode", [0o600, 0o500, 0o700])
def test_a_root_of_any_other_mode_is_refused(path, mode):
    put(path, bytes(32), mode)

    with pytest.raises(VaultError, match=f"has mode {mode:04o}, must be 0400"):
        read_root(path)


def test_a_root_of_another_user_is_refused(path, monkeypatch):
    put(path, bytes(32))
    monkeypatch.setattr("vault.rootkey.os.geteuid", lambda: os.getuid() + 1)

    with pytest.raises(VaultError, match="belongs to another user"):
        read_root(path)


def test_a_link_to_a_root_is_refused(path):
    put(path.with_name("elsewhere"), bytes(32))
    path.symlink_to("elsewhere")

    with pytest.raises(VaultError, match="cannot be read"):
        read_root(path)


def test_a_folder_is_no_root(path):
    path.mkdir()

    with pytest.raises(VaultError, match="not a regular file"):
        read_root(path)


def test_the_fingerprint_names_the_root_and_hides_it():
    root = os.urandom(32)

    assert root_fingerprint(root) == root_fingerprint(root)
    assert root_fingerprint(root) != root_fingerprint(bytes(32))
    assert root.hex() not in root_fingerprint(root)
