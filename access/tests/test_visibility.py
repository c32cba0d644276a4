import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.duties import Duty
from access.visibility import (
    FIELDS,
    HIDDEN,
    REVEALS,
    FieldClass,
    Group,
    field_class,
    highest_class,
    mask,
    may_reveal,
    revealable_fields,
    visible_fields,
)

MASKED = sorted(field for field, rule in FIELDS.items() if rule.grade is not FieldClass.C1)
OPEN = sorted(field for field, rule in FIELDS.items() if rule.grade is FieldClass.C1)
UNKNOWN = ["shoe_size", "client.shoe_size", ""]

# Letters that no mask writes itself, so that what is left over can be counted.
values = st.text(alphabet=st.characters(exclude_characters="*@-", exclude_categories=("Cs",)), min_size=1)
realistic = st.one_of(
    values,
    st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True),
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.from_regex(r"[0-9]{16,19}", fullmatch=True),
    st.from_regex(r"[A-Z][0-9]{9}", fullmatch=True),
    st.from_regex(r"[0-9]{4}[0-9]{2}[0-9]{2}", fullmatch=True),
)


masked_fields = st.sampled_from(MASKED + UNKNOWN)


def kept_of(masked):
    return masked.replace("*", "").replace("-", "").replace("@", "")


@settings(max_examples=1500)
@given(field=masked_fields, value=realistic)
def test_a_mask_hides_at_least_half_of_the_value(field, value):
    masked = mask(field, value)
    kept = kept_of(masked)
    assert masked != value
    assert "*" in masked
    # The trade shows seven of the eleven digits of a mobile number.
    most = 7 if field == "phone" and len(value) == 11 else len(value) / 2
    assert len(kept) <= most


@settings(max_examples=1500)
@given(field=masked_fields, value=realistic, noise=realistic)
def test_what_is_hidden_does_not_show_in_the_mask(field, value, noise):
    """Another value with the same kept ends and the same length has the same mask."""
    masked = mask(field, value)
    if not kept_of(masked):
        return
    start = len(re.match(r"[^*@-]*", masked).group())
    end = len(re.search(r"[^*@-]*$", masked).group())
    assert masked.startswith(value[:start]) and masked.endswith(value[len(value) - end :])
    hidden = len(value) - start - end
    other = value[:start] + (noise * hidden)[:hidden] + value[len(value) - end :]
    assert mask(field, other) == masked


@pytest.mark.parametrize("field", MASKED)
def test_every_field_that_is_not_ordinary_is_masked(field):
    assert "*" in mask(field, "110101199003071234")


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_nothing_stays_nothing(field):
    assert mask(field, "") == ""


@given(field=st.sampled_from(OPEN), value=values)
def test_an_ordinary_field_is_shown_as_it_is(field, value):
    assert mask(field, value) == value


@given(value=values, name=st.text())
def test_an_unknown_field_is_hidden_whole(value, name):
    field = f"{name}.no_such_field"
    assert mask(field, value) == HIDDEN
    assert field_class(field) is FieldClass.C2


@given(local=st.text(min_size=2, alphabet="abc"), domain=st.text(min_size=1, alphabet="xyz."))
def test_a_mail_address_keeps_one_letter(local, domain):
    assert mask("email", f"{local}@{domain}") == f"{local[0]}***@***"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "张三丰", "张**"),
        ("name", "张", "**"),
        ("name", "Ann Lee", "A**"),
        ("id_number", "110101199003071234", "1101********1234"),
        ("id_number", "11010119900307123X", "1101********123X"),
        ("id_number", "E12345678", "E****78"),
        ("id_number", "12345", "****"),
        ("id_number", "91310000MA1FL00X1K", "9131********0X1K"),
        ("phone", "13812345678", "138****5678"),
        ("phone", "+8613812345678", "+86****5678"),
        ("phone", "62345678", "****78"),
        ("phone", "110", "****"),
        ("bank_card", "6222021234567890123", "****0123"),
        ("bank_card", "12345678", "****"),
        ("account.number", "A123456789", "A****789"),
        ("account_no", "A123", "****"),
        ("email", "zhang@example.cn", "z***@***"),
        ("email", "no address", "****"),
        ("address", "上海市浦东新区世纪大道1号", "上海市****"),
        ("birth_date", "1990-03-07", "1990-**-**"),
        ("birth_date", "7 March 90", "****"),
        ("balance", "10.00", "****"),
        ("trading_password", "secret", "****"),
        ("holding.name", "贵州茅台", "****"),
        ("kind", "person", "person"),
    ],
)
def test_masks_look_as_agreed(field, value, expected):
    assert mask(field, value) == expected


def test_a_set_of_fields_has_the_class_of_its_highest():
    assert highest_class({"kind"}) is FieldClass.C1
    assert highest_class({"kind", "phone"}) is FieldClass.C2
    assert highest_class({"kind", "phone", "trading_password"}) is FieldClass.C3
    assert highest_class(set()) is FieldClass.C1


def test_credentials_are_revealed_to_nobody():
    secret = {field for field, rule in FIELDS.items() if rule.grade is FieldClass.C3}
    assert {"trading_password", "biometric", "card_pin"} <= secret
    assert all(FIELDS[field].group is Group.SECRET for field in secret)
    assert REVEALS[Group.SECRET] == frozenset()


def test_every_group_names_its_duties_and_the_onlookers_are_in_none_but_the_plain():
    assert set(REVEALS) == set(Group)
    for group in set(Group) - {Group.PLAIN}:
        onlookers = {Duty.AUDITOR, Duty.COUNSEL, Duty.ADMINISTRATOR, Duty.INTEGRATOR, Duty.TRAINER}
        assert not REVEALS[group] & onlookers


class Row:
    """Stands for a client."""

    reveal_suspended = False
    is_under14 = False

    def __init__(self, organisation, **flags):
        self.organisation = organisation
        self.__dict__.update(flags)

    def parties(self):
        return {self.organisation.pk}


@pytest.mark.django_db
def test_staff_see_ordinary_fields_and_may_reveal_their_own_firms_clients(giver_staff, canglan):
    client = Row(canglan)
    assert "kind" in visible_fields(giver_staff, client)
    assert "phone" not in visible_fields(giver_staff, client)
    assert may_reveal(giver_staff, client, "phone")
    assert may_reveal(giver_staff, client, "client.phone")
    assert not may_reveal(giver_staff, client, "aml_level")
    assert not may_reveal(giver_staff, client, "trading_password")
    assert not may_reveal(giver_staff, client, "shoe_size")


@pytest.mark.django_db
def test_a_duty_reveals_only_its_groups(giver_manager, giver_officer, canglan):
    client = Row(canglan)
    assert may_reveal(giver_manager, client, "phone")
    assert not may_reveal(giver_manager, client, "id_number")
    assert may_reveal(giver_officer, client, "aml_level")


@pytest.mark.django_db
def test_the_other_firm_and_onlookers_see_nothing(taker_staff, auditor, admin, canglan):
    client = Row(canglan)
    assert visible_fields(taker_staff, client) == frozenset()
    assert revealable_fields(taker_staff, client) == frozenset()
    assert revealable_fields(auditor, client) == frozenset()
    assert revealable_fields(admin, client) <= {f for f in FIELDS if field_class(f) is FieldClass.C1}


@pytest.mark.django_db
def test_a_suspended_reveal_reveals_nothing_and_a_childs_fields_are_all_masked(giver_staff, canglan):
    assert revealable_fields(giver_staff, Row(canglan, reveal_suspended=True)) == frozenset()
    assert visible_fields(giver_staff, Row(canglan, is_under14=True)) == frozenset()
