"""What may be wrong with a log, by name."""

from dataclasses import dataclass, field
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class FaultKind(models.TextChoices):
    """Each kind says what was done to the log, or what no longer guards it."""

    EVENT_UNSEQUENCED = "event_unsequenced", _("An event has neither a leaf nor a pending mark")
    MARK_ORPHANED = "mark_orphaned", _("A pending mark has no event")
    LEAF_ORPHANED = "leaf_orphaned", _("A leaf's event is gone")
    LEAF_MISSING = "leaf_missing", _("Leaves are missing in the middle of the log")
    BODY_CHANGED = "body_changed", _("An event's recorded bytes were changed")
    COLUMNS_CHANGED = "columns_changed", _("An event's columns differ from its recorded bytes")
    TILE_MISSING = "tile_missing", _("A full tile is missing")
    TILE_CHANGED = "tile_changed", _("A tile does not hold the hashes of its leaves")
    REORDERED = "reordered", _("Leaves were exchanged with one another")
    UNSIGNED = "unsigned", _("There are leaves that no checkpoint covers")
    CHECKPOINT_CHANGED = "checkpoint_changed", _("A checkpoint's columns differ from its note")
    SIGNATURE_WRONG = "signature_wrong", _("A checkpoint is not signed by the log's key")
    ROOT_DIFFERS = "root_differs", _("The leaves do not give the root that was signed")
    TRUNCATED = "truncated", _("The log is shorter than a checkpoint says")
    NOTE_UNREADABLE = "note_unreadable", _("The checkpoint kept outside cannot be read")
    FORKED = "forked", _("The log is another than the checkpoint kept outside says")
    TRIGGER_MISSING = "trigger_missing", _("A trigger that refuses changes is missing")
    TRIGGER_DISABLED = "trigger_disabled", _("A trigger that refuses changes is not always in force")
    TRIGGER_CHANGED = "trigger_changed", _("A trigger or rule is not as it was made")
    FUNCTION_CHANGED = "function_changed", _("A function that guards the log is not as it was made")
    RIGHTS_CHANGED = "rights_changed", _("The application may do more with the log than it should")


MAX_FAULTS: Final = 1_000
"""So many are kept in words; beyond them they are only counted."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: its kind, and where, in ids, numbers and names of database objects."""

    kind: FaultKind
    where: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.where}"


@dataclass
class Report:
    """What verification found. ``root`` is that of all ``leaves``, in hex."""

    leaves: int = 0
    pending: int = 0
    checkpoints: int = 0
    root: str = ""
    outside_size: int | None = None
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault_count == 0

    @property
    def kinds(self) -> set[FaultKind]:
        """The kinds of what is wrong."""
        return {fault.kind for fault in self.faults}

    def add(self, kind: FaultKind, where: str) -> None:
        """One more fault."""
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(kind, where))
