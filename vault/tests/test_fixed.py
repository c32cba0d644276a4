import pytest
from django.db import connection

from vault.errors import VaultError
from vault.fixed import as_array, fetch_fixed, fixed_row, send_fixed
from vault.ids import new_ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def table():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE narrow (id uuid, place int4, mark text, digest bytea)")
        yield cursor
        cursor.execute("DROP TABLE narrow")


def test_rows_come_back_as_they_were_sent(table):
    ids = new_ids(3)
    # 37 is the per cent sign: neither as a width nor in a value may it be taken for a placeholder.
    template = fixed_row(16, 4, b"100%", 37)
    rows = [template % (row.bytes, place.to_bytes(4, "big"), b"%" * 37) for place, row in enumerate(ids)]

    assert send_fixed(table, "narrow", ("id", "place", "mark", "digest"), rows) == 3

    query = "SELECT id, place, mark, digest FROM narrow WHERE id = ANY(%s::uuid[]) ORDER BY place"
    assert list(fetch_fixed(table, query, [as_array(ids)], "16s i 4s 37s")) == [
        (row.bytes, place, b"100%", b"%" * 37) for place, row in enumerate(ids)
    ]


def test_ids_are_taken_as_uuids_and_as_bytes():
    ids = new_ids(2)

    assert as_array(ids) == as_array([row.bytes for row in ids]) == f"{{{ids[0].hex},{ids[1].hex}}}"
    assert as_array([]) == "{}"


def test_no_row_is_an_empty_answer(table):
    assert list(fetch_fixed(table, "SELECT id FROM narrow", [], "16s")) == []


def test_a_row_of_another_width_is_refused(table):
    with pytest.raises(VaultError):
        fetch_fixed(table, "SELECT 'four'::bytea", [], "16s")


def test_what_the_server_refuses_is_a_database_error(table):
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError), transaction.atomic():
        send_fixed(table, "narrow", ("place",), [fixed_row(3) % b"abc"])
