import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vault.errors import VaultError
from vault.ids import new_id
from vault.keyring import installation_key, prepare_installation
from vault.spelling import spell_all
from vault.tokens import (
    FIELDS,
    content_digest,
    normalise,
    source_digest,
    source_digests,
    token,
    tokens,
)


@pytest.mark.parametrize(
    ("field", "written", "searched"),
    [
        ("id_number", " 11010119900307001x ", "11010119900307001X"),
        ("id_number", "１１０１０１１９９００３０７００１Ｘ", "11010119900307001X"),
        ("id_number", "H 1234-5678", "H12345678"),
        ("id_number", "110105491231002", "11010519491231002X"),
        ("phone", "+86 138-0013-8000", "13800138000"),
        ("phone", "0086 13800138000", "13800138000"),
        ("phone", "8613800138000", "13800138000"),
        ("phone", "１３８００１３８０００", "13800138000"),
        ("phone", "010-6655 1234", "01066551234"),
        ("phone", "86123456", "86123456"),
        ("email", "  Zhang.Wei@Example.CN ", "zhang.wei@example.cn"),
        ("bank_card", "6222 0212 3456 7890 123", "6222021234567890123"),
        ("account", " a123 456 789 ", "A123456789"),
        ("name_birth", "张 伟|1990-03-07", "张伟|19900307"),
        ("name_birth", "Zhang Wei|19900307", "zhangwei|19900307"),
        ("name_birth", "阿卜杜拉•买买提|19900307", "阿卜杜拉·买买提|19900307"),
        ("name_birth", "阿卜杜拉·买买提|1990/03/07", "阿卜杜拉·买买提|19900307"),
    ],
)
def test_one_value_has_one_spelling(installation, field, written, searched):
    assert normalise(field, written) == searched
    assert token(field, written) == token(field, searched)


def test_normalising_twice_changes_nothing(installation):
    for field, value in (
        ("id_number", "110101900307001"),
        ("phone", "+86 138-0013-8000"),
        ("name_birth", "张 伟|1990-03-07"),
    ):
        assert normalise(field, normalise(field, value)) == normalise(field, value)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_an_empty_value_has_no_token(installation, field):
    assert tokens(field, ["", "  "]) == [None, None]
    with pytest.raises(VaultError, match=f"an empty {field}"):
        token(field, " ")


@pytest.mark.parametrize("value", ["张伟|", "|19900307", "张伟", "19900307"])
def test_a_name_is_searched_only_together_with_its_birth_date(installation, value):
    assert tokens("name_birth", [value]) == [None]


@pytest.mark.parametrize("field", ["name", "gender", "status", "country", ""])
def test_a_field_easy_to_guess_has_no_index(installation, field):
    for act in (lambda: normalise(field, "x"), lambda: token(field, "x"), lambda: tokens(field, [])):
        with pytest.raises(VaultError, match="no blind index"):
            act()


def test_tokens_are_signed_64_bit_numbers_of_both_signs(installation):
    found = tokens("phone", [str(13_800_000_000 + number) for number in range(200)])

    assert all(-(2**63) <= value < 2**63 for value in found)
    assert len(set(found)) == 200
    assert {value < 0 for value in found} == {True, False}


def test_fields_do_not_share_tokens(installation):
    found = {token(field, "13800138000") for field in FIELDS - {"name_birth"}}

    assert len(found) == len(FIELDS) - 1


def test_bulk_and_single_agree_and_keep_their_order(installation):
    values = ["13800138000", "", "13900139000", "13800138000"]
    one, two = token("phone", values[0]), token("phone", values[2])

    assert tokens("phone", iter(values)) == [one, None, two, one]


def test_a_token_is_a_cmac_under_the_fields_own_key(installation):
    label = b"\0\0\0\x11handover/token/v1\0\0\0\x05phone"
    mac = CMAC(algorithms.AES(hmac.digest(installation_key("index"), label, "sha256")))
    mac.update(b"13800138000")

    assert token("phone", "13800138000") == int.from_bytes(mac.finalize()[:8], "big", signed=True)


LETTERS = st.text(st.sampled_from("0123456789abXx|-·.• \x1c\x1f\x00\t１Ⅷ張é\u0301ßΣσς²๑86"), max_size=14)
LIKELY = (
    st.from_regex(r"[张a·. ]{0,3}\|?(19900101|1990-01-01|1990/1/1|1990-01-01 )?", fullmatch=True)
    | st.from_regex(r"(0086|86|\+86)?[0-9]{9,12}", fullmatch=True)
    | st.from_regex(r"[0-9]{15,18}", fullmatch=True)
)


@settings(max_examples=500)
@given(field=st.sampled_from(sorted(FIELDS)), values=st.lists(LETTERS | LIKELY, max_size=4))
def test_a_column_is_spelt_as_each_value_by_itself(field, values):
    assert spell_all(field, values) == [normalise(field, value) for value in values]


def test_another_installation_has_other_tokens_and_digests(installation, settings, tmp_path):
    book = new_id()
    before = token("phone", "13800138000"), source_digest(book, "client", "1"), content_digest(b"x" * 32)
    for name in ("ROOT_KEY_FILE", "KEYRING_DIR", "KEYRING_COPY"):
        setattr(settings, name, str(tmp_path / f"other {name}"))
    prepare_installation()

    after = token("phone", "13800138000"), source_digest(book, "client", "1"), content_digest(b"x" * 32)
    assert not set(before) & set(after)


def test_a_source_digest_has_16_bytes_and_depends_on_book_kind_and_key(installation):
    book, other = new_id(), new_id()
    found = {
        source_digest(book, "client", "000000000012"),
        source_digest(other, "client", "000000000012"),
        source_digest(book, "account", "000000000012"),
        source_digest(book, "client", "12"),
    }

    assert len(found) == 4
    assert {len(digest) for digest in found} == {16}
    assert source_digest(book, "client", "12") in found


def test_bulk_source_digests_keep_their_order(installation):
    book = new_id()
    keys = ["3", "1", "2", "1"]

    assert source_digests(book, "client", keys) == [source_digest(book, "client", key) for key in keys]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    kind=st.text(max_size=6),
    key=st.text(max_size=6),
    other_kind=st.text(max_size=6),
    other=st.text(max_size=6),
)
def test_kind_and_key_never_run_together(installation, kind, key, other_kind, other):
    book = new_id()
    same = (kind, key) == (other_kind, other)

    assert (source_digest(book, kind, key) == source_digest(book, other_kind, other)) == same


def test_a_content_digest_is_keyed(installation):
    sha256 = hashlib.sha256(b"letter").digest()

    assert len(content_digest(sha256)) == 32
    assert content_digest(sha256) == content_digest(sha256)
    assert content_digest(sha256) not in {sha256, hashlib.blake2b(sha256, digest_size=32).digest()}
