import os
import shutil

import pytest

from vault.errors import OpeningError, VaultError
from vault.keyfiles import CANARY, KeyFolder, write_durably
from vault.rootkey import write_new_root

KEY = bytes(range(32))


@pytest.fixture
def keys(tmp_path):
    folder = KeyFolder(tmp_path / "keyring", tmp_path / "root.key", tmp_path / "second")
    write_new_root(folder.root_file)
    folder.prepare()
    return folder


def files_of(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != ".lock"}


def replace_root(keys):
    keys.root_file.unlink()
    write_new_root(keys.root_file)


def test_a_key_comes_back_with_its_suite(keys):
    keys.add("one", KEY)
    keys.add("two", KEY[::-1], suite=2)

    assert keys.get("one") == (1, KEY)
    assert keys.get("two") == (2, KEY[::-1])
    assert keys.has("one")
    assert not keys.has("three")


def test_no_key_lies_in_clear(keys):
    keys.add("one", KEY)

    for content in files_of(keys.folder).values():
        assert KEY not in content
        assert keys.root_file.read_bytes() not in content


def test_key_files_are_for_their_owner_alone(keys):
    keys.add("one", KEY)

    assert {p.stat().st_mode & 0o777 for p in keys.folder.glob("*.key")} == {0o600}
    assert keys.folder.stat().st_mode & 0o077 == 0


def test_the_second_place_equals_the_first_after_every_change(keys):
    assert files_of(keys.copy) == files_of(keys.folder) != {}
    keys.add("one", KEY)
    assert files_of(keys.copy) == files_of(keys.folder)
    keys.add("two", KEY)
    keys.destroy("one")
    assert files_of(keys.copy) == files_of(keys.folder)
    assert keys.copy_differences() == []


def test_a_keyring_rebuilt_from_the_second_place_opens(keys):
    keys.add("one", KEY)
    shutil.rmtree(keys.folder)
    shutil.copytree(keys.copy, keys.folder)

    keys.check()
    assert keys.get("one") == (1, KEY)


def test_a_key_is_refused_here_when_the_second_place_cannot_take_it(keys, monkeypatch):
    def full(path, content):
        if path.parent == keys.copy:
            raise VaultError("no space")
        write_durably(path, content)

    monkeypatch.setattr("vault.keyfiles.write_durably", full)
    with pytest.raises(VaultError, match="no space"):
        keys.add("one", KEY)
    assert not keys.has("one")


def test_a_second_place_named_later_is_completed(keys, tmp_path):
    keys.add("one", KEY)
    moved = KeyFolder(keys.folder, keys.root_file, tmp_path / "third")

    assert moved.copy_differences() == sorted([CANARY, "one.key"])
    moved.prepare()
    assert files_of(moved.copy) == files_of(keys.folder)


def test_a_damaged_copy_is_seen_and_mended(keys):
    keys.add("one", KEY)
    (keys.copy / "one.key").write_bytes(b"rubbish")

    assert keys.copy_differences() == ["one.key"]
    keys.prepare()
    assert keys.copy_differences() == []


def test_a_key_only_the_copy_has_is_reported_and_kept(keys):
    (keys.copy / "old.key").write_bytes(b"x")

    keys.prepare()
    assert keys.copy_differences() == ["old.key"]


def test_without_a_second_place_nothing_differs(tmp_path):
    alone = KeyFolder(tmp_path / "keyring", tmp_path / "root.key")
    write_new_root(alone.root_file)
    alone.prepare()
    alone.add("one", KEY)

    assert alone.copy_differences() == []
    alone.destroy("one")
    assert not alone.has("one")


def test_a_name_in_use_is_refused_and_its_key_kept(keys):
    keys.add("one", KEY)

    with pytest.raises(VaultError, match="exists already"):
        keys.add("one", bytes(32))
    assert keys.get("one") == (1, KEY)


def test_a_destroyed_key_is_gone_for_a_process_that_had_it(keys):
    keys.add("one", KEY)
    keys.get("one")
    keys.destroy("one")

    with pytest.raises(VaultError, match="one is not in the keyring"):
        keys.get("one")
    keys.destroy("one")


def test_a_key_that_cannot_be_destroyed_is_said(keys, monkeypatch):
    keys.add("one", KEY)

    def stuck(self, missing_ok=False):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pathlib.Path.unlink", stuck)
    with pytest.raises(VaultError, match=r"one\.key could not be destroyed: Operation not permitted"):
        keys.destroy("one")


def test_exchanged_key_files_are_refused(keys):
    keys.add("one", KEY)
    keys.add("two", bytes(32))
    one, two = keys.folder / "one.key", keys.folder / "two.key"
    swapped = one.read_bytes(), two.read_bytes()
    two.write_bytes(swapped[0])
    one.write_bytes(swapped[1])

    for name in ("one", "two"):
        with pytest.raises(OpeningError):
            keys.get(name)


def test_every_changed_byte_of_a_key_file_is_refused(keys):
    keys.add("one", KEY)
    path = keys.folder / "one.key"
    whole = path.read_bytes()

    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        write_durably(path, bytes(changed))
        with pytest.raises(OpeningError):
            keys.get("one")


def test_every_truncated_key_file_is_refused(keys):
    keys.add("one", KEY)
    path = keys.folder / "one.key"
    whole = path.read_bytes()

    for length in range(len(whole)):
        write_durably(path, whole[:length])
        with pytest.raises(OpeningError):
            keys.get("one")


def test_a_key_of_an_unknown_suite_is_refused(keys):
    keys.add("one", KEY, suite=9)

    with pytest.raises(OpeningError):
        keys.get("one")


def test_another_root_is_refused_by_the_canary(keys):
    replace_root(keys)

    with pytest.raises(VaultError, match=r"root\.key is not the one of"):
        keys.check()
    with pytest.raises(VaultError, match="is not the one of"):
        keys.add("one", KEY)
    with pytest.raises(VaultError, match="is not the one of"):
        keys.prepare()
    assert not keys.has("one")


def test_a_missing_root_is_refused_whatever_is_asked(keys):
    keys.add("one", KEY)
    keys.root_file.unlink()

    for act in (keys.check, keys.prepare, lambda: keys.add("two", KEY), lambda: keys.get("one")):
        with pytest.raises(VaultError, match="is missing"):
            act()


def test_a_keyring_without_its_canary_is_refused(keys):
    keys.add("one", KEY)
    (keys.folder / CANARY).unlink()

    with pytest.raises(VaultError, match="has lost its canary"):
        keys.check()
    with pytest.raises(VaultError, match="has lost its canary"):
        keys.prepare()


def test_a_keyring_never_prepared_is_refused(tmp_path):
    fresh = KeyFolder(tmp_path / "keyring", tmp_path / "root.key")
    write_new_root(fresh.root_file)

    assert fresh.is_empty()
    with pytest.raises(VaultError, match="is not prepared"):
        fresh.check()


def test_preparing_again_changes_nothing(keys):
    keys.add("one", KEY)
    before = files_of(keys.folder)

    keys.prepare()
    assert files_of(keys.folder) == before
    assert not keys.is_empty()


def test_a_failed_write_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_durably(path, b"old")

    def broken(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vault.keyfiles.os.fsync", broken)
    with pytest.raises(VaultError, match="could not be written: No space left on device"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
