"""A whole handover by four people and a few guests through the API, stage by stage."""

import csv
import datetime
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handover.tests.prove.acting import Journal, Person
from sample.returns import write_returns
from transfer import verify_handover

STAGES = ("import", "notices", "rehearsal", "cutover", "reconciliation", "certificate")
ORDER = ("客户资料", "账户资料", "关联人", "持仓", "成交流水", "投资偏好", "影像资料")
FOLDERS = {"transferee": "transferee", "depository": "depository", "bank": "banks"}
EXPECTED = (
    ("transferee", "clients"),
    ("transferee", "accounts"),
    ("transferee", "holdings"),
    ("depository", "holdings"),
    ("bank", "balances"),
)
OFFICER = "个人信息保护负责人 privacy@canglan.example 4008111111"
WAIT_SECONDS = 240.0


class WholeFlow:
    """The people of one transfer and what they do; ``journal`` says where they are."""

    def __init__(self, port: int, world: Path, out: Path, prepared: dict[str, Any]) -> None:
        self.world, self.out, self.journal = world, out, Journal()
        self.transfer = prepared["transfer"]
        self.at = f"/transfers/{self.transfer}"
        self.people = {
            name: Person(port, name, password, self.journal)
            for name, password in prepared["passwords"].items()
        }
        self.answers = json.loads((world / "answers.json").read_text(encoding="utf-8"))

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def run(self, *, after: Callable[[str], None] = lambda _stage: None) -> None:
        """Every stage in its order; ``after`` is told when one has ended."""
        for stage in STAGES:
            self.journal.stage = stage
            getattr(self, f"do_{stage}")()
            after(stage)
        self.journal.over = True

    def do_import(self) -> None:
        """Everything is loaded and every reject decided."""
        manager, other = self["canglan.manager"], self["yuanxiu.manager"]
        self._load(other, self.world / "transferee" / "客户资料.csv")
        for name in ORDER:
            self._load(manager, _path(self.world / "transferor", name))
        totals = self.world / "transferor" / "控制总数.csv"
        manager.act(f"{self.at}/extracts/totals/", files=(totals.name, totals))
        manager.act(f"{self.at}/extracts/match/")
        for name in ORDER:
            self._load(manager, _path(self.world / "mended", name), purpose="mended")
        for run in manager.rows(f"{self.at}/imports/?mode=load"):
            for reject in manager.rows(f"{self.at}/imports/{run['id']}/rejects/?decision=open"):
                at = f"{self.at}/imports/{run['id']}/rejects/{reject['id']}/leave-out/"
                manager.act(at, {"reason": "duplicate or unclaimed"}, done=("import.reject_decided",))
        manager.act(f"{self.at}/extracts/match/")

    def do_notices(self) -> None:
        """Everybody is notified, every objection decided; the transfer is at notifying."""
        officer, second, other = (
            self["canglan.officer1"], self["canglan.officer2"], self["yuanxiu.officer1"],
        )  # fmt: skip
        officer.act(f"{self.at}/breaches/check/")
        for breach in officer.rows(f"{self.at}/breaches/"):
            other.act(
                f"{self.at}/breaches/{breach['id']}/decide/",
                {"words": "顺延切换日。"},
                done=("agreement.breach_decided_already",),
            )
        self._advance("reviewing")
        notice = officer.create(f"{self.at}/notices/", {"values": {"officer_contact": OFFICER}})
        at = f"{self.at}/notices/{notice['id']}"
        second.act(f"{at}/approve/", done=("notice.approved_already",))
        self._advance("notifying")
        for file, address in (("送达凭证.csv", "load-evidence"), ("异议.csv", "load-objections")):
            path = self.world / "evidence" / file
            officer.act(f"{at}/{address}/", files=(path.name, path))
        with (self.world / "evidence" / "公告.csv").open(encoding="utf-8-sig", newline="") as text:
            for row in csv.DictReader(text):
                day = datetime.datetime.strptime(row["刊登日期"], "%Y%m%d").date().isoformat()  # noqa: DTZ007
                body = {"medium": row["媒体"], "published_on": day, "reference": row["凭证编号"]}
                officer.act(f"{at}/announcements/", body, done=("notice.announced_already",))
        for announcement in officer.rows(f"{at}/announcements/"):
            self["counsel"].act(
                f"{at}/announcements/{announcement['id']}/sign-off/", done=("notice.signed_off_already",)
            )
        officer.act(f"{self.at}/cases/assess/")
        self._decide_objections(at)
        officer.act(f"{self.at}/cases/assess/")

    def do_rehearsal(self) -> None:
        """A backup is proved, two rehearsals are reconciled, the transfer is ready and its runbook stands."""
        manager = self["canglan.manager"]
        self._prove_backup()
        for number in (1, 2):
            run = manager.create(f"{self.at}/runs/")
            self._delivered(run["id"])
            self._send_back(run["id"], f"rehearsal-{number}")
            self._reconcile(run["id"])
            for found in manager.rows(f"{self.at}/breaks/?run={run['id']}&state=open"):
                manager.act(
                    f"{self.at}/breaks/{found['id']}/explain/", {"words": "已修复"}, done=("break.not_open",)
                )

    def do_cutover(self) -> None:
        """Every client who may move is with the other firm, and the delivery lies ready."""
        officer, manager = self["canglan.officer1"], self["canglan.manager"]
        asked = officer.create(f"{self.at}/exceptions/", {"gate": 7, "reason": "线下培训记录另附。"})
        self["yuanxiu.officer1"].act(
            f"{self.at}/exceptions/{asked['id']}/grant/",
            confirm=True,
            done=("gate.exception_granted_already",),
        )
        self._advance("ready")
        manager.act(f"{self.at}/runbook/draft/", done=lambda: bool(manager.rows(f"{self.at}/runbook/")))
        for party in manager.rows(f"{self.at}/parties/"):
            body = {"tested_on": self.answers["as_of"], "evidence_reference": "TEST-01"}
            manager.act(f"{self.at}/parties/{party['id']}/prove/", body)
        now = datetime.datetime.now(datetime.UTC)
        window = {
            "not_before": now.isoformat(),
            "not_after": (now + datetime.timedelta(hours=12)).isoformat(),
        }
        mandate = manager.create(f"{self.at}/mandates/", window)
        for name in ("canglan.manager", "canglan.officer1", "yuanxiu.manager", "yuanxiu.officer1"):
            self[name].act(
                f"{self.at}/mandates/{mandate['id']}/sign/", confirm=True, done=("mandate.signed_already",)
            )
        self._walk(8)
        manager.act(f"{self.at}/cutover/", confirm=True, done=lambda: self._stage() != "ready")
        self._until(lambda: self._stage() == "reconciling", "the cutover")
        self._delivered(manager.get(f"{self.at}/cutover/")["id"])

    def do_reconciliation(self) -> None:
        """What came back is reconciled twice; every step of the runbook but the last is done."""
        manager = self["yuanxiu.manager"]
        run = manager.get(f"{self.at}/cutover/")["id"]
        self._send_back(run, "cutover")
        self._reconcile(run)
        planted = [found for found in self.answers["breaks"]["cutover"] if found["outcome"] == "written_off"]
        for answer in planted:
            source = f"{self.at}/breaks/?run={run}&source={answer['source']}"
            found = manager.rows(f"{source}&state=open")[0]["id"]
            manager.act(
                f"{self.at}/breaks/{found}/ask-write-off/", {"words": "分位差异"}, done=("break.not_open",)
            )
            self["canglan.officer1"].act(
                f"{self.at}/breaks/{found}/decide-write-off/",
                {"grant": True},
                confirm=True,
                done=("break.not_asked",),
            )
        self._send_back(run, "cutover", corrected=True)
        self._reconcile(run)
        self._walk(17)

    def do_certificate(self) -> None:
        """The certificate is issued and verifies offline."""
        officer, other = self["canglan.officer1"], self["yuanxiu.officer1"]
        named = {"transferor_signer": officer.name, "transferee_signer": other.name}
        draft = officer.create(f"{self.at}/certificate-drafts/", named)
        for signer in (officer, other):
            at = f"{self.at}/certificate-drafts/{draft['id']}/sign/"
            signer.act(at, confirm=True, done=lambda signer=signer: self._signed(draft["id"], signer))
        at = f"{self.at}/certificates/{officer.rows(f'{self.at}/certificates/')[0]['id']}"
        (self.out / "certificate.json").write_bytes(officer.download(f"{at}/document/"))
        (self.out / "keys.json").write_bytes(officer.download(f"{at}/keys/"))
        done = subprocess.run(
            [sys.executable, "-I", verify_handover.__file__, "certificate.json", "--keys", "keys.json"],
            cwd=self.out, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def _signed(self, draft: str, signer: Person) -> bool:
        row = signer.get(f"{self.at}/certificate-drafts/{draft}/")
        # The two who are to sign stand there from the first, those who have with their moment.
        signed = sum(bool(each["signed_at"]) for each in row["signatures"])
        return signed > (0 if signer.name.startswith("canglan") else 1)

    def _load(self, by: Person, path: Path, purpose: str = "full") -> None:
        extracts = f"{self.at}/extracts/"
        by.act(extracts, {"purpose": purpose}, files=(path.name, path), done=("import.received_already",))
        extract = by.rows(extracts)[0]["id"]
        by.act(f"{extracts}{extract}/default-policies/")
        run = by.create(
            f"{self.at}/imports/", {"extract": extract, "mode": "load", "as_of": self.answers["as_of"]}
        )
        at = f"{self.at}/imports/{run['id']}/"
        self._until(lambda: by.get(at)["state"] in ("done", "refused"), f"load of {path.name}")
        assert by.get(at)["state"] == "done", path

    def _advance(self, stage: str) -> None:
        self["canglan.officer1"].act(f"{self.at}/advance/", done=lambda: self._stage() == stage)
        assert self._stage() == stage

    def _stage(self) -> str:
        return str(self["canglan.officer1"].get(f"{self.at}/")["state"])

    def _decide_objections(self, notice: str) -> None:
        officer = self["canglan.officer1"]
        leaving = {case["client"] for case in officer.rows(f"{self.at}/cases/?state=leaving")}
        for objection in officer.rows(f"{notice}/objections/"):
            decision = "leaving" if objection["client"] in leaving else "stays"
            for word in (decision, "left") if decision == "leaving" else (decision,):
                at = f"{notice}/objections/{objection['id']}/decide/"
                officer.act(
                    at,
                    {"decision": word},
                    done=("objection.decided_already", "objection.decision_does_not_fit"),
                )

    def _prove_backup(self) -> None:
        """A backup that was proved by a drill; one that lost its worker is asked for again."""
        manager = self["canglan.manager"]
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            rows = manager.rows("/backups/")
            if not any(row["state"] in ("waiting", "running", "done") for row in rows):
                manager.act("/backups/", done=("backup.under_way",))
            elif rows[0]["state"] == "done":
                drills = manager.rows("/drills/")
                if any(drill["ok"] for drill in drills):
                    return
                if not any(drill["ok"] is None for drill in drills):
                    manager.act(f"/backups/{rows[0]['id']}/drill/", done=("drill.under_way",))
            time.sleep(0.3)
        raise AssertionError("no backup was proved")

    def _delivered(self, run: str) -> None:
        manager = self["canglan.manager"]
        self._until(lambda: manager.get(f"{self.at}/runs/{run}/")["delivered"], "the delivery")

    def _send_back(self, run: str, name: str, *, corrected: bool = False) -> None:
        manager = self["yuanxiu.manager"]
        out = self.out / (name + ("-corrected" if corrected else ""))
        out.mkdir()
        (out / "delivery.zip").write_bytes(manager.download(f"{self.at}/runs/{run}/delivery/"))
        write_returns(out / "delivery.zip", out=out / "back", run=name, world=self.world, corrected=corrected)
        for source, kind in EXPECTED:
            before = len(manager.rows(f"{self.at}/runs/{run}/returns/"))
            path = out / "back" / FOLDERS[source] / f"{kind}.csv"
            manager.act(
                f"{self.at}/runs/{run}/receive/",
                {"source": source, "kind": kind},
                files=(path.name, path),
                done=lambda before=before: len(manager.rows(f"{self.at}/runs/{run}/returns/")) > before,
            )

    def _reconcile(self, run: str) -> None:
        manager, at = self["yuanxiu.manager"], f"{self.at}/runs/{run}/"
        before = manager.get(at)["finished_at"]

        def asked() -> bool:
            row = manager.get(at)
            return row["state"] == "reconciling" or row["finished_at"] != before

        manager.act(f"{at}reconcile/", done=asked)
        self._until(
            lambda: (row := manager.get(at))["state"] == "done" and row["finished_at"] != before,
            "the reconciliation",
        )

    def _walk(self, upto: int) -> None:
        steps = self["canglan.manager"].rows(f"{self.at}/runbook/")
        for step in sorted(steps, key=lambda row: row["number"]):
            if step["number"] > upto or step["state"] != "waiting":
                continue
            by = self["canglan.manager" if step["owner_side"] == "transferor" else "yuanxiu.manager"]
            for act, done in (("start", "runbook.started_already"), ("finish", "runbook.not_running")):
                by.act(f"{self.at}/runbook/{step['id']}/{act}/", done=(done,))

    def _until(self, true: Callable[[], bool], what: str) -> None:
        self.journal.enter(f"wait: {what}")
        until = time.monotonic() + WAIT_SECONDS
        while not true():
            assert time.monotonic() < until, f"{what} did not end within {WAIT_SECONDS:.0f} s"
            time.sleep(0.2)
        self.journal.leave()


def _path(folder: Path, name: str) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.stem == name)
