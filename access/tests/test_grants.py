from datetime import timedelta

import pytest
from django.utils import timezone
from guardian.models import UserObjectPermission

from access.errors import NotAllowed
from access.models import Grant
from access.policies import holds_grant
from access.services import end_grant, grant_object
from access.tests.log import events, last_event
from audit.errors import Refused

pytestmark = pytest.mark.django_db


def test_it_opens_an_object_and_says_so(admin, auditor, canglan_branch):
    grant_object(auditor, "view_branch", canglan_branch, by=admin)
    assert holds_grant(auditor, canglan_branch)
    assert events() == ["access.grant_given"]
    assert last_event().subject == canglan_branch.pk
    assert last_event().facts["to"] == str(auditor.pk)


def test_it_closes_it_again(admin, auditor, canglan_branch):
    grant = grant_object(auditor, "view_branch", canglan_branch, by=admin)
    end_grant(grant.pk, by=admin)
    assert not holds_grant(auditor, canglan_branch)
    assert UserObjectPermission.objects.count() == 0
    assert events() == ["access.grant_given", "access.grant_ended"]
    with pytest.raises(Refused) as refusal:
        end_grant(grant.pk, by=admin)
    assert refusal.value.code == "access.grant_over"
    grant_object(auditor, "view_branch", canglan_branch, by=admin)
    assert holds_grant(auditor, canglan_branch)


def test_neither_the_paper_nor_the_permission_alone_opens(admin, auditor, canglan_branch):
    grant_object(auditor, "view_branch", canglan_branch, by=admin)
    UserObjectPermission.objects.all().delete()
    assert not holds_grant(auditor, canglan_branch)
    auditor.add_obj_perm("view_branch", canglan_branch)
    assert holds_grant(auditor, canglan_branch)
    Grant.objects.all().delete()
    assert not holds_grant(auditor, canglan_branch)


def test_it_refuses_oneself_twice_reversed_and_unknown(admin, auditor, canglan_branch):
    yesterday = timezone.localdate() - timedelta(days=1)
    cases = [
        ("access.own_grant", admin, "view_branch", None),
        ("access.dates_reversed", auditor, "view_branch", yesterday),
        ("access.grant_unknown", auditor, "view_moon", None),
    ]
    for code, user, codename, ends_on in cases:
        with pytest.raises(Refused) as refusal:
            grant_object(user, codename, canglan_branch, by=admin, ends_on=ends_on)
        assert refusal.value.code == code
    assert events() == []
    grant_object(auditor, "view_branch", canglan_branch, by=admin)
    with pytest.raises(Refused) as refusal:
        grant_object(auditor, "view_branch", canglan_branch, by=admin)
    assert refusal.value.code == "access.grant_held"
    assert events() == ["access.grant_given"]


def test_only_the_owner_of_the_object_opens_it(taker_admin, giver_staff, auditor, canglan_branch, admin):
    for who in (None, taker_admin, giver_staff):
        with pytest.raises(NotAllowed):
            grant_object(auditor, "view_branch", canglan_branch, by=who)
    grant = grant_object(auditor, "view_branch", canglan_branch, by=admin)
    with pytest.raises(NotAllowed):
        end_grant(grant.pk, by=taker_admin)
    assert events() == ["access.grant_given"]
