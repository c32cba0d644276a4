"""An absorption merger from nothing to the verified certificate, by people of two firms in the browser alone."""

import pytest

from handover.tests.browser import agreeing, crossing, founding, loading, looking, notifying, proving

pytestmark = pytest.mark.browser

ACTS = (
    founding.found,
    founding.first_sign_in,
    agreeing.draft,
    agreeing.look_at_the_data,
    agreeing.name_the_transferee,
    agreeing.plan_the_cutover,
    agreeing.open_to_guests,
    agreeing.agree,
    agreeing.execute,
    agreeing.word_and_approval,
    agreeing.assess_impact,
    loading.begin_loading,
    loading.load_the_other_firms_clients,
    loading.load,
    loading.declare_totals,
    loading.look_for_clients_of_both,
    loading.first_findings,
    loading.mend,
    loading.leave_out,
    loading.last_findings,
    notifying.decide_breaches,
    notifying.announce,
    notifying.prove_delivery,
    notifying.assess,
    notifying.decide_objections,
    crossing.prove_backup,
    crossing.first_rehearsal,
    crossing.explain_breaks,
    crossing.second_rehearsal,
    crossing.except_people,
    crossing.prepare,
    looking.the_old_firm_finds_its_client,
    crossing.ready_the_ground,
    crossing.cut_over,
    crossing.reconcile,
    crossing.write_off,
    crossing.settle,
    crossing.finish_the_runbook,
    proving.certify,
    proving.verify_offline,
    proving.make_the_pack,
    looking.the_new_firm_finds_and_reveals,
    looking.the_old_firm_finds_it_no_more,
    looking.the_auditor_sees_the_reveal,
)


def test_a_merger_is_handed_over_from_nothing_to_the_certificate_in_the_browser_alone(walk):
    for act in ACTS:
        act(walk)
        assert walk.complaints() == [], act.__name__
