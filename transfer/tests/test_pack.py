"""The regulator's pack says in both languages what the certificate states, and verifies from its own files."""

import hashlib
import io
import re
import subprocess
import sys
import zipfile

import pypdf
import pytest

from access.errors import NotAllowed
from audit.errors import Refused
from clients.models import NoticeCampaign
from transfer.certificate.kinds import paper_kinds
from transfer.certificate.papers.handover import certificate_paper
from transfer.models import PackDocument
from transfer.services.certificates import download_certificate, read_certificate, statement_in
from transfer.services.packs import (
    certificate_pdf,
    print_paper,
    read_document,
    regulator_pack,
    zip_pack,
)
from transfer.tests.test_certificate import certificate, cut_over, mandate, ready  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db

# Without an approved assessment and a reported disposal plan there is no paper of them.
MADE = [kind.code for kind in paper_kinds() if kind.code not in {"impact_assessment", "disposal_plan"}]


def words(pdf: bytes) -> str:
    """The text of all pages without its blanks."""
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))


@pytest.fixture
def notice(certificate, canglan, giver_officer, giver_officer2):  # noqa: F811
    return NoticeCampaign.objects.create(
        occasion=certificate.transfer_id,
        sender=canglan,
        number=1,
        text_en="Your account moves.\r\nYou may object.",
        text_zh="您的账户将转移。\n您可以提出异议。",
        text_digest=b"\1" * 32,
        created_by=giver_officer,
        approved_by=giver_officer2,
    )


@pytest.fixture
def pack(certificate, notice, giver_officer):  # noqa: F811
    return {
        (row.kind, row.language): row
        for row in regulator_pack(transfer=certificate.transfer, by=giver_officer)
    }


def test_every_paper_stands_in_both_languages_with_its_digest_in_the_log(audited, pack, certificate):  # noqa: F811
    assert set(pack) == {(kind, language) for kind in MADE for language in ("en", "zh-hans")}
    assert ("certificate.pack_made", certificate.pk) in audited()


def test_the_papers_say_the_figures_in_both_languages(pack, certificate, taker_officer):  # noqa: F811
    for language in ("en", "zh-hans"):
        text = {kind: words(read_document(document=pack[kind, language], by=taker_officer)) for kind in MADE}
        assert "datacustodyof3clients" in text["certificate"]
        assert "3名客户的数据控制权" in text["certificate"]
        assert certificate.digest in text["certificate"]
        assert bytes(certificate.root).hex() in text["certificate"]
        assert "移交清单" in text["handover_list"] and "Handoverlist" in text["handover_list"]
        assert "监交人" in text["handover_list"] and "公章" in text["handover_list"]
        assert "您可以提出异议。" in text["notices"] and "Youmayobject." in text["notices"]
        assert "Approvals" in text["approvals"] and "批准" in text["approvals"]
        assert "Gate7:People" in text["exceptions"] and "Notrainingroomyet" in text["exceptions"]
        assert "Exceptionsgranted:1" in text["exceptions"]
        assert "差异" in text["breaks"] and "Breaktable" in text["breaks"]
        for kind, paper in text.items():
            assert f"{certificate.number}-" in paper, kind
            assert re.search(r"Page1/\d", paper) or re.search(r"第1/\d页", paper), kind


def test_the_exception_stands_on_the_first_page_of_the_certificate(pack, giver_officer):
    pdf = read_document(document=pack["certificate", "en"], by=giver_officer)
    first = re.sub(r"\s", "", pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text())
    assert "Notrainingroomyet" in first


def test_a_sign_that_no_font_draws_stands_as_its_code_point(certificate, giver_officer):  # noqa: F811
    statement = statement_in(read_certificate(certificate=certificate, by=giver_officer))
    statement["exceptions"][0]["reason"] = "Fine \U0001f600\r\nwith it"
    text = words(print_paper("certificate", certificate_paper(certificate, statement), "en"))
    assert "Fine[U+1F600][U+000D]withit" in text


def test_the_pack_is_made_once(pack, certificate, giver_officer):  # noqa: F811
    again = regulator_pack(transfer=certificate.transfer, by=giver_officer)
    assert {row.pk for row in again} == {row.pk for row in pack.values()}


def test_the_archive_verifies_from_its_own_files(pack, certificate, taker_manager, tmp_path):  # noqa: F811
    archive = zipfile.ZipFile(io.BytesIO(zip_pack(transfer=certificate.transfer, by=taker_manager)))
    archive.extractall(tmp_path)
    assert len(archive.namelist()) == 2 * len(MADE) + 3
    program = [sys.executable, "-I", "verify_handover.py", "certificate.json", "--keys", "keys.json"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout


def test_without_a_certificate_there_is_no_pack(at_stage, giver_officer, audited):
    with pytest.raises(Refused) as refusal:
        regulator_pack(transfer=at_stage("settled"), by=giver_officer)
    assert refusal.value.code == "certificate.not_issued"
    assert audited() == []


def test_a_steward_may_neither_make_nor_read_it(pack, certificate, giver_steward):  # noqa: F811
    for act in (
        lambda: regulator_pack(transfer=certificate.transfer, by=giver_steward),
        lambda: zip_pack(transfer=certificate.transfer, by=giver_steward),
        lambda: read_document(document=pack["breaks", "en"], by=giver_steward),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_paper_of_another_digest_is_refused(pack, giver_officer):
    document = pack["breaks", "en"]
    PackDocument.objects.filter(pk=document.pk).update(digest="0" * 64)
    document.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        read_document(document=document, by=giver_officer)
    assert refusal.value.code == "certificate.file_changed"


def test_an_auditor_who_was_let_in_reads_the_certificate(certificate, auditor, audited):  # noqa: F811
    document = download_certificate(certificate=certificate, by=auditor)
    assert hashlib.sha256(document).hexdigest() == certificate.digest
    assert ("certificate.downloaded", certificate.pk) in audited()
    pdf = certificate_pdf(certificate=certificate, language="zh-hans", by=auditor)
    assert pdf == certificate_pdf(certificate=certificate, language="zh-hans", by=auditor)
