"""Strings that break programs, as names and addresses: through import, database, API, page, export and back."""

import csv
import io
import json
import unicodedata
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils.html import escape

from audit.reading import reading
from clients.models import Client
from transfer.models import Reject
from transfer.services.imports import run_now, start_run
from transfer.services.intake import take_in
from transfer.services.rejects import reject_file, reject_subjects
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import AS_OF, sealed

NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "hostile" / "blns.json"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not NAUGHTY.exists(), reason="../shared/data is not on this machine"),
]

HEADER = [
    "客户号",
    "客户类型",
    "客户姓名",
    "证件类型",
    "证件号码",
    "客户状态",
    "开户日期",
    "营业部代码",
    "联系地址",
]
REASONS = {"control_character", "required_missing", "too_long"}


def strings() -> list[str]:
    return [text for text in json.loads(NAUGHTY.read_text(encoding="utf-8")) if "\x00" not in text]


def extract(status: str = "正常") -> tuple[bytes, dict[str, str]]:
    """A client for each string, and the string by client number."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    known = {}
    for number, text in enumerate(strings(), 1):
        key = f"{number:012d}"
        known[key] = text
        writer.writerow([key, "个人", text, "护照", f"E{number:08d}", status, "20200102", "0001", text])
    return out.getvalue().encode(), known


def has_reason(text: str) -> bool:
    """Whether the string holds what no name may: control, format or separator characters, or is blank."""
    return not text.strip() or any(
        unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} for letter in text
    )


@pytest.fixture
def loaded(transfer, canglan, giver_steward):
    data, known = extract()
    file = sealed(canglan, "a.csv", data)
    taken = take_in(transfer=transfer, file=file, purpose="full", by=giver_steward)
    run = run_now(start_run(extract=taken, mode="load", by=giver_steward, as_of=AS_OF))
    return run, known


def opened(organisation, actor) -> dict[str, tuple[str, str, str]]:
    """Per client number: id, name and address, from the database."""
    clients = list(Client.objects.all())
    with reading(
        actor=actor, organisation=organisation.pk, purpose="test", subjects=[client.pk for client in clients]
    ) as right:
        secrets = [client.open(right) for client in clients]
    return {
        secret.source_no: (str(client.pk), secret.name, secret.address)
        for client, secret in zip(clients, secrets, strict=True)
    }


def test_each_is_loaded_identically_or_refused_by_name_with_its_place(loaded, canglan, giver_officer):
    run, known = loaded
    found = opened(canglan, giver_officer)
    rejects = list(Reject.objects.filter(run=run).values_list("line", "column", "code"))
    assert (run.state, run.rows, run.accepted, len(rejects)) == (
        "done", len(known), len(found), len(known) - len(found)
    )  # fmt: skip
    for number, (_, name, address) in found.items():
        assert name == address == known[number].strip(" \u3000\u00a0\t")
    assert {code for _, _, code in rejects} <= REASONS
    assert {column for _, column, _ in rejects} <= {"客户姓名", "联系地址"}
    refused = [text for number, text in known.items() if number not in found]
    assert all(has_reason(text) or len(text) > 4096 for text in refused)
    assert len(found) > 450


def test_each_is_shown_escaped_by_the_page_and_identically_by_the_api(
    loaded, canglan, giver_officer, signed_in, api
):
    found = opened(canglan, giver_officer)
    browser, caller = signed_in(giver_officer), api(giver_officer)
    for pk, name, _ in found.values():
        answer = caller.post(f"clients/{pk}/reveal/", field="name", purpose="contact", words="x")
        assert answer.json()["value"] == name
        url = reverse("clients-reveal", args=[pk, "client", pk, "name"])
        page = browser.post(url, {"purpose": "contact", "words": "x"}).content.decode()
        assert escape(name) in page and name in unescape(page)
        assert "<" not in name or len(name) < 9 or name not in page
    listed = browser.get(reverse("clients-list")).content.decode()
    assert "<script>alert" not in listed and "onerror=" not in listed


def test_each_leaves_the_reject_file_harmless_and_comes_back_equal(
    transfer, canglan, giver_steward, giver_officer
):
    data, known = extract(status="坏")
    file = sealed(canglan, "a.csv", data)
    taken = take_in(transfer=transfer, file=file, purpose="full", by=giver_steward)
    run = run_now(start_run(extract=taken, mode="load", by=giver_steward, as_of=AS_OF))
    assert run.accepted == 0
    with reading(
        actor=giver_steward, organisation=canglan.pk, purpose="export_rejects", subjects=reject_subjects(run)
    ) as right:
        out = b"".join(reject_file(run=run, reading=right, language="en"))
    rows = list(csv.reader(io.StringIO(out.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(known) + 1
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r") and cell]
    mended = sealed(canglan, "mended.csv", out.replace(",坏,".encode(), ",正常,".encode()))
    again = take_in(transfer=transfer, file=mended, purpose="mended", kind="clients", by=giver_steward)
    run = run_now(start_run(extract=again, mode="load", by=giver_steward, as_of=AS_OF))
    found = opened(canglan, giver_officer)
    assert run.accepted == len(found) > 450
    for number, (_, name, address) in found.items():
        assert name == address == known[number].strip(" \u3000\u00a0\t")
