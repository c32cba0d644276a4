"""Typed readers of the environment.

Invariants:
- A value comes from the environment, else from a file named by NAME_FILE, else from
  ``runtime.json`` of the running stand, else from the caller's default. No secret has a default.
- A missing value that nothing supplies raises ``MissingSetting`` with its name.
"""

import json
import os
from functools import cache
from pathlib import Path


class MissingSetting(Exception):  # noqa: N818  it reads as a sentence where it is raised
    """A setting without a default was found nowhere; the message names it."""


def state_folder() -> Path:
    """Where the stand keeps its state: ``HANDOVER_STATE``, by default ``var/run`` beside manage.py."""
    base = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("HANDOVER_STATE") or base / "var" / "run").resolve()


@cache
def runtime() -> dict[str, str]:
    """What the running stand wrote for a second terminal; empty when none has run."""
    path = state_folder() / "runtime.json"
    if not path.is_file():
        return {}
    loaded: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return {key: str(value) for key, value in loaded.items()}


def text(name: str, default: str | None = None) -> str:
    """The value of ``name``; raises ``MissingSetting`` when nothing supplies it."""
    if name in os.environ:
        return os.environ[name]
    if f"{name}_FILE" in os.environ:
        return Path(os.environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
    if name.lower() in runtime():
        return runtime()[name.lower()]
    if f"{name.lower()}_file" in runtime():
        return Path(runtime()[f"{name.lower()}_file"]).read_text(encoding="utf-8").strip()
    if default is None:
        raise MissingSetting(f"{name} (or {name}_FILE) is not set and no running stand supplies it")
    return default


def number(name: str, default: int) -> int:
    """The value of ``name`` as a whole number."""
    return int(text(name, str(default)))


def flag(name: str, *, default: bool = False) -> bool:
    """True for 1, true, yes or on in any case; False otherwise."""
    return text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def folder(name: str, default: Path) -> Path:
    """The value of ``name`` as an absolute path."""
    return Path(text(name, str(default))).resolve()


def words(name: str, default: str) -> list[str]:
    """A comma-separated value as a list without empty parts."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]
