"""The certificate is issued, downloaded and checked offline; the regulator's pack is taken away."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from handover.tests.browser.company import Walk
from handover.tests.browser.looking import a_moving_client


def certify(walk: Walk) -> None:
    officer = walk.at("canglan.officer1", "certificate/").follow("Draft the certificate")
    officer.press("Draft the certificate").reads("The certificate is drafted")
    officer.follow("Sign the certificate").press("Sign the certificate")
    officer.reads("Your signature stands under the certificate")
    other = walk.at("yuanxiu.officer1", "certificate/").follow("Sign the certificate")
    other.press("Sign the certificate").reads("The certificate is issued")
    officer = walk.at("canglan.officer1", "certificate/")
    moving = walk.answers["verdict_counts"]["moving"]
    officer.reads_first(re.compile(rf"{moving}\D+1\D+1\b"))
    officer.reads("Gate 7 by exception.", "Training is recorded on paper for now.")


def verify_offline(walk: Walk) -> None:
    """From the downloaded files alone everything fits; with one byte changed it does not."""
    folder = walk.scratch / "certificate"
    officer = walk.at("yuanxiu.officer1", "certificate/")
    for name in ("certificate.json", "keys.json", "verify_handover.py"):
        officer.downloads(name, folder / name)
    officer.fill(by="source_no", value=a_moving_client(walk)["客户号"]).press("Search", within="main")
    officer.downloads(re.compile("^Proof"), folder / "client-proof.json", within="main ul")
    auditor = walk["auditor"].go("/").follow("Audit")
    auditor.downloads("Checkpoint", folder / "checkpoint.txt")
    whole = _verify(folder)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    certificate, moving = folder / "certificate.json", str(walk.answers["verdict_counts"]["moving"]).encode()
    content = certificate.read_bytes()
    certificate.write_bytes(content.replace(moving, b"%d" % (int(moving) + 1), 1))
    changed = _verify(folder)
    assert changed.returncode == 1, changed.stdout + changed.stderr
    certificate.write_bytes(content)


def _verify(folder: Path) -> subprocess.CompletedProcess[str]:
    given = ["--keys", "keys.json", "--proof", "client-proof.json", "--checkpoint", "checkpoint.txt"]
    command = [sys.executable, "-I", "verify_handover.py", "certificate.json", *given]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def make_the_pack(walk: Walk) -> None:
    officer = walk.at("canglan.officer1", "pack/").press("Make the pack").reads("The pack is made")
    taken = officer.downloads("Download everything", walk.scratch / "pack.zip")
    with zipfile.ZipFile(taken) as pack:
        assert pack.testzip() is None
        names = pack.namelist()
    assert {"certificate.json", "keys.json", "verify_handover.py"} <= {Path(name).name for name in names}
    papers = (
        "certificate",
        "handover_list",
        "notices",
        "approvals",
        "exceptions",
        "breaks",
        "impact_assessment",
    )
    wanted = {f"{paper}-{language}.pdf" for paper in papers for language in ("en", "zh-hans")}
    assert {name for name in names if name.endswith(".pdf")} == wanted
