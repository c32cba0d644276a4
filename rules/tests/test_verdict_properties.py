"""What holds for every client, whatever the facts."""

from datetime import date, timedelta
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.facts import ClientFacts, Consent, Kind, Notice, Objection
from rules.reasons import reason_texts
from rules.schema import Basis
from rules.tests.helpers import CN, with_window
from rules.verdicts import at_cutover, verdict

DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@st.composite
def facts(draw, bases=get_args(Basis)):
    under14 = draw(st.booleans())
    return ClientFacts(
        as_of=draw(DAYS),
        kind=draw(st.sampled_from(get_args(Kind))),
        jurisdiction=draw(st.sampled_from(["CN", "HK"])),
        under14=under14,
        minor=under14 or draw(st.booleans()),
        has_guardian=draw(st.booleans()),
        basis=draw(st.sampled_from(bases)),
        purpose_changed=draw(st.booleans()),
        notice=draw(st.sampled_from(get_args(Notice))),
        noticed_on=draw(DAYS),
        attempts=draw(st.integers(0, 3)),
        counsel_signed_announcement=draw(st.booleans()),
        objection=draw(st.sampled_from(get_args(Objection))),
        objected_on=draw(DAYS),
        exit_done=draw(st.booleans()),
        separate_consent=draw(st.sampled_from(get_args(Consent))),
    )


ALL = settings(max_examples=400, deadline=None)


@ALL
@given(facts())
def test_every_verdict_gives_reasons_with_articles_and_words(one):
    found = verdict(CN, one)

    assert found.reasons
    for reason in found.reasons:
        assert reason.article == CN.rule(reason.rule_id).citation
        assert reason.code in reason_texts()


@ALL
@given(facts())
def test_nobody_moves_without_service(one):
    found = verdict(CN, one)

    if at_cutover(one.basis, found.state) == "moves":
        assert one.served_so_far in {"delivered", "announced"}
        assert found.window_ends_on is not None


@ALL
@given(facts(bases=("asset_sale", "due_diligence", "licence_withdrawn")))
def test_without_a_merger_only_consent_after_individual_notice_moves(one):
    if at_cutover(one.basis, verdict(CN, one).state) == "moves":
        assert (one.separate_consent, one.served_so_far) == ("given", "delivered")
        assert one.objected_so_far is None


@ALL
@given(facts(bases=("merger",)))
def test_in_a_merger_nobody_is_excluded(one):
    found = verdict(CN, one)

    assert found.state != "excluded"
    assert at_cutover("merger", found.state) != "stays"


@ALL
@given(facts(bases=("merger",)), st.integers(1, 400))
def test_time_alone_never_takes_a_clearance_back(one, days):
    if verdict(CN, one).state == "cleared" and one.objected_so_far is None and one.objection == "none":
        assert verdict(CN, replace(one, as_of=one.as_of + timedelta(days=days))).state == "cleared"


@ALL
@given(facts(bases=("merger",)), st.integers(0, 90))
def test_the_window_is_the_packs_figure(one, days):
    found = verdict(with_window(CN, days), one)

    if found.window_ends_on is not None:
        assert found.window_ends_on - one.noticed_on == timedelta(days=days)
    if found.state == "notified":
        assert one.as_of <= found.window_ends_on
