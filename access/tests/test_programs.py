"""Registering a program, changing its secret and revoking it: state and log together."""

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.db import IntegrityError, transaction
from oauth2_provider.models import AccessToken

from access.duties import Duty
from access.errors import NotAllowed
from access.models import Program, User
from access.policies import duties_in_force
from access.scopes import DUTIES_FOR_PROGRAMS, SCOPES, scope_for
from access.services import (
    assign_duty,
    change_secret,
    check_credentials,
    register_program,
    revoke_program,
    switch_user,
)
from access.tests.programs import ask_token, facts
from audit.errors import Refused

pytestmark = pytest.mark.django_db
IMPORTING = {"duties": [Duty.DATA_STEWARD], "scopes": ["read:imports", "write:imports"]}


@pytest.fixture
def importer(admin, canglan):
    return register_program(by=admin, organisation=canglan, name="nightly import", **IMPORTING)


def kinds(audited):
    return [kind for kind, _ in audited()]


def test_a_program_acts_as_a_user_of_its_own_without_password(audited, importer, canglan):
    program = importer.program
    assert program.user.is_program
    assert program.user.organisation == canglan
    assert duties_in_force(program.user) == {Duty.DATA_STEWARD}
    assert not program.user.has_usable_password()
    assert kinds(audited) == ["access.program_registered", "access.duty_assigned"]
    told = facts("access.program_registered")
    assert told["scopes"] == ["read:imports", "write:imports"]


def test_its_secret_is_kept_as_a_digest_and_not_shown_again(importer):
    kept = Program.objects.get().application
    assert identify_hasher(kept.client_secret).algorithm == "argon2"
    assert importer.secret not in repr(importer)
    assert importer.secret.startswith("hos_")
    assert len(importer.secret) > 40


def test_nobody_signs_in_as_a_program(importer):
    for password in ("", "!", importer.secret, importer.program.user.password):
        with pytest.raises(Refused) as refusal:
            check_credentials(None, username=importer.program.user.username, password=password)
        assert refusal.value.code == "access.sign_in_failed"


def test_the_database_refuses_a_program_with_a_password(importer, password_hash):
    with pytest.raises(IntegrityError, match="access_user_program_keyless"), transaction.atomic():
        User.objects.filter(is_program=True).update(password=password_hash)


@pytest.mark.parametrize("duty", sorted(set(Duty) - DUTIES_FOR_PROGRAMS))
def test_duties_that_decide_are_for_people(admin, canglan, importer, duty):
    with pytest.raises(Refused) as refusal:
        register_program(by=admin, organisation=canglan, name="x", duties=[duty], scopes=["read:transfers"])
    assert refusal.value.code == "access.program_duty"
    with pytest.raises(Refused) as refusal:
        assign_duty(by=admin, user=importer.program.user, duty=duty)
    assert refusal.value.code == "access.program_duty"


def test_duties_that_exclude_each_other_do_so_for_programs_too(admin, canglan, audited):
    with pytest.raises(Refused) as refusal:
        register_program(
            by=admin,
            organisation=canglan,
            name="x",
            duties=[Duty.INTEGRATOR, Duty.DATA_STEWARD],
            scopes=["read:transfers"],
        )
    assert refusal.value.code == "access.duties_conflict"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": "nightly import"}, "access.program_name_taken"),
        ({"scopes": ["write:everything"]}, "access.program_scope"),
        ({"duties": [Duty.CLIENT_SERVICE]}, "access.program_idle"),
        ({"duties": []}, "access.program_idle"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_made(admin, canglan, importer, audited, changed, code):
    before = len(audited())
    with pytest.raises(Refused) as refusal:
        register_program(by=admin, organisation=canglan, **{"name": "other", **IMPORTING, **changed})
    assert refusal.value.code == code
    assert Program.objects.count() == User.objects.filter(is_program=True).count() == 1
    assert len(audited()) == before


def test_only_administrators_of_the_house_register(
    admin, taker_admin, giver_officer, canglan, yuanxiu, importer
):
    for by, organisation in (
        (taker_admin, canglan),
        (giver_officer, canglan),
        (admin, yuanxiu),
        (None, canglan),
    ):
        with pytest.raises(NotAllowed):
            register_program(by=by, organisation=organisation, name="x", **IMPORTING)
    for act in (change_secret, revoke_program):
        for by in (taker_admin, giver_officer, importer.program.user, None):
            with pytest.raises(NotAllowed):
                act(importer.program.pk, by=by)
    assert Program.objects.filter(revoked_at=None).count() == 1


def test_a_guests_program_is_registered_by_any_administrator(admin, audit_firm):
    made = register_program(
        by=admin, organisation=audit_firm, name="watch", duties=[Duty.AUDITOR], scopes=["read:log"]
    )
    assert made.program.user.organisation == audit_firm


def test_a_changed_secret_ends_the_old_one_and_every_token(importer, admin, client, audited):
    assert ask_token(client, importer).status_code == 200
    changed = change_secret(importer.program.pk, by=admin)
    assert not AccessToken.objects.exists()
    assert ask_token(client, importer).status_code == 401
    assert ask_token(client, changed).status_code == 200
    assert facts("access.program_secret_changed")["tokens"] == 1


def test_a_revoked_program_gets_no_token_and_never_comes_back(importer, admin, client, audited):
    assert ask_token(client, importer).status_code == 200
    revoke_program(importer.program.pk, by=admin)
    assert not AccessToken.objects.exists()
    assert ask_token(client, importer).status_code == 401
    program = Program.objects.get()
    assert (program.revoked_by, program.user.is_active) == (admin, False)
    assert facts("access.program_revoked")["tokens"] == 1
    for act in (
        lambda: revoke_program(program.pk, by=admin),
        lambda: change_secret(program.pk, by=admin),
        lambda: switch_user(program.user_id, on=True, by=admin),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "access.program_revoked"


def test_after_a_revocation_the_name_is_free(importer, admin, canglan):
    revoke_program(importer.program.pk, by=admin)
    register_program(by=admin, organisation=canglan, name="nightly import", **IMPORTING)
    assert Program.objects.count() == 2


DANGEROUS = """
    transfer.sign_agreement transfer.grant_exception transfer.abort_transfer transfer.sign_mandate
    transfer.run_cutover transfer.issue_certificate transfer.download_delivery transfer.reveal_break
    transfer.decide_write_off transfer.make_pack transfer.download_pack transfer.give_counsel_word
    transfer.record_approval transfer.decide_breach clients.reveal_field clients.approve_notice
    clients.sign_off_announcement clients.decide_objection governance.approve_assessment
    access.manage_users access.manage_programs access.grant_object access.create_organisation
""".split()


@pytest.mark.parametrize("permission", DANGEROUS)
def test_no_scope_carries_what_people_decide(permission):
    from access.registry import declared

    assert permission in declared()
    assert scope_for(permission) == ""


def test_every_scope_carries_permissions_that_exist_and_no_two_the_same():
    from access.registry import declared

    behind = [permission for scope in SCOPES.values() for permission in scope.permissions]
    assert set(behind) <= declared()
    assert len(behind) == len(set(behind))
