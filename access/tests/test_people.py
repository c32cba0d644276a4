from io import StringIO

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from access.duties import Duty
from access.errors import NotAllowed
from access.models import Organisation, RoleAssignment, User
from access.services import (
    assign_duty,
    create_branch,
    create_organisation,
    create_user,
    found_installation,
    switch_user,
)
from access.tests.log import events, last_event
from audit.errors import Refused
from vault.keyring import prepare_installation
from vault.models import Epoch

pytestmark = pytest.mark.django_db

NEW_BROKER = {"code": "jianghe", "name_en": "Jianghe", "name_zh": "江河证券", "kind": "broker"}


def account(organisation, by, username="new.person", password="quite a long sentence", **more):
    return create_user(
        by=by, organisation=organisation, username=username, name="N", password=password, **more
    )


def test_it_registers_a_broker_with_keys(admin):
    made = create_organisation(by=admin, **NEW_BROKER, contact={"phone": "021-1"})
    assert made.code == "JIANGHE"
    assert made.contact_phone == "021-1"
    assert Epoch.objects.filter(org=made.pk).exists()
    assert events() == ["access.organisation_created"]
    assert last_event().subject == made.pk


def test_a_guest_gets_no_keys(admin):
    made = create_organisation(by=admin, **{**NEW_BROKER, "kind": "auditor"})
    assert not Epoch.objects.filter(org=made.pk).exists()


def test_only_an_administrator_registers_organisations(giver_officer):
    for who in (None, giver_officer):
        with pytest.raises(NotAllowed):
            create_organisation(by=who, **NEW_BROKER)
    assert events() == []
    assert not Organisation.objects.filter(code="JIANGHE").exists()


def test_it_refuses_a_code_in_use(admin, yuanxiu):
    with pytest.raises(Refused) as refusal:
        create_organisation(by=admin, **{**NEW_BROKER, "code": "yuanxiu"})
    assert refusal.value.code == "access.code_taken"
    assert events() == []


def test_it_adds_a_branch_once(admin, canglan):
    branch = create_branch(by=admin, organisation=canglan, code="1", name_en="A", name_zh="甲")
    assert branch.parties() == {canglan.pk}
    with pytest.raises(Refused):
        create_branch(by=admin, organisation=canglan, code="1", name_en="B", name_zh="乙")
    assert events() == ["access.branch_created"]


def test_an_administrator_adds_no_branch_elsewhere(admin, taker_officer, yuanxiu):
    with pytest.raises(NotAllowed):
        create_branch(by=admin, organisation=yuanxiu, code="1", name_en="A", name_zh="甲")
    assert events() == []


def test_it_opens_an_account_without_duties(admin, canglan, canglan_branch):
    user = account(canglan, admin, branch=canglan_branch, language="zh-hans", staff_no="0101007")
    assert user.check_password("quite a long sentence")
    assert user.staff_no == "0101007"
    assert user.password.startswith("argon2")
    assert not user.assignments.exists()
    assert events() == ["access.user_created"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "ADMIN"}, "access.username_taken"),
        ({"password": "short"}, "access.password_weak"),
        ({"password": "1029384756102938"}, "access.password_weak"),
    ],
)
def test_it_refuses_taken_names_and_weak_passwords(admin, canglan, change, code):
    with pytest.raises(Refused) as refusal:
        account(canglan, admin, **change)
    assert refusal.value.code == code
    assert refusal.value.message
    assert events() == []


def test_it_refuses_the_branch_of_another_organisation(admin, canglan, yuanxiu_branch):
    with pytest.raises(Refused) as refusal:
        account(canglan, admin, branch=yuanxiu_branch)
    assert refusal.value.code == "access.branch_elsewhere"


def test_an_administrator_opens_no_account_at_another_broker(admin, yuanxiu, taker_officer):
    with pytest.raises(NotAllowed):
        account(yuanxiu, admin)
    assert events() == []


