"""Impact assessments: written by one, approved by another, kept as long as the law asks, and opening gate 1's fact."""

import datetime

import pytest
from django.db import IntegrityError, transaction as database
from django.urls import reverse
from django.utils import timezone

from access.errors import NotAllowed
from audit.errors import Refused
from governance.events import AssessmentEvent
from governance.models import ImpactAssessment
from governance.services.assessments import approve_assessment, draft_assessment
from transfer.gates.registry import gate

pytestmark = pytest.mark.django_db

TEXTS = {
    "necessity": "The firm is absorbed.",
    "risks": "Wrong recipients.",
    "measures": "Sealed rows, four eyes.",
}


@pytest.fixture
def drafted(transfer, giver_officer):
    return draft_assessment(transfer=transfer, conclusion="accept", by=giver_officer, **TEXTS)


def fact(transfer):
    return next(each for each in gate(transfer, 1).facts if each.code == "duty:CN12.impact_assessment")


def test_it_waits_for_a_second_person(drafted, transfer, giver_officer, audited):
    assert (drafted.version, drafted.author, drafted.approved_by) == (1, giver_officer, None)
    assert fact(transfer).ok is False
    assert fact(transfer).link == f"/assessments/{transfer.pk}/"


def test_it_is_kept_for_the_longest_time_the_pack_asks_for(drafted):
    three_years = timezone.localdate() + datetime.timedelta(days=3 * 365)
    assert drafted.kept_until >= three_years
    assert drafted.kept_by == "CN20"


def test_another_person_approves_and_the_fact_holds(drafted, transfer, giver_officer2, audited):
    approve_assessment(assessment=drafted, by=giver_officer2)
    drafted.refresh_from_db()
    assert (drafted.approved_by, drafted.state) == (giver_officer2, "approved")
    assert fact(transfer).ok is True
    assert audited() == [(AssessmentEvent.APPROVED, drafted.pk)]


def test_the_author_does_not_approve(drafted, giver_officer, audited):
    with pytest.raises(Refused) as refusal:
        approve_assessment(assessment=drafted, by=giver_officer)
    assert refusal.value.code == "assessment.four_eyes"
    assert audited() == []


def test_the_database_refuses_the_author_too(drafted, giver_officer):
    with pytest.raises(IntegrityError), database.atomic():
        ImpactAssessment.objects.filter(pk=drafted.pk).update(
            approved_by=giver_officer, approved_at=timezone.now()
        )


def test_a_rejecting_assessment_proves_nothing(transfer, giver_officer, giver_officer2):
    made = draft_assessment(transfer=transfer, conclusion="reject", by=giver_officer, **TEXTS)
    approve_assessment(assessment=made, by=giver_officer2)
    assert fact(transfer).ok is False


def test_a_new_version_must_be_approved_anew(drafted, transfer, giver_officer, giver_officer2):
    second = draft_assessment(transfer=transfer, conclusion="accept", by=giver_officer2, **TEXTS)
    with pytest.raises(Refused) as refusal:
        approve_assessment(assessment=drafted, by=giver_officer2)
    assert refusal.value.code == "assessment.superseded"
    assert fact(transfer).ok is False
    approve_assessment(assessment=second, by=giver_officer)
    assert fact(transfer).ok is True
    with pytest.raises(Refused) as refusal:
        approve_assessment(assessment=second, by=giver_officer)
    assert refusal.value.code == "assessment.approved_already"


@pytest.mark.parametrize("missing", list(TEXTS))
def test_every_heading_wants_words(transfer, giver_officer, missing, audited):
    with pytest.raises(Refused) as refusal:
        draft_assessment(transfer=transfer, conclusion="accept", by=giver_officer, **{**TEXTS, missing: "  "})
    assert refusal.value.code == "assessment.text_missing"
    assert audited() == []


def test_it_refuses_other_duties_and_other_firms(
    transfer, giver_manager, auditor, make_user, law_firm, drafted
):
    stranger = make_user(law_firm, "compliance_officer")
    for person in (giver_manager, auditor, stranger):
        with pytest.raises(NotAllowed):
            draft_assessment(transfer=transfer, conclusion="accept", by=person, **TEXTS)
        with pytest.raises(NotAllowed):
            approve_assessment(assessment=drafted, by=person)


def test_a_transfer_that_has_ended_takes_none(at_stage, giver_officer):
    with pytest.raises(Refused) as refusal:
        draft_assessment(transfer=at_stage("aborted"), conclusion="accept", by=giver_officer, **TEXTS)
    assert refusal.value.code == "transfer.has_ended"


def test_the_pages_lead_from_nothing_to_approved(transfer, giver_officer, giver_officer2, signed_in):
    address = reverse("governance-assessments", args=[transfer.pk])
    author, second = signed_in(giver_officer), signed_in(giver_officer2)
    assert "Not assessed yet" in author.get(address).content.decode()
    empty = author.post(f"{address}new/", {"necessity": "Why"})
    assert empty.status_code == 200 and "Why" in empty.content.decode()
    assert author.post(f"{address}new/", {**TEXTS, "conclusion": "accept"}).status_code == 302
    made = ImpactAssessment.objects.get()
    approve = reverse("governance-assessment-approve", args=[made.pk])
    assert approve not in author.get(address).content.decode()
    page = second.get(address).content.decode()
    assert approve in page and TEXTS["risks"] in page
    assert second.post(approve).status_code == 302
    assert fact(transfer).ok is True


def test_the_pages_are_for_those_who_see_the_transfer(
    transfer, auditor, giver_staff, make_user, law_firm, signed_in
):
    address = reverse("governance-assessments", args=[transfer.pk])
    assert signed_in(auditor).get(address).status_code == 200
    assert signed_in(auditor).get(f"{address}new/").status_code == 404
    for person in (giver_staff, make_user(law_firm, "compliance_officer")):
        assert signed_in(person).get(address).status_code == 404


def test_the_api_does_the_same(transfer, giver_officer, giver_officer2, make_user, law_firm, signed_in):
    author, second = signed_in(giver_officer), signed_in(giver_officer2)
    given = {"transfer": str(transfer.pk), "conclusion": "accept", **TEXTS}
    made = author.post("/api/v1/assessments/", given, content_type="application/json")
    assert made.status_code == 201, made.content
    address = f"/api/v1/assessments/{made.json()['id']}/"
    assert author.post(f"{address}approve/").status_code == 409
    assert second.post(f"{address}approve/").json()["approved_by"] == str(giver_officer2.pk)
    stranger = signed_in(make_user(law_firm, "compliance_officer"))
    assert stranger.get(address).status_code == 404
    assert stranger.post("/api/v1/assessments/", given, content_type="application/json").status_code == 404
