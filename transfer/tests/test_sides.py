"""Whose act it is: a firm acts for itself alone, and a grant on a transfer lets nobody act."""

import datetime

import pytest
from django.utils import timezone

from access.duties import Duty
from access.errors import NotAllowed
from access.models import Organisation
from access.services.grants import grant_object
from audit.errors import Refused
from clients.models import Announcement, NoticeCampaign
from clients.services.notices import sign_off_announcement
from transfer.models import Break, Clause, ClauseBreach, Run
from transfer.services.agreements import decide_breach, draft_agreement, register_executed, sign_agreement
from transfer.services.breaks import ask_write_off, decide_write_off
from transfer.services.cases import assess_cases, current_campaign
from transfer.services.cutover import begin_cutover
from transfer.services.exceptions import ask_exception, grant_exception
from transfer.services.mandates import draft_mandate
from transfer.services.returns import receive_return
from transfer.services.runs import start_rehearsal
from transfer.services.transfers import abort, advance, give_counsel_word, plan_cutover

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger(db, make_user, transfer, admin):
    """Somebody of a third firm with every duty that acts, and a grant to look at the transfer."""
    third = Organisation.objects.create(kind="broker", code="THIRD", name_en="Third", name_zh="第三证券")
    person = make_user(third, Duty.COMPLIANCE_OFFICER, Duty.TRANSFER_MANAGER, Duty.DATA_STEWARD)
    grant_object(person, "view_transfer", transfer, by=admin)
    return person


def acts(transfer):
    """Acts that belong to the transferor, each as a call of one person."""
    soon = timezone.now() + datetime.timedelta(hours=1)
    return [
        lambda by: advance(transfer=transfer, by=by),
        lambda by: plan_cutover(transfer=transfer, at=soon, by=by),
        lambda by: assess_cases(transfer=transfer, by=by),
    ]


def later_acts(transfer):
    soon = timezone.now() + datetime.timedelta(hours=1)
    return [
        lambda by: start_rehearsal(transfer=transfer, by=by),
        lambda by: draft_mandate(transfer=transfer, not_before=timezone.now(), not_after=soon, by=by),
        lambda by: begin_cutover(transfer=transfer, by=by),
    ]


def test_the_transferee_does_not_act_for_the_transferor(
    audited, transfer, at_stage, make_user, yuanxiu, stranger
):
    taker = make_user(yuanxiu, Duty.COMPLIANCE_OFFICER, Duty.TRANSFER_MANAGER, Duty.DATA_STEWARD)
    before = audited()
    for person in (taker, stranger):
        for act in acts(transfer):
            with pytest.raises(NotAllowed):
                act(person)
    at_stage("ready")
    for person in (taker, stranger):
        for act in later_acts(transfer):
            with pytest.raises(NotAllowed):
                act(person)
    assert audited() == before


