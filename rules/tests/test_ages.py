"""Ages worked out by hand."""

from datetime import date

import pytest
from msgspec.structs import replace

from rules.ages import age, age_band
from rules.tests.helpers import CN, changed, without


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2012, 11, 23), date(2026, 11, 22), 13),
        (date(2012, 11, 23), date(2026, 11, 23), 14),
        (date(2012, 11, 24), date(2026, 11, 23), 13),
        (date(2012, 2, 29), date(2026, 2, 27), 13),
        (date(2012, 2, 29), date(2026, 2, 28), 14),
        (date(2012, 2, 29), date(2028, 2, 28), 15),
        (date(2012, 2, 29), date(2028, 2, 29), 16),
        (date(2026, 11, 23), date(2026, 11, 22), -1),
        (date(1930, 1, 1), date(2026, 11, 23), 96),
    ],
)
def test_completed_years(born, on, years):
    assert age(born, on) == years


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (date(2012, 11, 24), "child"),
        (date(2012, 11, 23), "minor"),
        (date(2008, 11, 24), "minor"),
        (date(2008, 11, 23), "adult"),
    ],
)
def test_a_child_is_under_fourteen_and_a_minor_under_eighteen(born, band):
    assert age_band(CN, born, on=date(2026, 11, 23)) == band


def test_the_figures_are_the_packs():
    [child] = CN.rule("CN05").thresholds
    sixteen = changed(CN, "CN05", thresholds=(replace(child, figure=16),))

    assert age_band(sixteen, date(2011, 5, 5), on=date(2026, 11, 23)) == "child"
    assert age_band(without(CN, "CN05"), date(2020, 1, 1), on=date(2026, 11, 23)) == "minor"
    assert age_band(without(CN, "CN05", "CN06"), date(2020, 1, 1), on=date(2026, 11, 23)) == "adult"
