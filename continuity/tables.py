"""Backups and drills as tables and facts, ready for the pages' parts."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.errors import Refused
from continuity.models import Backup, RestoreDrill

Table = dict[str, Any]
Facts = list[dict[str, Any]]

KINDS = {
    "rows": gettext_lazy("Rows of a table"),
    "checksum": gettext_lazy("Checksum of a table"),
    "clients": gettext_lazy("Clients of a custodian"),
    "wraps": gettext_lazy("Wraps of a holder"),
    "log": gettext_lazy("Audit log"),
    "files": gettext_lazy("Sealed files"),
    "sample": gettext_lazy("Sample opened"),
    "part": gettext_lazy("Part of the backup"),
}


def reason(code: str) -> str:
    """Why it failed, in the reader's language; nothing when it did not."""
    return str(Refused(code).message) if code else ""


def backups(rows: Iterable[Backup]) -> Table:
    """One line per backup, with the result of its newest drill."""
    return {
        "id": "backups",
        "caption": _("Backups, newest first"),
        "columns": _columns(
            _("Asked for"), _("State"), _("Shows the moment"), _("Sealed bytes"), _("Last drill"), number=3
        ),
        "rows": [_backup_row(row) for row in rows],
        "empty": {
            "title": _("No backup yet"),
            "what": _("A backup holds the data, the wraps and the sealed files of one moment."),
            "why": _("Gate 5 opens when the newest one is young enough and was restored and compared."),
            "icon": "database",
        },
    }


def drills(rows: Iterable[RestoreDrill]) -> Table:
    """One line per drill of a backup."""
    return {
        "id": "drills",
        "caption": _("Restore drills of this backup, newest first"),
        "columns": _columns(
            _("Started"), _("Result"), _("By"), _("Recovery time"), _("Rows opened"), number=4
        ),
        "rows": [
            [
                {"value": row.started_at, "url": reverse("continuity-drill", args=[row.pk])},
                {"kind": "state", "value": _shown(row)},
                row.run_by.name if row.run_by else "—",
                _seconds(row.recovery_seconds),
                row.rows_opened,
            ]
            for row in rows
        ],
        "empty": {
            "title": _("Not proved yet"),
            "what": _("A drill restores the backup into a server of its own and compares every table."),
            "why": _("A backup that was never restored is a hope."),
            "icon": "git-compare",
        },
    }


def comparisons(drill: RestoreDrill, *, equal: bool) -> Table:
    """What was compared, as far as it was equal or different."""
    chosen = [each for each in drill.compared if each["equal"] is equal]
    return {
        "id": "equal" if equal else "differing",
        "caption": _("Equal") if equal else _("Different"),
        "columns": _columns(_("What"), _("Name"), _("Recorded"), *([] if equal else [_("Found")])),
        "rows": [
            [_kind(each["kind"]), each["name"], each["expected"], *([] if equal else [each["found"]])]
            for each in chosen
        ],
    }


def parts(backup: Backup) -> Table:
    """The files of the backup with size and digest."""
    listed = backup.manifest.get("parts", {})
    return {
        "id": "parts",
        "caption": _("Parts, as the signed manifest names them"),
        "columns": _columns(_("File"), _("Bytes"), _("SHA-256"), number=1),
        "rows": [
            [name, part["size"], {"kind": "code", "value": part["sha256"]}] for name, part in listed.items()
        ],
    }


def backup_facts(backup: Backup) -> Facts:
    """What is known of the backup."""
    facts = [
        _fact(_("State"), {"kind": "state", "value": backup.state}),
        _fact(_("Asked for"), backup.started_at),
        _fact(_("By"), backup.taken_by.name if backup.taken_by else "—"),
    ]
    if backup.state != Backup.State.DONE:
        return facts
    measures = backup.manifest["measures"]
    return [
        *facts,
        _fact(_("Shows the moment"), backup.snapshot_at),
        _fact(_("Finished"), backup.finished_at),
        _fact(_("Rows"), sum(table["rows"] for table in measures["tables"].values())),
        _fact(_("Clients"), sum(measures["clients"].values())),
        _fact(_("Wraps"), sum(measures["wraps"].values())),
        _fact(_("Sealed files"), backup.manifest["files"]),
        _fact(_("Log entries"), measures["log"]["size"]),
        _fact(_("Root of the log"), {"kind": "code", "value": measures["log"]["root"]}),
        _fact(_("Digest of the manifest"), {"kind": "code", "value": backup.manifest_digest}),
        _fact(_("Folder"), {"kind": "code", "value": backup.folder}),
    ]


def drill_facts(drill: RestoreDrill) -> Facts:
    """What is known of the drill."""
    return [
        _fact(_("Result"), {"kind": "state", "value": _shown(drill)}),
        _fact(_("Backup"), drill.backup.started_at, url=reverse("continuity-backup", args=[drill.backup_id])),
        _fact(_("By"), drill.run_by.name if drill.run_by else "—"),
        _fact(_("Started"), drill.started_at),
        _fact(_("Finished"), drill.finished_at or "—"),
        _fact(_("Would have lost (recovery point)"), _seconds(drill.recovery_point_seconds)),
        _fact(_("Would have taken (recovery time)"), _seconds(drill.recovery_seconds)),
        _fact(_("Comparisons"), len(drill.compared)),
        _fact(_("Sealed rows opened"), drill.rows_opened),
    ]


def _backup_row(row: Backup) -> list[object]:
    newest = next(iter(row.drills.all()), None)
    drill: object = "—"
    if newest is not None:
        address = reverse("continuity-drill", args=[newest.pk])
        drill = {"kind": "state", "value": _shown(newest), "url": address}
    return [
        {"value": row.started_at, "url": reverse("continuity-backup", args=[row.pk])},
        {"kind": "state", "value": row.state},
        row.snapshot_at or "—",
        row.bytes if row.state == Backup.State.DONE else None,
        drill,
    ]


def _shown(drill: RestoreDrill) -> str:
    return {"passed": "done"}.get(drill.state, drill.state)


def _kind(kind: str) -> str:
    return str(KINDS.get(kind, kind))


def _seconds(value: int | None) -> str:
    return "—" if value is None else _("%(n)d s") % {"n": value}


def _fact(term: str, value: object, url: str = "") -> dict[str, Any]:
    return {"term": term, "value": value, "url": url}


def _columns(*titles: str, number: int | None = None) -> list[dict[str, Any]]:
    return [{"title": title, "number": place == number} for place, title in enumerate(titles)]
