"""An administrator registers a program in the browser; its token then does what docs/api.md says, command by command."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from axe_playwright_python.sync_playwright import Axe

from stand.tests.support import BASE

pytestmark = pytest.mark.browser
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCOPES = ("read:transfers", "write:transfers", "read:imports", "write:imports")


def documented():
    """The commands of docs/api.md and what it says they print: one script and one text."""
    words = (BASE / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(bash|text)\n(.*?)```", words, re.DOTALL)
    script = "".join(body for kind, body in blocks if kind == "bash")
    said = "".join(body for kind, body in blocks if kind == "text")
    return script, said


def run(script, folder, **told):
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **told},
        capture_output=True,
        text=True,
        timeout=120,
    )


def check_page(admin, folder, name):
    """No fault of accessibility, nothing that runs off a narrow screen, and a picture of both widths."""
    for width, size in (("wide", WIDE), ("narrow", NARROW)):
        admin.page.set_viewport_size(size)
        wider = admin.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, (name, width)
        faults = Axe().run(admin.page, options={"runOnly": RULES}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in faults] == [], (name, width)
        admin.page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    admin.page.set_viewport_size(WIDE)


def register(walk, folder):
    """Through the pages, with the password in between; the id and secret that the page shows once."""
    admin = walk["admin"]
    admin.go("/").follow("Programs").reads("No program acts for your organisation.")
    check_page(admin, folder, "programs-empty")
    admin.follow("Register a program", within="main, header, body")
    admin.fill(name="nightly import", requests_per_minute="600")
    for value in ("data_steward", "transfer_manager", *SCOPES):
        admin.page.locator(f'input[value="{value}"]').check()
    check_page(admin, folder, "program-new")
    admin.press("Register the program").reads("Copy the secret now.")
    check_page(admin, folder, "program-secret")
    client_id = admin.page.locator("#client-id").inner_text()
    secret = admin.page.locator("#client-secret").inner_text()
    admin.follow("I have copied it").reads("nightly import", "never")
    admin.reads_nowhere(secret)
    check_page(admin, folder, "program")
    return client_id, secret


@pytest.mark.skipif(shutil.which("curl") is None, reason="the documented commands need curl")
def test_a_program_is_registered_used_as_documented_and_revoked(walk, tmp_path):
    pictures = Path(os.environ.get("PICTURES") or tmp_path)
    client_id, secret = register(walk, pictures)
    shutil.copy(next((walk.world / "transferor").glob("客户资料*.csv")), tmp_path / "客户资料.csv")

    script, said = documented()
    told = {"BASE": walk.base, "CLIENT_ID": client_id, "CLIENT_SECRET": secret}
    done = run(script, tmp_path, **told)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == said

    admin = walk["admin"].go("/access/programs/")
    assert "minute" in admin.cells("nightly import")[3] or re.search(r"\d", admin.cells("nightly import")[3])
    check_page(admin, pictures, "programs")
    admin.page.locator("main").get_by_role("link", name="nightly import").click()
    admin.follow("Revoke the program").reads("Cannot be undone")
    check_page(admin, pictures, "program-revoke")
    admin.press("Revoke the program", within="main").reads_first("0 programs may act")
    again = run(script, tmp_path, **told)
    assert again.returncode != 0
    assert "401" in again.stderr

    admin.press("中文")
    for address, name in (("/access/programs/", "programs-zh"), ("/access/programs/new/", "program-new-zh")):
        admin.go(address)
        check_page(admin, pictures, name)
    assert walk.complaints() == []
