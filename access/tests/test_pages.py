import pytest
from django.urls import reverse

from access.duties import Duty
from access.models import Organisation, User
from access.policies import duties_in_force, holds_grant
from access.tests.log import events

pytestmark = pytest.mark.django_db

NEW = {"username": "li.na", "name": "李娜", "language": "zh-hans", "password": "quite a long sentence"}


def page(name, *args):
    return reverse(f"access-{name}", args=args)


def test_the_list_shows_the_people_of_the_house_and_their_duties(
    signed_in, admin, giver_staff, taker_officer
):
    text = signed_in(admin).get(page("people")).content.decode()
    assert "giver.staff" in text
    assert "Client service" in text
    assert "taker.officer" not in text


def test_an_officer_reads_but_changes_nothing(signed_in, giver_officer, giver_staff):
    browser = signed_in(giver_officer)
    text = browser.get(page("person", giver_staff.pk)).content.decode()
    assert "Give a duty" not in text
    assert browser.post(page("person", giver_staff.pk), {"duty": "trainer"}).status_code == 404
    assert duties_in_force(giver_staff) == {Duty.CLIENT_SERVICE}
    assert events() == ["handover.access_refused"]


def test_a_person_of_another_firm_does_not_exist(signed_in, admin, taker_officer, taker_admin):
    browser = signed_in(admin)
    assert browser.get(page("person", taker_officer.pk)).status_code == 404
    held = taker_officer.assignments.get()
    assert browser.post(page("duty-end", held.pk)).status_code == 404


def test_it_opens_an_account_and_gives_a_duty(stepped_up, admin, canglan):
    browser = stepped_up(admin)
    answer = browser.post(page("person-new"), {**NEW, "organisation": canglan.pk})
    made = User.objects.get(username="li.na")
    assert answer["Location"] == page("person", made.pk)
    browser.post(page("person", made.pk), {"duty": "trainer"})
    assert duties_in_force(made) == {Duty.TRAINER}
    assert events() == ["access.user_created", "access.duty_assigned"]


def test_what_is_wrong_stands_beside_the_field(stepped_up, admin, canglan, yuanxiu, taker_officer):
    browser = stepped_up(admin)
    cases = [
        ({"username": "ADMIN"}, "username"),
        ({"password": "short"}, "password"),
        ({"organisation": yuanxiu.pk}, "organisation"),
        ({"username": "with space"}, "username"),
    ]
    for change, field in cases:
        answer = browser.post(page("person-new"), {**NEW, "organisation": canglan.pk, **change})
        assert list(answer.context["form"].errors) == [field]
    # Only what a service refused is in the log: a taken name and a weak password; the form caught the rest.
    assert events() == ["handover.act_refused"] * 2


def test_a_refused_duty_is_explained_on_the_page(signed_in, admin, giver_staff):
    answer = signed_in(admin).post(page("person", giver_staff.pk), {"duty": "auditor"})
    assert "One person may not hold both duties: Client service and Auditor." in answer.content.decode()
    assert events() == ["handover.act_refused"]


def test_it_ends_a_duty(signed_in, admin, giver_staff):
    held = giver_staff.assignments.get()
    assert signed_in(admin).post(page("duty-end", held.pk)).status_code == 302
    assert duties_in_force(giver_staff) == frozenset()
    assert events() == ["access.duty_ended"]


def test_it_switches_an_account(stepped_up, admin, giver_staff):
    browser = stepped_up(admin)
    browser.post(page("person-switch", giver_staff.pk), {"on": "0"})
    assert not User.objects.get(pk=giver_staff.pk).is_active
    browser.post(page("person-switch", giver_staff.pk), {"on": "1"})
    assert User.objects.get(pk=giver_staff.pk).is_active
    assert events() == ["access.user_switched_off", "access.user_switched_on"]


def test_it_registers_an_organisation(stepped_up, admin):
    words = {"code": "mingcha", "kind": "auditor", "name_zh": "明察", "name_en": "Mingcha"}
    browser = stepped_up(admin)
    assert browser.post(page("organisation-new"), words).status_code == 302
    assert Organisation.objects.get(code="MINGCHA").kind == "auditor"
    assert "Mingcha" in browser.get(page("organisations")).content.decode()
    answer = browser.post(page("organisation-new"), words)
    assert list(answer.context["form"].errors) == ["code"]
    assert events() == ["access.organisation_created", "handover.act_refused"]


def test_it_registers_a_branch_of_its_own_house_once(signed_in, admin, yuanxiu):
    words = {"code": "0101", "name_zh": "北京海淀营业部", "name_en": "Haidian"}
    browser = signed_in(admin)
    assert browser.post(page("branches"), words).status_code == 302
    assert list(admin.organisation.branches.values_list("code", flat=True)) == ["0101"]
    assert not yuanxiu.branches.exists()
    assert "北京海淀营业部" in browser.get(page("branches")).content.decode()
    assert list(browser.post(page("branches"), words).context["form"].errors) == ["code"]
    assert events() == ["access.branch_created", "handover.act_refused"]


def test_an_officer_reads_branches_and_adds_none(signed_in, giver_officer):
    browser = signed_in(giver_officer)
    assert browser.get(page("branches")).status_code == 200
    words = {"code": "0101", "name_zh": "北京海淀营业部", "name_en": "Haidian"}
    assert browser.post(page("branches"), words).status_code == 404
    assert not giver_officer.organisation.branches.exists()


def test_ones_own_account_shows_duties_and_grants(signed_in, giver_staff, make_user, canglan):
    assert "Client service" in signed_in(giver_staff).get(page("account")).content.decode()
    assert "You hold no duty today" in signed_in(make_user(canglan)).get(page("account")).content.decode()


@pytest.mark.parametrize(
    "name", ["people", "person-new", "organisations", "organisation-new", "account", "password", "step-up"]
)
def test_every_page_opens_in_both_languages(stepped_up, admin, name):
    for language in ("en", "zh-hans"):
        answer = stepped_up(admin).get(page(name), headers={"accept-language": language})
        assert answer.status_code == 200


def test_an_object_is_opened_to_a_guest_and_closed_again(signed_in, admin, auditor, canglan_branch):
    browser = signed_in(admin)
    address = page("grant-new", "access.branch", canglan_branch.pk)
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"user": auditor.pk})["Location"] == page("grants")
    assert holds_grant(auditor, canglan_branch)
    assert "has this access already" in browser.post(address, {"user": auditor.pk}).content.decode()
    assert "Close now" in browser.get(page("grants")).content.decode()
    browser.post(page("grant-end", auditor.grants.get().pk))
    assert not holds_grant(auditor, canglan_branch)
    assert events() == ["access.grant_given", "handover.act_refused", "access.grant_ended"]


def test_nobody_opens_what_is_not_theirs_or_does_not_exist(
    signed_in, admin, taker_admin, auditor, giver_staff, yuanxiu_branch, canglan_branch
):
    browser = signed_in(admin)
    for label, pk in (
        ("access.branch", yuanxiu_branch.pk),
        ("access.branch", auditor.pk),
        ("access.moon", auditor.pk),
        ("sessions.session", auditor.pk),
    ):
        assert browser.post(page("grant-new", label, pk), {"user": auditor.pk}).status_code == 404
    own = page("grant-new", "access.branch", canglan_branch.pk)
    assert signed_in(giver_staff).post(own, {"user": auditor.pk}).status_code == 404
    assert browser.post(own, {"user": taker_admin.pk}).status_code == 200
    assert not auditor.grants.exists() and not taker_admin.grants.exists()
