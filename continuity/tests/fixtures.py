"""A taken backup to work on, for the tests of this room and of those above."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from access.models import User
from audit.sequencer import sequence_once
from continuity.manifest import MANIFEST
from continuity.models import Backup
from continuity.services.backups import folder_of, take_backup


@pytest.fixture
def backup_dir(settings, tmp_path: Path) -> Path:
    """Backups and scratch servers of this test alone."""
    settings.BACKUP_DIR = tmp_path / "backups"
    return settings.BACKUP_DIR


@pytest.fixture
def taken(backup_dir, giver_officer: User, make_client) -> Backup:
    """A finished backup of three clients and their log."""
    for _ in range(3):
        make_client()
    sequence_once()
    return take_backup(by=giver_officer)


@pytest.fixture
def manifest_of() -> Callable[[Backup], dict]:
    """What the manifest of a backup says."""
    return lambda backup: json.loads((folder_of(backup) / MANIFEST).read_bytes())
