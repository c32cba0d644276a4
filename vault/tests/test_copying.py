import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from django.db import DataError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vault.copying import BinaryCopy, Same
from vault.errors import VaultError
from vault.ids import new_id, new_id_rows, new_ids
from vault.matrix import matrix_of
from vault.models import Epoch

KINDS = (
    "uuid", "bytea", "int2", "int4", "int8", "text", "jsonb", "date", "bool", "timestamptz", "numeric",
)  # fmt: skip
TABLE = "vault_test_copy"
COLUMNS = [(f"a_{kind}", kind) for kind in KINDS]


@pytest.fixture
def table(transactional_db, superuser):
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
    superuser().cursor().execute(
        f"CREATE TABLE {TABLE} (n serial, {columns});"
        f"GRANT SELECT, INSERT, DELETE ON {TABLE} TO handover_app;"
        f"GRANT USAGE ON {TABLE}_n_seq TO handover_app"
    )


def copied(columns, rows):
    with connection.cursor() as cursor:
        copy = BinaryCopy(cursor, TABLE, columns)
        copy.add_rows(rows)
        sent = copy.send()
        names = ", ".join(name for name, _kind in columns)
        cursor.execute(f"SELECT {names} FROM {TABLE} ORDER BY n")
        found = cursor.fetchall()
        cursor.execute(f"DELETE FROM {TABLE}")
    assert sent == len(rows)
    return found


def row_of(**values):
    return tuple(values.get(kind) for kind in KINDS)


def test_every_type_comes_back_as_it_went(table):
    moment = datetime(2026, 11, 23, 20, 15, 1, 234567, tzinfo=UTC)
    row = row_of(
        uuid=new_id(),
        bytea=b"\x00\xff\n\\",
        int2=-(2**15),
        int4=2**31 - 1,
        int8=-(2**63),
        text="沧澜证券\t\\N\n𠮷",
        jsonb='{"a": [1, null]}',
        date=date(1949, 10, 1),
        bool=True,
        timestamptz=moment,
        numeric=Decimal("-12345678.90"),
    )

    (found,) = copied(COLUMNS, [row])

    found = list(found)
    found[1] = bytes(found[1])
    assert found[6] in ({"a": [1, None]}, '{"a": [1, null]}')
    found[6] = row[6]
    assert tuple(found) == row


def test_nothing_becomes_null(table):
    (found,) = copied(COLUMNS, [row_of()])

    assert found == row_of()


def test_false_and_empty_are_not_null(table):
    columns = [("a_bool", "bool"), ("a_text", "text"), ("a_bytea", "bytea"), ("a_int4", "int4")]
    (found,) = copied(columns, [(False, "", b"", 0)])

    assert (found[0], found[1], bytes(found[2]), found[3]) == (False, "", b"", 0)


def test_a_time_elsewhere_is_the_same_moment(table):
    shanghai = datetime(1999, 12, 31, 23, 59, 59, 1, tzinfo=timezone(timedelta(hours=8)))
    (found,) = copied([("a_timestamptz", "timestamptz")], [(shanghai,)])

    assert found[0] == shanghai


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.decimals(
            allow_nan=False, allow_infinity=False, places=None, min_value=-(10**30), max_value=10**30
        ),
        min_size=1,
        max_size=20,
    )
)
def test_decimals_keep_value_and_places(table, values):
    found = [row[0] for row in copied([("a_numeric", "numeric")], [(value,) for value in values])]

    assert found == values
    assert [max(0, -d.as_tuple().exponent) for d in found] == [max(0, -d.as_tuple().exponent) for d in values]


@pytest.mark.parametrize(
    "written", ["0", "0.00", "-0.00", "1", "10000", "0.0001", "0.00001", "9999.9999", "1E+5", "123456789.01"]
)
def test_awkward_decimals_keep_their_value(table, written):
    ((found,),) = copied([("a_numeric", "numeric")], [(Decimal(written),)])

    assert found == Decimal(written)


def test_whole_columns_load_like_rows(table):
    ids = new_ids(3)
    with connection.cursor() as cursor:
        copy = BinaryCopy(cursor, TABLE, [("a_uuid", "uuid"), ("a_int4", "int4")])
        copy.add_columns([ids, [1, None, 3]])
        assert copy.send() == 3
        cursor.execute(f"SELECT a_uuid, a_int4 FROM {TABLE} ORDER BY n")
        assert cursor.fetchall() == list(zip(ids, [1, None, 3], strict=True))


