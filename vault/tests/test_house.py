"""Promises about the source itself."""

import re
from pathlib import Path

from django.apps import apps

BASE = Path(__file__).resolve().parents[2]
ROOMS = {config.name for config in apps.get_app_configs() if Path(config.path).parent == BASE}


def code_with(pattern):
    return sorted(
        path.relative_to(BASE).as_posix()
        for room in ROOMS
        for path in (BASE / room).rglob("*.py")
        if "tests" not in path.parts and re.search(pattern, path.read_text(encoding="utf-8"))
    )


# The bench opens clients of its own invention without a record, to see what the record costs.
UNRECORDED = {"handover/bench/pages.py", "handover/bench/searching.py"}


def test_only_the_audit_room_makes_readings():
    assert set(code_with(r"\bReading\(")) <= {"audit/reading.py"} | UNRECORDED


def test_raw_key_material_is_read_in_the_vault_alone():
    assert all(
        path.startswith("vault/") for path in code_with(r"\b(read_root|installation_key|installed_keys)\(")
    )


def test_the_pure_modules_import_no_django():
    for name in ("errors", "ids", "sealing", "rootkey", "streams"):
        assert "django" not in (BASE / "vault" / f"{name}.py").read_text(encoding="utf-8").lower().replace(
            "no django", ""
        )
