"""Disposal plans: due by the pack's figure, written by one, approved by another, reported, and in the pack."""

import datetime
import io
import re

import msgspec
import pypdf
import pytest
from django.db import IntegrityError, transaction as database
from django.urls import reverse
from django.utils import timezone

from access.errors import NotAllowed
from audit.errors import Refused
from governance.events import DisposalEvent
from governance.models import DisposalPlan
from governance.papers import disposal_plan, impact_assessment, plan_is_due
from governance.services.assessments import approve_assessment, draft_assessment
from governance.services.disposal import approve_plan, draft_plan, report_plan
from governance.services.plan_paper import take_plan
from rules import packs
from transfer.gates.registry import gate
from transfer.services.certificates import read_certificate, statement_in
from transfer.services.packs import print_paper, regulator_pack
from transfer.tests.test_certificate import certificate, cut_over, mandate, ready  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db

TEXTS = {
    "recipient_contact": "Data office, 021-5555 0100",
    "safeguards": "Sealed rows under each client's key.\nFour eyes for every release.",
    "timetable": "Custody passes on one weekend; what is left is destroyed within a year.",
}
REPORT = {"authority": "Provincial cyberspace office", "reference": "WX-2026-17"}


@pytest.fixture
def asked_from_one_person(monkeypatch):
    """The pack with the figure of 10 million persons lowered to one."""
    real = packs.load_pack

    def lowered(*arguments, **options):
        pack = real(*arguments, **options)
        rules = [
            msgspec.structs.replace(
                rule, thresholds=[msgspec.structs.replace(each, figure=1) for each in rule.thresholds]
            )
            if rule.id == "CN15"
            else rule
            for rule in pack.rules
        ]
        return msgspec.structs.replace(pack, rules=type(pack.rules)(rules))

    for module in ("transfer.gates.duties", "governance.papers"):
        monkeypatch.setattr(f"{module}.load_pack", lowered)


@pytest.fixture
def drafted(transfer, giver_officer):
    return draft_plan(transfer=transfer, by=giver_officer, **TEXTS)


@pytest.fixture
def approved(drafted, giver_officer2):
    return approve_plan(plan=drafted, by=giver_officer2)


def report(plan, by, **changed):
    return report_plan(plan=plan, by=by, **{**REPORT, "reported_on": timezone.localdate(), **changed})


def fact(transfer):
    return next((each for each in gate(transfer, 3).facts if each.code == "duty:CN15.disposal_plan"), None)


def words(pdf):
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))


def test_a_small_firm_is_not_asked(transfer, make_client):
    make_client()
    assert not plan_is_due(transfer)
    assert fact(transfer) is None


def test_the_packs_figure_asks_and_the_report_satisfies_gate_three(
    transfer, make_client, asked_from_one_person, drafted, giver_officer, giver_officer2, audited
):
    assert fact(transfer) is None
    make_client()
    assert plan_is_due(transfer)
    assert fact(transfer).ok is False
    assert fact(transfer).link == reverse("governance-disposal", args=[transfer.pk])
    approve_plan(plan=drafted, by=giver_officer2)
    assert fact(transfer).ok is False
    report(drafted, giver_officer)
    assert fact(transfer).ok is True
    drafted.refresh_from_db()
    assert (drafted.reference, drafted.reported_by) == ("WX-2026-17", giver_officer)
    assert audited() == [(DisposalEvent.APPROVED, drafted.pk), (DisposalEvent.REPORTED, drafted.pk)]


@pytest.mark.parametrize("missing", list(TEXTS))
def test_every_heading_wants_words(transfer, giver_officer, missing, audited):
    with pytest.raises(Refused) as refusal:
        draft_plan(transfer=transfer, by=giver_officer, **{**TEXTS, missing: "  "})
    assert refusal.value.code == "disposal.text_missing"
    assert audited() == []


def test_the_author_does_not_approve_nor_does_the_database_let_them(drafted, giver_officer, audited):
    with pytest.raises(Refused) as refusal:
        approve_plan(plan=drafted, by=giver_officer)
    assert refusal.value.code == "disposal.four_eyes"
    with pytest.raises(IntegrityError), database.atomic():
        DisposalPlan.objects.filter(pk=drafted.pk).update(
            approved_by=giver_officer, approved_at=timezone.now()
        )
    assert audited() == []