def test_columns_of_arrays_load_like_lists(table):
    names = ("uuid", "bytea", "int2", "int4", "int8", "bool", "text", "date", "numeric")
    columns = [(f"a_{kind}", kind) for kind in names]
    ids = new_id_rows(3)
    tokens = np.ma.MaskedArray(np.array([-1, 2**62, 3], dtype=np.int64), mask=[False, False, True])
    with connection.cursor() as cursor:
        copy = BinaryCopy(cursor, TABLE, columns)
        copy.add_columns(
            [
                ids,
                [b"", b"\x00\xff", b"abc"],
                Same(-2),
                np.array([7, -8, 9]),
                tokens,
                np.array([True, False, True]),
                ["a", "b", "a"],
                [date(2026, 11, 23), None, date(1949, 10, 1)],
                Same(None),
            ]
        )
        assert copy.send() == 3
        cursor.execute(f"SELECT {', '.join(name for name, _ in columns)} FROM {TABLE} ORDER BY n")
        found = [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]
    each = [uuid.UUID(bytes=row.tobytes()) for row in ids]
    assert found == [
        [each[0], b"", -2, 7, -1, True, "a", date(2026, 11, 23), None],
        [each[1], b"\x00\xff", -2, -8, 2**62, False, "b", None, None],
        [each[2], b"abc", -2, 9, None, True, "a", date(1949, 10, 1), None],
    ]


def test_columns_of_one_width_alone_load_too(table):
    with connection.cursor() as cursor:
        copy = BinaryCopy(cursor, TABLE, [("a_bytea", "bytea"), ("a_int4", "int4")])
        copy.add_columns([matrix_of([b"ab", b"cd"], 2), np.array([1, 2])])
        assert copy.send() == 2
        cursor.execute(f"SELECT a_bytea, a_int4 FROM {TABLE} ORDER BY n")
        assert [(bytes(value), number) for value, number in cursor.fetchall()] == [(b"ab", 1), (b"cd", 2)]


def test_an_array_that_fits_no_column_is_refused():
    copy = BinaryCopy(None, TABLE, [("a", "text")])
    with pytest.raises(VaultError, match="no column of text"):
        copy.add_columns([np.array([1, 2])])
    with pytest.raises(ValueError, match="how many rows"):
        copy.add_columns([Same("x")])
    with pytest.raises(ValueError, match="rows of 3 bytes"):
        matrix_of([b"abc", b"ab"], 3)


def test_rows_added_in_parts_are_sent_once(table):
    with connection.cursor() as cursor:
        copy = BinaryCopy(cursor, TABLE, [("a_int4", "int4")])
        copy.add_rows([(1,), (2,)])
        copy.add_rows(row for row in [(3,)])
        copy.add_rows([])
        assert copy.send() == 3
        assert copy.send() == 0
        copy.add_rows([(4,)])
        assert copy.send() == 1
        cursor.execute(f"SELECT a_int4 FROM {TABLE} ORDER BY n")
        assert cursor.fetchall() == [(1,), (2,), (3,), (4,)]


def test_an_unknown_type_is_refused():
    with pytest.raises(VaultError, match="no binary form is known for money, xml"):
        BinaryCopy(None, TABLE, [("a", "money"), ("b", "int4"), ("c", "xml")])


def test_ragged_rows_are_refused():
    copy = BinaryCopy(None, TABLE, [("a", "int4"), ("b", "int4")])

    with pytest.raises(ValueError):
        copy.add_rows([(1, 2), (3,)])
    with pytest.raises(ValueError):
        copy.add_columns([[1, 2], [3]])
    with pytest.raises(VaultError, match="3 columns given, 2 declared"):
        copy.add_rows([(1, 2, 3)])


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), datetime.max])
def test_a_time_without_zone_is_refused(value):
    with pytest.raises(VaultError, match="without a zone"):
        BinaryCopy(None, TABLE, [("a", "timestamptz")]).add_rows([(value,)])


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_number_without_value_is_refused(value):
    with pytest.raises(VaultError, match="finite"):
        BinaryCopy(None, TABLE, [("a", "numeric")]).add_rows([(Decimal(value),)])


def test_what_postgresql_refuses_is_a_database_error_and_leaves_nothing(db):
    columns = [("org", "uuid"), ("purpose", "text"), ("number", "int4"), ("suite", "int2"), ("state", "text"),
               ("created_at", "timestamptz")]  # fmt: skip
    now = datetime.now(UTC)
    good = (new_id(), "custody", 1, 1, "active", now)

    for bad, error in (
        ((new_id(), "custody", 0, 1, "active", now), IntegrityError),
        ((new_id(), "custody", None, 1, "active", now), IntegrityError),
        ((new_id(), "cust\0dy", 1, 1, "active", now), DataError),
    ):
        with pytest.raises(error), transaction.atomic(), connection.cursor() as cursor:
            copy = BinaryCopy(cursor, "vault_epoch", columns)
            copy.add_rows([good, bad])
            copy.send()
        assert not Epoch.objects.exists()


def test_names_are_quoted(transactional_db, superuser):
    superuser().cursor().execute(
        'CREATE TABLE "odd name" ("select" int4); GRANT ALL ON "odd name" TO handover_app'
    )
    with connection.cursor() as cursor:
        copy = BinaryCopy(cursor, "odd name", [("select", "int4")])
        copy.add_rows([(5,)])
        assert copy.send() == 1


def test_uuids_of_any_version_pass(table):
    value = uuid.UUID("00000000-0000-0000-0000-000000000000")
    ((found,),) = copied([("a_uuid", "uuid")], [(value,)])

    assert found == value
