"""Fixtures of the vault, offered to the tests of every room."""

from uuid import UUID

import pytest

from vault.ids import new_id
from vault.keyring import create_organisation_keys, prepare_installation


@pytest.fixture
def installation(settings, tmp_path):
    """Keys of an installation of this test's own, with a second place, and an empty files folder."""
    settings.ROOT_KEY_FILE = tmp_path / "keys" / "root.key"
    settings.KEYRING_DIR = tmp_path / "keyring"
    settings.KEYRING_COPY = str(tmp_path / "second place")
    settings.FILES_DIR = tmp_path / "files"
    prepare_installation()
    return tmp_path


@pytest.fixture
def two_firms(db, installation) -> tuple[UUID, UUID]:
    """Two organisations that have their keys."""
    firms = new_id(), new_id()
    for firm in firms:
        create_organisation_keys(firm)
    return firms