def test_only_an_approved_plan_is_reported(drafted, giver_officer):
    with pytest.raises(Refused) as refusal:
        report(drafted, giver_officer)
    assert refusal.value.code == "disposal.not_approved"
    with pytest.raises(IntegrityError), database.atomic():
        DisposalPlan.objects.filter(pk=drafted.pk).update(
            reported_by=giver_officer, reported_on=timezone.localdate(), **REPORT
        )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"authority": " "}, "disposal.text_missing"),
        ({"reference": ""}, "disposal.text_missing"),
        ({"reported_on": timezone.localdate() + datetime.timedelta(days=1)}, "disposal.day_ahead"),
        ({"reported_on": timezone.localdate() - datetime.timedelta(days=1)}, "disposal.day_early"),
    ],
)
def test_a_report_names_authority_reference_and_a_day_that_can_be(approved, giver_officer, changed, code):
    with pytest.raises(Refused) as refusal:
        report(approved, giver_officer, **changed)
    assert refusal.value.code == code


def test_what_was_reported_stands(approved, transfer, giver_officer):
    report(approved, giver_officer)
    for act in (
        lambda: report(approved, giver_officer),
        lambda: draft_plan(transfer=transfer, by=giver_officer, **TEXTS),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "disposal.reported_already"


def test_a_later_version_replaces_an_earlier_one(approved, transfer, giver_officer, giver_officer2):
    second = draft_plan(transfer=transfer, by=giver_officer, **TEXTS)
    with pytest.raises(Refused) as refusal:
        report(approved, giver_officer)
    assert refusal.value.code == "disposal.superseded"
    approve_plan(plan=second, by=giver_officer2)
    assert report(second, giver_officer2).version == 2


def test_it_refuses_other_duties_and_other_firms(
    approved, transfer, giver_manager, auditor, make_user, law_firm
):
    stranger = make_user(law_firm, "compliance_officer")
    for person in (giver_manager, auditor, stranger):
        for act in (
            lambda by: draft_plan(transfer=transfer, by=by, **TEXTS),
            lambda by: approve_plan(plan=approved, by=by),
            lambda by: report(approved, by),
        ):
            with pytest.raises(NotAllowed):
                act(person)
    with pytest.raises(NotAllowed):
        take_plan(plan=approved, language="en", by=stranger)


def test_the_paper_says_data_recipient_and_persons_in_both_languages(
    approved, make_client, giver_officer, audited
):
    make_client()
    text = words(take_plan(plan=approved, language="zh-hans", by=giver_officer))
    for said in (
        "数据处置方案",
        "Disposalplan",
        "Beforethetransfer:1persons",
        "021-55550100",
        "Sealedrowsundereach",
    ):
        assert said in text, said
    assert audited()[-1] == (DisposalEvent.TAKEN, approved.pk)


def test_assessment_and_reported_plan_are_papers_of_the_pack(
    certificate,
    ready,
    giver_officer,
    giver_officer2,
    monkeypatch,  # noqa: F811
):
    statement = statement_in(read_certificate(certificate=certificate, by=giver_officer))
    assert impact_assessment(certificate, statement) is None
    assert disposal_plan(certificate, statement) is None
    made = draft_assessment(
        transfer=ready,
        necessity="The firm is absorbed.",
        risks="Wrong recipients.",
        measures="Sealed rows.",
        conclusion="accept",
        by=giver_officer,
    )
    approve_assessment(assessment=made, by=giver_officer2)
    report(
        approve_plan(plan=draft_plan(transfer=ready, by=giver_officer, **TEXTS), by=giver_officer2),
        giver_officer,
    )
    kinds = {row.kind for row in regulator_pack(transfer=ready, by=giver_officer)}
    assert {"impact_assessment", "disposal_plan", "approvals", "exceptions"} <= kinds
    text = words(print_paper("table_report", impact_assessment(certificate, statement), "en"))
    assert "Wrongrecipients." in text and "个人信息保护影响评估" in text


def test_the_pages_lead_from_nothing_to_reported(transfer, giver_officer, giver_officer2, signed_in):
    address = reverse("governance-disposal", args=[transfer.pk])
    author, second = signed_in(giver_officer), signed_in(giver_officer2)
    assert "No disposal plan" in author.get(address).content.decode()
    empty = author.post(f"{address}new/", {"safeguards": "Seals"})
    assert empty.status_code == 200 and "Seals" in empty.content.decode()
    assert author.post(f"{address}new/", TEXTS).status_code == 302
    made = DisposalPlan.objects.get()
    assert reverse("governance-disposal-approve", args=[made.pk]) not in author.get(address).content.decode()
    assert second.post(reverse("governance-disposal-approve", args=[made.pk])).status_code == 302
    form = reverse("governance-disposal-report", args=[made.pk])
    late = author.post(form, {**REPORT, "reported_on": "2999-01-01"})
    assert "lies in the future" in late.content.decode()
    assert author.post(form, {**REPORT, "reported_on": timezone.localdate().isoformat()}).status_code == 302
    assert "WX-2026-17" in second.get(address).content.decode()
    pdf = second.get(reverse("governance-disposal-paper", args=[made.pk]))
    assert pdf.content.startswith(b"%PDF") and pdf["Cache-Control"] == "no-store"
