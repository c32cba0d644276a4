"""The demo's data: a first look, the load, the rejects mended, and all of it equal to the answers."""

import csv
import json
from pathlib import Path
from typing import Any

from django.utils import timezone

from access.models import Organisation, User
from handover.demo.cast import Cast
from handover.demo.story import Story, patience, wait_until
from transfer.models import Extract, ImportRun, Reject, Transfer
from transfer.services.extracts import declare_totals, receive_extract
from transfer.services.health import CODES, health_report
from transfer.services.imports import start_run
from transfer.services.matching import match_other_book
from transfer.services.policies import default_policies
from transfer.services.rejects import leave_out
from transfer.tasks.imports import plan_run
from vault.files import seal_stream
from vault.models import SealedFile

ORDER = ("客户资料", "账户资料", "关联人", "持仓", "成交流水", "投资偏好", "影像资料")
ENDED = {ImportRun.State.DONE, ImportRun.State.REFUSED, ImportRun.State.STOPPED}


def answers_of(world: Path) -> dict[str, Any]:
    """The figures of a world's answers; its lists of clients are left on the disk."""
    loaded: dict[str, Any] = json.loads((world / "figures.json").read_text(encoding="utf-8"))
    return loaded


def seal_file(path: Path, holder: Organisation, purpose: str) -> SealedFile:
    """A file from outside lies sealed for one firm, as an upload would."""
    with path.open("rb") as plain:
        pieces = iter(lambda: plain.read(1 << 20), b"")
        return seal_stream(pieces, holder=holder.pk, purpose=purpose, name=path.name)


def look(story: Story, cast: Cast, transfer: Transfer, world: Path) -> None:
    """The health of the client file, before any agreement exists."""
    by = cast["canglan.manager"]
    story.step("A first look at the data, before any agreement")
    extract = _receive(transfer, cast.giver, world / "transferor" / "客户资料.csv", by)
    run = _run(extract, ImportRun.Mode.PROFILE, by)
    report = health_report(run)
    worst = sorted(((count, code) for code, count in report.counts.items() if count), reverse=True)[:5]
    story.say(f"{report.clients} clients: " + ", ".join(f"{code} {count}" for count, code in worst))
    story.say(f"rows that could not be read: {sum(report.rejects.values())}")


def load(story: Story, cast: Cast, transfer: Transfer, world: Path, *, matched: bool = True) -> None:
    """Everything is loaded, every reject decided, and figures equal the answers.

    Where nothing moves the other firm's clients are not loaded, so that nobody is ``matched``.
    """
    answers, by = answers_of(world), cast["canglan.manager"]
    if matched:
        story.step("The transferee's own clients, for matching")
        own = _receive(transfer, cast.taker, world / "transferee" / "客户资料.csv", cast["yuanxiu.manager"])
        _load(own, cast["yuanxiu.manager"])
    else:
        for found in answers["finding_counts"].values():
            found["duplicate_across"] = 0
    story.step("The transferor's extracts, loaded by the workers")
    for name in ORDER:
        path = _path(world / "transferor", name)
        extract = _existing(transfer, cast.giver, path) or _receive(transfer, cast.giver, path, by)
        run = _load(extract, by)
        _compare(story, run, path.name, answers["files"][path.name])
    declare_totals(
        transfer=transfer,
        sealed_file=seal_file(world / "transferor" / "控制总数.csv", cast.giver, "extract"),
        by=by,
    )
    if matched:
        match_other_book(transfer=transfer, by=by)
    _compare_findings(story, transfer, answers["finding_counts"]["first"])
    story.step("The rejects: mended and loaded again, or left out with a reason")
    for name in ORDER:
        _load(_receive(transfer, cast.giver, _path(world / "mended", name), by, purpose="mended"), by)
    rejects = Reject.objects.filter(run__extract__transfer=transfer, run__extract__side=cast.giver)
    rest = list(rejects.filter(decision=Reject.Decision.OPEN, run__mode=ImportRun.Mode.LOAD))
    for reject in rest:
        leave_out(reject=reject, reason="重复或无法认领的记录 / duplicate or unclaimed", by=by)
    left_out = sum(len(found["left_out"]) for found in answers["files"].values())
    story.equal("rejects left out", len(rest), left_out)
    if matched:
        match_other_book(transfer=transfer, by=by)
    _compare_findings(story, transfer, answers["finding_counts"]["after_mending"])
    story.equal("clients", transfer.book.clients.count(), answers["verdict_counts"]["clients"])


def _receive(transfer: Transfer, side: Organisation, path: Path, by: User, purpose: str = "full") -> Extract:
    extract = receive_extract(
        transfer=transfer, side=side, sealed_file=seal_file(path, side, "extract"), purpose=purpose, by=by
    )
    default_policies(transfer=transfer, extract=extract, by=by)
    return extract


def _existing(transfer: Transfer, side: Organisation, path: Path) -> Extract | None:
    """The extract of the first look, which is not uploaded twice."""
    looked_at = Extract.objects.filter(
        transfer=transfer, side=side, purpose=Extract.Purpose.FULL, kind="clients"
    )
    return looked_at.first() if path.stem == "客户资料" else None


def _path(folder: Path, name: str) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.stem == name)


def _load(extract: Extract, by: User) -> ImportRun:
    return _run(extract, ImportRun.Mode.LOAD, by)


def _run(extract: Extract, mode: str, by: User) -> ImportRun:
    run = start_run(extract=extract, mode=mode, by=by, as_of=timezone.localdate())
    plan_run.delay(str(run.pk))
    wait_until(
        lambda: ImportRun.objects.get(pk=run.pk).state in ENDED,
        what=f"the {mode} of {extract.kind}",
        seconds=patience(SealedFile.objects.get(pk=extract.file).size),
    )
    run.refresh_from_db()
    if run.state != ImportRun.State.DONE:
        raise RuntimeError(f"{extract.kind}: {run.state} {run.refusal_code} {run.refusal_params}")
    return run


def _compare(story: Story, run: ImportRun, name: str, expected: dict[str, Any]) -> None:
    found = sorted(run.rejects.values_list("line", "column", "code"))
    wanted = sorted((line, column, code) for _, line, column, code in expected["rejects"])
    story.equal(f"{name}: {run.accepted} of {run.rows} rows loaded, rejects", len(found), len(wanted))
    if found != wanted:
        story.equal(f"{name}: rejects", sorted(set(found) - set(wanted)), sorted(set(wanted) - set(found)))


def _compare_findings(story: Story, transfer: Transfer, expected: dict[str, int]) -> None:
    report = health_report(transfer)
    story.equal("health findings", report.counts, {code: expected.get(code, 0) for code in CODES})


def load_first(transfer: Transfer, cast: Cast, world: Path) -> None:
    """The extracts are loaded and their rejects wait for somebody to decide them."""
    for name in ORDER:
        _load(
            _receive(transfer, cast.giver, _path(world / "transferor", name), cast["canglan.manager"]),
            cast["canglan.manager"],
        )
    declare_totals(
        transfer=transfer,
        sealed_file=seal_file(world / "transferor" / "控制总数.csv", cast.giver, "extract"),
        by=cast["canglan.manager"],
    )


def a_staff_number(world: Path) -> str:
    """The staff number that looks after the first client with one, for the demo's client-service people."""
    with (world / "transferor" / "客户资料.csv").open(encoding="gb18030", newline="") as text:
        return next(row["客户经理"] for row in csv.DictReader(text) if row["客户经理"])