def test_a_grant_to_look_lets_nobody_act_for_either_firm(audited, transfer, terms, giver_officer, stranger):
    exception = ask_exception(transfer=transfer, gate=3, reason="Why", by=giver_officer)
    agreement = draft_agreement(transfer=transfer, terms=terms, by=giver_officer)
    before = audited()
    for act in (
        lambda: abort(transfer=transfer, by=stranger),
        lambda: ask_exception(transfer=transfer, gate=2, reason="Why", by=stranger),
        lambda: grant_exception(exception=exception, by=stranger),
        lambda: draft_agreement(transfer=transfer, terms=terms, by=stranger),
        lambda: sign_agreement(agreement=agreement, by=stranger),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert audited() == before


def test_two_people_of_the_transferee_open_no_gate(
    audited, transfer, taker_officer, taker_officer2, giver_officer
):
    exception = ask_exception(transfer=transfer, gate=1, reason="We want to see", by=taker_officer)
    before = audited()
    with pytest.raises(Refused) as refusal:
        grant_exception(exception=exception, by=taker_officer2)
    assert refusal.value.code == "gate.transferor_decides"
    assert audited() == before
    assert grant_exception(exception=exception, by=giver_officer).granted_by == giver_officer


def test_the_transferee_registers_no_executed_document(transfer, terms, taker_officer, giver_manager):
    agreement = draft_agreement(transfer=transfer, terms=terms, by=taker_officer)
    for person in (taker_officer, giver_manager):
        with pytest.raises(NotAllowed):
            register_executed(
                agreement=agreement, document=None, signed_on=timezone.localdate(), reading=None, by=person
            )
    agreement.refresh_from_db()
    assert agreement.executed_digest == ""


def test_an_executed_agreement_is_not_replaced_by_one_party(transfer, terms, giver_officer, taker_officer):
    agreement = draft_agreement(transfer=transfer, terms=terms, by=giver_officer)
    agreement.executed_digest = "ab" * 32
    agreement.save()
    with pytest.raises(Refused) as refusal:
        draft_agreement(transfer=transfer, terms=terms, by=taker_officer)
    assert refusal.value.code == "agreement.both_signed"


def test_who_breached_a_clause_does_not_decide_what_follows(
    audited, transfer, terms, giver_officer, taker_officer
):
    agreement = draft_agreement(transfer=transfer, terms=terms, by=giver_officer)
    clause = Clause.objects.get(agreement=agreement, number=1)
    breach = ClauseBreach.objects.create(clause=clause, fact="late")
    with pytest.raises(Refused) as refusal:
        decide_breach(breach=breach, decision="Nothing", by=giver_officer)
    assert refusal.value.code == "agreement.other_side_decides"
    decide_breach(breach=breach, decision="A fee", by=taker_officer)
    assert [kind for kind, _ in audited()].count("agreement.breach_decided") == 1


def test_what_one_firm_asks_to_write_off_the_other_decides(
    audited, transfer, taker_steward, taker_officer, giver_officer
):
    run = Run.objects.create(transfer=transfer, kind="cutover", number=1, asked_by=giver_officer)
    row = Break.objects.create(run=run, source="bank", kind="balances.differs", row="x", sealed=b"")
    ask_write_off(break_=row, words="A cent", by=taker_steward)
    with pytest.raises(Refused) as refusal:
        decide_write_off(break_=row, grant=True, by=taker_officer)
    assert refusal.value.code == "break.other_firm_decides"
    assert "break.written_off" not in [kind for kind, _ in audited()]
    assert decide_write_off(break_=row, grant=True, by=giver_officer).state == "written_off"


def test_the_transferor_does_not_hand_in_what_the_transferees_system_sends_back(
    transfer, giver_steward, giver_officer
):
    run = Run.objects.create(transfer=transfer, kind="rehearsal", number=1, asked_by=giver_officer)
    with pytest.raises(Refused) as refusal:
        receive_return(run=run, source="transferee", kind="clients", file=None, by=giver_steward)
    assert refusal.value.code == "run.other_side_returns"


def test_a_firms_own_lawyer_is_no_counsel_for_its_transfer(audited, transfer, make_user, canglan, counsel):
    own = make_user(canglan, Duty.COUNSEL)
    before = audited()
    with pytest.raises(NotAllowed):
        give_counsel_word(transfer=transfer, by=own)
    assert audited() == before
    assert give_counsel_word(transfer=transfer, by=counsel).counsel_word_by == counsel


def campaign_of(occasion, sender, by, approver):
    return NoticeCampaign.objects.create(
        occasion=occasion,
        sender=sender,
        number=NoticeCampaign.objects.count() + 1,
        text_en="x",
        text_zh="x",
        text_digest=b"d" * 32,
        created_by=by,
        approved_by=approver,
        approved_at=timezone.now(),
    )


def test_counsel_signs_off_announcements_of_the_granted_transfer_only(
    audited, transfer, canglan, giver_officer, giver_officer2, counsel, make_user
):
    from vault.ids import new_id

    other = campaign_of(new_id(), canglan, giver_officer, giver_officer2)
    announcement = Announcement.objects.create(
        campaign=other,
        medium="Daily",
        published_on=timezone.localdate(),
        reference="1",
        entered_by=giver_officer,
    )
    before = audited()
    with pytest.raises(Refused) as refusal:
        sign_off_announcement(announcement=announcement, occasion=transfer, by=counsel)
    assert refusal.value.code == "notice.other_occasion"
    for person, occasion in ((counsel, None), (make_user(canglan, Duty.COUNSEL), transfer)):
        with pytest.raises(NotAllowed):
            sign_off_announcement(announcement=announcement, occasion=occasion, by=person)
    assert audited() == before


def test_a_notice_of_another_firm_serves_nobody(
    transfer, canglan, yuanxiu, giver_officer, giver_officer2, taker_officer, taker_officer2
):
    ours = campaign_of(transfer.pk, canglan, giver_officer, giver_officer2)
    campaign_of(transfer.pk, yuanxiu, taker_officer, taker_officer2)
    assert current_campaign(transfer) == ours
