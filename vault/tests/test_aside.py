import errno
import os

import pytest

from vault.aside import AsideFile
from vault.errors import VaultError


@pytest.fixture(params=["nameless", "named"])
def begin(request, tmp_path, monkeypatch):
    """Begins an unfinished file, with and without the kernel's help."""
    if request.param == "named":
        real = os.open

        def without(path, flags, *more):
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "not supported")
            return real(path, flags, *more)

        monkeypatch.setattr("vault.aside.os.open", without)
    return lambda: AsideFile(tmp_path)


def listed(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_a_settled_file_is_whole_under_its_name(begin, tmp_path):
    file = begin()
    file.write(b"one")
    file.write(b"two")
    assert "name" not in listed(tmp_path)

    file.settle(tmp_path / "name")

    assert (tmp_path / "name").read_bytes() == b"onetwo"
    assert (tmp_path / "name").stat().st_mode & 0o777 == 0o600
    assert listed(tmp_path) == ["name"]


def test_an_abandoned_file_leaves_nothing_however_often_it_is_abandoned(begin, tmp_path):
    file = begin()
    file.write(b"x" * 100_000)
    file.abandon()
    file.abandon()

    assert listed(tmp_path) == []


def test_abandoning_a_settled_file_keeps_it(begin, tmp_path):
    file = begin()
    file.write(b"x")
    file.settle(tmp_path / "name")
    file.abandon()

    assert (tmp_path / "name").read_bytes() == b"x"


def test_a_name_in_use_is_refused_and_kept(begin, tmp_path):
    (tmp_path / "name").write_bytes(b"old")
    file = begin()
    file.write(b"new")

    with pytest.raises(VaultError, match="exists already"):
        file.settle(tmp_path / "name")
    file.abandon()
    assert (tmp_path / "name").read_bytes() == b"old"
    assert listed(tmp_path) == ["name"]


@pytest.mark.parametrize("end", ["settle", "abandon"])
def test_a_finished_file_is_closed_for_good(begin, tmp_path, end):
    file = begin()
    file.settle(tmp_path / "name") if end == "settle" else file.abandon()

    with pytest.raises(VaultError, match="is closed"):
        file.write(b"x")
    with pytest.raises(VaultError, match="is closed"):
        file.settle(tmp_path / "other")


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    def refused(path, flags, *more):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("vault.aside.os.open", refused)
    with pytest.raises(OSError, match="Read-only"):
        AsideFile(tmp_path)


def test_two_unfinished_files_do_not_meet(begin, tmp_path):
    one, two = begin(), begin()
    one.write(b"1")
    two.write(b"2")
    two.settle(tmp_path / "two")
    one.settle(tmp_path / "one")

    assert ((tmp_path / "one").read_bytes(), (tmp_path / "two").read_bytes()) == (b"1", b"2")
