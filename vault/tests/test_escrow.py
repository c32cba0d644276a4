import json
import re

import pytest

from vault.errors import OpeningError, VaultError
from vault.escrow import check_escrow, escrow_done, escrow_root, open_escrow, recover_root
from vault.keyring import check_root, installation_key


@pytest.fixture
def escrow(installation, tmp_path, monkeypatch):
    """An escrow of the root with its passphrase; cheap stretching, for it is done often here."""
    monkeypatch.setitem(__import__("vault.escrow").escrow._COST, "memory_kib", 64)
    path = tmp_path / "escrow.handover"
    return path, escrow_root(path)


def test_an_escrow_gives_the_root_back(escrow, settings):
    path, passphrase = escrow

    assert open_escrow(path, passphrase) == settings.ROOT_KEY_FILE.read_bytes()
    check_escrow(path, passphrase)


def test_the_passphrase_has_160_random_bits_in_groups(escrow):
    assert re.fullmatch(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}", escrow[1])


def test_a_passphrase_may_be_typed_in_small_letters_and_with_spaces(escrow, settings):
    path, passphrase = escrow

    check_escrow(path, f" {passphrase.lower().replace('-', ' ')}\n")


def test_neither_file_nor_note_holds_root_or_passphrase(escrow, settings):
    path, passphrase = escrow
    root = settings.ROOT_KEY_FILE.read_bytes()

    for content in (path.read_bytes(), settings.ROOT_KEY_FILE.with_name("escrow.json").read_bytes()):
        assert root not in content
        assert root.hex().encode() not in content
        assert passphrase.encode() not in content
        assert passphrase.replace("-", "").encode() not in content
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_passphrase_is_refused(escrow):
    path, passphrase = escrow

    for wrong in ("", "AAAA", passphrase[:-1], passphrase[::-1]):
        with pytest.raises(OpeningError):
            open_escrow(path, wrong)


@pytest.mark.parametrize("name", ["salt", "nonce", "sealed", "root", "iterations", "lanes", "memory_kib"])
def test_a_change_of_any_part_is_refused(escrow, name):
    path, passphrase = escrow
    document = json.loads(path.read_bytes())
    value = document[name]
    changed = {
        int: lambda: [value + 8, 0, -1, 2**40, str(value), None],
        str: lambda: [("B" if value[0] == "A" else "A") + value[1:], value[:-4], "", "!", 5, None],
    }[type(value)]()
    for other in changed:
        path.write_text(json.dumps({**document, name: other}))
        with pytest.raises(OpeningError):
            open_escrow(path, passphrase)
    del document[name]
    path.write_text(json.dumps(document))
    with pytest.raises(OpeningError):
        open_escrow(path, passphrase)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"x"', b"{}", b'{"format": "handover-escrow-2"}', b"\xff"]
)
def test_what_is_no_escrow_is_refused(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(VaultError, match="is not an escrow file"):
        open_escrow(path, "x")


def test_a_missing_escrow_is_refused(tmp_path):
    with pytest.raises(VaultError, match="is missing"):
        open_escrow(tmp_path / "none", "x")


def test_an_escrow_is_never_written_over(escrow):
    path, passphrase = escrow

    with pytest.raises(VaultError, match="exists already"):
        escrow_root(path)
    check_escrow(path, passphrase)


def test_an_escrow_that_does_not_open_is_not_recorded(installation, monkeypatch, tmp_path):
    monkeypatch.setattr("vault.escrow.open_escrow", lambda path, passphrase: b"other")

    with pytest.raises(VaultError, match="does not give the root key back"):
        escrow_root(tmp_path / "escrow")
    assert not escrow_done()


def test_the_installation_knows_whether_its_root_was_escrowed(installation, escrow, settings):
    assert escrow_done()
    settings.ROOT_KEY_FILE.unlink()
    settings.ROOT_KEY_FILE.write_bytes(bytes(32))
    settings.ROOT_KEY_FILE.chmod(0o400)

    assert not escrow_done()
    with pytest.raises(VaultError, match="another root key"):
        check_escrow(*escrow)


def test_without_escrow_there_is_none(installation):
    assert not escrow_done()


def test_a_lost_root_is_recovered_and_opens_the_keyring(escrow, settings):
    index = installation_key("index")
    with pytest.raises(VaultError, match="exists already"):
        recover_root(*escrow)
    settings.ROOT_KEY_FILE.unlink()

    recover_root(*escrow)

    check_root()
    assert installation_key("index") == index
    assert settings.ROOT_KEY_FILE.stat().st_mode & 0o777 == 0o400
