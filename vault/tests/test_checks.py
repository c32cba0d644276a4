import shutil

import pytest
from django.core.checks import registry

from vault.checks import check_keys


def found():
    return [(message.id, message.msg) for message in check_keys()]


def test_the_check_is_registered():
    assert check_keys in registry.registry.get_checks()


def test_good_keys_give_no_message(installation):
    assert found() == []


def test_a_fresh_machine_is_warned_and_may_migrate(installation, settings):
    settings.ROOT_KEY_FILE.unlink()
    shutil.rmtree(settings.KEYRING_DIR)

    assert found() == [("vault.W001", "This installation has no keys yet.")]


def test_a_root_without_keyring_is_warned_about(installation, settings):
    shutil.rmtree(settings.KEYRING_DIR)

    ((name, message),) = found()
    assert name == "vault.W001"
    assert "is not prepared" in message


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda root: root.unlink(), "is missing"),
        (lambda root: root.chmod(0o440), "is open to others"),
        (lambda root: (root.unlink(), root.write_bytes(bytes(16)), root.chmod(0o400)), "exactly 32 bytes"),
        (lambda root: (root.unlink(), root.write_bytes(bytes(32)), root.chmod(0o400)), "is not the one of"),
    ],
)
def test_a_bad_root_is_an_error_with_its_reason(installation, settings, spoil, reason):
    spoil(settings.ROOT_KEY_FILE)

    ((name, message),) = found()
    assert name == "vault.E001"
    assert reason in message


def test_an_unsafe_root_is_an_error_even_before_the_keyring_is_prepared(installation, settings):
    shutil.rmtree(settings.KEYRING_DIR)
    settings.ROOT_KEY_FILE.chmod(0o444)

    assert [name for name, _ in found()] == ["vault.E001"]


def test_a_copy_that_differs_is_warned_about(installation, settings):
    shutil.rmtree(settings.KEYRING_COPY)

    assert [name for name, _ in found()] == ["vault.W002"]
