"""A window that ends in the middle of the cutover: releases stop, until two people of each side agree to a later end."""

import datetime
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from access.errors import NotAllowed
from audit.errors import Refused
from clients.models import Client
from transfer.certificate.statement import _mandate
from transfer.models import Mandate, MandateExtension, Run
from transfer.services.cutover import move_next_batch
from transfer.services.extensions import draft_extension, sign_extension, window_end
from transfer.tasks.cutover import run_cutover
from transfer.tests.test_certificate import mandate, ready  # noqa: F401  fixtures
from transfer.tests.test_run_tasks import begun, no_broker  # noqa: F401  fixtures
from transfer.verify_handover import DoesNotFit, check_extension, moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def over(begun, mandate, ready):  # noqa: F811
    """The cutover has begun, and the mandate's window has ended before the first batch."""
    past = timezone.now() - datetime.timedelta(minutes=1)
    Mandate.objects.filter(pk=mandate.pk).update(
        not_before=past - datetime.timedelta(hours=1), not_after=past
    )
    mandate.refresh_from_db()
    return ready


@pytest.fixture
def extension(over, giver_manager):
    later = timezone.now() + datetime.timedelta(hours=2)
    return draft_extension(transfer=over, not_after=later, reason="The depository was late", by=giver_manager)


def refused(code, act, **arguments):
    with pytest.raises(Refused) as refusal:
        act(**arguments)
    assert refusal.value.code == code


def test_it_counts_when_two_people_of_each_side_have_signed_and_work_goes_on(
    over,
    extension,
    begun,
    giver_manager,
    giver_officer,
    taker_manager,
    taker_officer,
    yuanxiu,
    no_broker,
    audited,
):  # noqa: F811
    run_cutover(str(over.pk))
    begun.refresh_from_db()
    assert begun.problem == "mandate.outside_window"
    for person in (giver_manager, giver_officer, taker_manager):
        sign_extension(extension=extension, by=person)
        refused("mandate.outside_window", move_next_batch, transfer=over)
    sign_extension(extension=extension, by=taker_officer)
    assert Run.objects.get(pk=begun.pk).problem == ""
    run_cutover(str(over.pk))
    assert set(Client.objects.values_list("custodian", flat=True)) == {yuanxiu.pk}
    kinds = [kind for kind, _ in audited()]
    assert kinds.count("mandate.extension_signed") == 4
    assert kinds.count("mandate.extended") == 1


def test_four_people_of_one_side_extend_nothing(
    over, extension, mandate, giver_manager, giver_officer, giver_officer2, make_user, canglan
):  # noqa: F811
    for person in (giver_manager, giver_officer, giver_officer2, make_user(canglan, "transfer_manager")):
        sign_extension(extension=extension, by=person)
    refused("mandate.signed_already", sign_extension, extension=extension, by=giver_officer)
    assert window_end(mandate) == mandate.not_after
    refused("mandate.outside_window", move_next_batch, transfer=over)


def test_only_a_later_end_with_a_reason_is_proposed_by_the_transferor(
    over, mandate, giver_manager, taker_manager, audited
):  # noqa: F811
    before = audited()
    later = timezone.now() + datetime.timedelta(hours=1)
    refused(
        "gate.reason_missing", draft_extension, transfer=over, not_after=later, reason=" ", by=giver_manager
    )
    for end in (timezone.now() - datetime.timedelta(seconds=1), window_end(mandate)):
        refused(
            "mandate.extends_nothing",
            draft_extension,
            transfer=over,
            not_after=end,
            reason="x",
            by=giver_manager,
        )
    with pytest.raises(NotAllowed):
        draft_extension(transfer=over, not_after=later, reason="x", by=taker_manager)
    assert audited() == before


def test_a_newer_proposal_replaces_one_that_waits(over, extension, giver_manager, taker_officer):
    later = timezone.now() + datetime.timedelta(hours=3)
    newer = draft_extension(transfer=over, not_after=later, reason="Longer still", by=giver_manager)
    refused("mandate.not_live", sign_extension, extension=extension, by=taker_officer)
    assert (newer.number, MandateExtension.objects.filter(withdrawn_at=None).get()) == (2, newer)


def test_it_stands_in_the_certificate_so_that_others_can_check_it(
    over, extension, mandate, giver_manager, giver_officer, taker_manager, taker_officer
):  # noqa: F811
    for person in (giver_manager, giver_officer, taker_manager, taker_officer):
        sign_extension(extension=extension, by=person)
    from vault.signing import signer

    statement = {
        side: {
            "id": str(party.pk),
            "code": party.code,
            "custody_key": signer("custody", party.pk).public.hex(),
        }
        for side, party in (("transferor", over.transferor), ("transferee", over.transferee))
    }
    [entry] = _mandate(mandate)["extensions"]
    digest, now = bytes(mandate.digest).hex(), timezone.now()
    found = check_extension(statement, entry, digest, now)
    assert moment(found["not_after"], "end") == extension.not_after
    entry["signatures"].pop()
    with pytest.raises(DoesNotFit):
        check_extension(statement, entry, digest, now)
    with pytest.raises(DoesNotFit):
        check_extension(statement, entry, "00" * 32, now)


def test_it_is_proposed_and_signed_in_the_browser_and_over_the_api(
    over, giver_manager, taker_officer, signed_in, stepped_up, api, api_stepped_up, monkeypatch
):
    monkeypatch.setattr("transfer.views.frame.require_sight", lambda *_: None)

    def at(name):
        return reverse(f"transfer-mandate{name}", args=[over.pk])

    later = timezone.localtime() + datetime.timedelta(hours=5)
    body = {"not_after": later.strftime("%Y-%m-%dT%H:%M"), "reason": "The depository was late"}
    assert signed_in(giver_manager).post(at("-extend"), body).status_code == 302
    found = MandateExtension.objects.get()
    assert "/step-up/" in signed_in(taker_officer).post(at("-agree"))["Location"]
    assert bytes(found.digest).hex() in stepped_up(taker_officer).get(at("-agree")).content.decode()
    stepped_up(taker_officer).post(at("-agree"))
    page = signed_in(giver_manager).get(at("")).content.decode()
    assert "The depository was late" in page
    assert taker_officer.name in page
    path = f"transfers/{over.pk}/mandate-extensions/{found.pk}/"
    assert api(giver_manager).post(f"{path}sign/").json()["code"] == "access.step_up_needed"
    answer = api_stepped_up(giver_manager).post(f"{path}sign/").json()
    assert [json.loads(row["statement"])["person"] for row in answer["signatures"]] == [
        row["signed_by"] for row in answer["signatures"]
    ]
    assert len(answer["signatures"]) == 2
