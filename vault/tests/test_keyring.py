import shutil

import pytest
from django.db import IntegrityError, transaction

from vault.errors import VaultError
from vault.ids import INSTALLATION, new_id
from vault.keyfiles import installed_keys
from vault.keyring import (
    check_root,
    create_organisation_keys,
    installation_key,
    prepare_installation,
    wrapping_cipher,
)
from vault.models import Epoch
from vault.signing import has_signer, signer


def names(folder):
    return sorted(p.name for p in folder.iterdir() if p.name != ".lock")


def test_a_prepared_installation_has_its_keys_and_passes_the_check(installation):
    check_root()

    assert len(installation_key("index")) == len(installation_key("digest")) == 32
    assert installation_key("index") != installation_key("digest")
    assert has_signer("log", INSTALLATION)
    assert names(installation / "keyring") == names(installation / "second place")


def test_preparing_again_changes_no_key(installation):
    before = installation_key("index"), installation_key("digest"), signer("log", INSTALLATION).public
    prepare_installation()

    assert before == (
        installation_key("index"),
        installation_key("digest"),
        signer("log", INSTALLATION).public,
    )


def test_preparing_takes_up_a_root_that_lies_there(installation, settings):
    shutil.rmtree(installation / "keyring")
    shutil.rmtree(installation / "second place")
    root = settings.ROOT_KEY_FILE.read_bytes()

    prepare_installation()

    assert settings.ROOT_KEY_FILE.read_bytes() == root
    check_root()


def test_preparing_never_makes_a_new_root_for_an_old_keyring(installation, settings):
    settings.ROOT_KEY_FILE.unlink()

    with pytest.raises(VaultError, match="is missing"):
        prepare_installation()
    assert not settings.ROOT_KEY_FILE.exists()


def test_the_check_names_what_is_wrong(installation, settings):
    root = settings.ROOT_KEY_FILE
    root.chmod(0o444)
    with pytest.raises(VaultError, match="open to others"):
        check_root()
    root.unlink()
    with pytest.raises(VaultError, match="is missing"):
        check_root()
    for content, reason in ((bytes(16), "exactly 32 bytes"), (bytes(32), "is not the one of")):
        root.write_bytes(content)
        root.chmod(0o400)
        with pytest.raises(VaultError, match=reason):
            check_root()
        root.unlink()


def test_an_organisation_gets_an_epoch_and_a_key_per_purpose_and_two_signers(installation, db):
    firm = new_id()
    create_organisation_keys(firm)

    epochs = list(Epoch.objects.filter(org=firm).values_list("purpose", "number", "suite", "state"))
    assert sorted(epochs) == [(purpose, 1, 1, "active") for purpose in ("archive", "custody", "file")]
    assert has_signer("custody", firm)
    assert has_signer("certificate", firm)
    keys = [installed_keys().get(f"{firm.hex}.wrap.{purpose}.1") for purpose, *_ in epochs]
    assert len({key for _suite, key in keys}) == 3
    assert installed_keys().copy_differences() == []


def test_organisations_share_no_key(two_firms):
    ours, theirs = two_firms

    assert signer("custody", ours).public != signer("custody", theirs).public
    assert wrapping_cipher(ours, "custody", 1)[1] is not wrapping_cipher(theirs, "custody", 1)[1]


def test_an_organisation_gets_its_keys_once(two_firms):
    public = signer("custody", two_firms[0]).public

    with pytest.raises(VaultError, match="already has its keys"):
        create_organisation_keys(two_firms[0])
    assert signer("custody", two_firms[0]).public == public
    assert Epoch.objects.filter(org=two_firms[0]).count() == 3


def test_keys_of_a_rolled_back_attempt_are_taken_up_again(installation, db):
    firm = new_id()
    with pytest.raises(KeyError), transaction.atomic():
        create_organisation_keys(firm)
        raise KeyError
    public = signer("custody", firm).public

    create_organisation_keys(firm)

    assert signer("custody", firm).public == public
    assert Epoch.objects.filter(org=firm).count() == 3


def test_an_attempt_with_another_suite_does_not_take_up_those_keys(installation, db):
    firm = new_id()
    with pytest.raises(KeyError), transaction.atomic():
        create_organisation_keys(firm)
        raise KeyError

    with pytest.raises(VaultError, match="exists with another suite"):
        create_organisation_keys(firm, suite=2)
    assert not Epoch.objects.filter(org=firm).exists()


def test_the_installation_is_no_organisation(installation, db):
    with pytest.raises(VaultError, match="not an organisation"):
        create_organisation_keys(INSTALLATION)


def test_an_unknown_suite_is_refused(installation, db):
    with pytest.raises(VaultError, match="suite 3 is unknown"):
        create_organisation_keys(new_id(), suite=3)
    assert not Epoch.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"suite": 9},
        {"purpose": "leisure"},
        {"state": "lost"},
        {"number": 1},
        {"number": 2},
    ],
)
def test_postgresql_refuses_a_misshapen_or_second_active_epoch(two_firms, changes):
    columns = {"org": two_firms[0], "purpose": "custody", "number": 5, "suite": 1} | changes

    with pytest.raises(IntegrityError), transaction.atomic():
        Epoch.objects.create(**columns)


def test_an_epoch_prints_without_secrets(two_firms):
    assert str(Epoch.objects.get(org=two_firms[0], purpose="file")) == f"{two_firms[0]} file 1"
