import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from vault.escrow import check_escrow, escrow_done
from vault.keyring import check_root


def said(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def escrow(installation, tmp_path):
    path = tmp_path / "escrow"
    return path, said("escrow", "--out", str(path)).splitlines()[-1]


def test_prepare_installation_makes_keys_on_a_fresh_machine(settings, tmp_path):
    settings.ROOT_KEY_FILE = tmp_path / "root.key"
    settings.KEYRING_DIR = tmp_path / "keyring"
    settings.KEYRING_COPY = ""

    for _ in range(2):
        assert said("prepare_installation") == "The installation has its keys.\n"
    check_root()


def test_prepare_installation_refuses_a_keyring_without_its_root(installation, settings):
    settings.ROOT_KEY_FILE.unlink()

    with pytest.raises(CommandError, match="is missing"):
        said("prepare_installation")


def test_escrow_prints_the_passphrase_once(escrow):
    path, passphrase = escrow

    assert re.fullmatch(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}", passphrase)
    check_escrow(path, passphrase)
    assert escrow_done()


def test_escrow_refuses_to_write_over_a_file(escrow):
    with pytest.raises(CommandError, match="exists already"):
        said("escrow", "--out", str(escrow[0]))


def test_escrow_check_takes_the_passphrase_from_a_file_or_the_environment(escrow, tmp_path, monkeypatch):
    path, passphrase = escrow
    file = tmp_path / "passphrase"
    file.write_text(passphrase + "\n")

    assert "opens to the root key in use" in said(
        "escrow", "--check", str(path), "--passphrase-file", str(file)
    )
    monkeypatch.setenv("ESCROW_PASSPHRASE", passphrase)
    assert "opens to the root key in use" in said("escrow", "--check", str(path))


def test_escrow_check_refuses_another_passphrase_and_none(escrow, monkeypatch):
    path, _ = escrow
    monkeypatch.delenv("ESCROW_PASSPHRASE", raising=False)
    with pytest.raises(CommandError, match="--passphrase-file or set ESCROW_PASSPHRASE"):
        said("escrow", "--check", str(path))
    monkeypatch.setenv("ESCROW_PASSPHRASE", "AAAA")
    with pytest.raises(CommandError, match="do not open"):
        said("escrow", "--check", str(path))


def test_escrow_recovers_a_lost_root(escrow, settings, monkeypatch):
    path, passphrase = escrow
    root = settings.ROOT_KEY_FILE.read_bytes()
    settings.ROOT_KEY_FILE.unlink()
    monkeypatch.setenv("ESCROW_PASSPHRASE", passphrase)

    assert "back in its place" in said("escrow", "--recover", str(path))
    assert settings.ROOT_KEY_FILE.read_bytes() == root


@pytest.mark.parametrize("arguments", [(), ("--out", "a", "--check", "b")])
def test_escrow_does_one_thing_at_a_time(arguments):
    with pytest.raises(CommandError):
        said("escrow", *arguments)