def test_any_administrator_opens_accounts_of_guests(admin, auditor, audit_firm):
    account(audit_firm, admin)
    assert events() == ["access.user_created"]


def test_a_new_broker_gets_its_first_administrator_from_outside_and_then_looks_after_itself(admin, yuanxiu):
    first = account(yuanxiu, admin, username="first")
    with pytest.raises(NotAllowed):
        assign_duty(by=admin, user=first, duty=Duty.TRANSFER_MANAGER)
    assign_duty(by=admin, user=first, duty=Duty.ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        account(yuanxiu, admin, username="second")
    second = account(yuanxiu, first, username="second")
    with pytest.raises(NotAllowed):
        assign_duty(by=admin, user=second, duty=Duty.ADMINISTRATOR)
    assert events() == ["access.user_created", "access.duty_assigned", "access.user_created"]


def test_a_broker_with_one_official_is_not_taken_over(admin, taker_officer):
    with pytest.raises(NotAllowed):
        assign_duty(by=admin, user=taker_officer, duty=Duty.ADMINISTRATOR)
    assert events() == []


def test_it_switches_an_account_off_and_on(admin, giver_officer):
    switch_user(giver_officer.pk, on=False, by=admin)
    assert not User.objects.get(pk=giver_officer.pk).is_active
    switch_user(giver_officer.pk, on=False, by=admin)
    switch_user(giver_officer.pk, on=True, by=admin)
    assert events() == ["access.user_switched_off", "access.user_switched_on"]


def test_nobody_switches_their_own_account_or_one_elsewhere(admin, taker_admin, taker_officer):
    with pytest.raises(Refused):
        switch_user(admin.pk, on=False, by=admin)
    with pytest.raises(NotAllowed):
        switch_user(taker_officer.pk, on=False, by=admin)
    assert events() == []


def test_the_installation_is_founded_once():
    prepare_installation()
    words = {"code": "CANGLAN", "name_en": "C", "name_zh": "沧澜", "username": "root.admin", "name": "A"}
    user = found_installation(**words, password="quite a long sentence")
    assert user.assignments.get().duty == Duty.ADMINISTRATOR
    assert events() == ["access.organisation_created", "access.user_created", "access.duty_assigned"]
    with pytest.raises(Refused) as refusal:
        found_installation(**{**words, "code": "X", "username": "y"}, password="quite a long sentence")
    assert refusal.value.code == "access.administrator_exists"


def test_the_database_repeats_the_rules(giver_officer, canglan):
    wrong = [
        lambda: RoleAssignment.objects.create(user=giver_officer, duty="trainer", granted_by=giver_officer),
        lambda: RoleAssignment.objects.create(user=giver_officer, duty="compliance_officer"),
        lambda: RoleAssignment.objects.create(
            user=giver_officer, duty="trainer", starts_on="2026-02-02", ends_on="2026-02-01"
        ),
        lambda: User.objects.create(username="GIVER.officer", name="x", organisation=canglan),
        lambda: Organisation.objects.create(code="Z", name_en="z", name_zh="z", kind="bank"),
    ]
    for act in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_auditlog_keeps_the_diff_but_no_password(admin, canglan):
    user = account(canglan, admin)
    entry = LogEntry.objects.get_for_object(user).get()
    assert "username" in entry.changes_dict
    assert "password" not in entry.changes_dict


def test_the_command_founds_the_installation_and_refuses_the_second_time(tmp_path, monkeypatch):
    prepare_installation()
    secret = tmp_path / "password"
    secret.write_text("quite a long sentence\n")
    monkeypatch.setenv("ADMIN_PASSWORD_FILE", str(secret))
    words = ["--code=CANGLAN", "--name-en=C", "--name-zh=沧澜", "--username=first", "--name=A"]
    call_command("found_installation", *words, stdout=StringIO())
    assert User.objects.get(username="first").check_password("quite a long sentence")
    with pytest.raises(CommandError, match="administrator exists"):
        call_command("found_installation", *words)
