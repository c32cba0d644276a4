"""Identity numbers: what holds and what does not."""

import datetime

import pytest

from transfer.importing.identity import (
    birth_date_in,
    citizen_numbers_hold,
    credit_code_holds,
    residence_permits_hold,
)


@pytest.mark.parametrize(
    ("number", "holds"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        ("110105194912310021", False),
        ("440524188001010014", True),
        ("11010519490230002X", False),
        ("01010519491231002X", False),
        ("130503670401001", True),
        ("130503670431001", False),
        ("13050367040100", False),
        ("１1010519491231002X", False),
        ("", False),
    ],
)
def test_a_citizen_number_needs_its_check_character_and_a_real_birth_date(number, holds):
    assert citizen_numbers_hold(["11010519491231002X", number])[1] is holds


def test_every_wrong_check_character_is_found():
    body = "11010519491231002"
    assert [check for check in "0123456789X" if citizen_numbers_hold([body + check])[0]] == ["X"]


def test_a_residence_permit_starts_with_one_of_three_regions():
    assert residence_permits_hold(["810000199408230021"]) == citizen_numbers_hold(["810000199408230021"])
    assert residence_permits_hold(["11010519491231002X", "81000019940823002"]) == [False, False]


def test_a_credit_code_needs_its_check_character():
    assert credit_code_holds("91350100M000100Y43")
    assert not credit_code_holds("91350100M000100Y44")
    assert not credit_code_holds("9135010OM000100Y43")
    assert not credit_code_holds("91350100M000100Y4")


def test_the_birth_date_is_read_from_both_lengths():
    assert birth_date_in("11010519491231002X") == datetime.date(1949, 12, 31)
    assert birth_date_in("130503670401001") == datetime.date(1967, 4, 1)
    assert birth_date_in("E12345678") is None
