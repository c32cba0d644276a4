import pytest
from django.db import DatabaseError, connection, transaction

from vault.errors import VaultError
from vault.fixed import as_array, fetch_fixed, fixed_row, send_fixed
from vault.ids import new_ids

pytestmark = pytest.mark.django_db
COLUMNS = ("subject", "key_version", "holder", "purpose", "epoch", "wrapped", "commitment")


@pytest.fixture
def cursor():
    with connection.cursor() as cursor:
        yield cursor


def test_rows_come_back_as_they_were_sent(cursor):
    ids = new_ids(3)
    # A per cent sign (37) in a constant, in a width or in a value is never taken for a placeholder.
    holder = b"%b%s" * 4
    template = fixed_row(16, 2, holder, b"custody", 4, 61, 32)
    rows = [
        template % (row.bytes, b"\x00\x01", (37 + place).to_bytes(4, "big"), b"%" * 61, b"c" * 32)
        for place, row in enumerate(ids)
    ]

    assert send_fixed(cursor, "vault_wrap", COLUMNS, rows) == 3

    query = (
        "SELECT subject, epoch, holder, wrapped FROM vault_wrap WHERE subject = ANY(%s::uuid[]) ORDER BY 2"
    )
    assert list(fetch_fixed(cursor, query, [as_array(ids)], "16s i 16s 61s")) == [
        (row.bytes, 37 + place, holder, b"%" * 61) for place, row in enumerate(ids)
    ]


def test_a_constant_of_37_bytes_is_no_placeholder():
    assert fixed_row(b"x" * 37) % () == b"\x00\x01\x00\x00\x00\x25" + b"x" * 37


def test_ids_are_taken_as_uuids_and_as_bytes():
    ids = new_ids(2)

    assert as_array(ids) == as_array([row.bytes for row in ids]) == f"{{{ids[0].hex},{ids[1].hex}}}"
    assert as_array([]) == "{}"


def test_no_row_is_an_empty_answer(cursor):
    assert list(fetch_fixed(cursor, "SELECT subject FROM vault_wrap WHERE false", [], "16s")) == []


def test_a_row_of_another_width_is_refused(cursor):
    with pytest.raises(VaultError):
        fetch_fixed(cursor, "SELECT 'four'::bytea", [], "16s")


def test_what_the_server_refuses_is_a_database_error_and_leaves_no_row(cursor):
    with pytest.raises(DatabaseError), transaction.atomic():
        send_fixed(cursor, "vault_wrap", ("epoch",), [fixed_row(4) % bytes(4)])
    cursor.execute("SELECT count(*) FROM vault_wrap")
    assert cursor.fetchone() == (0,)
