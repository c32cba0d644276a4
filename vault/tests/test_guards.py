import pytest
from django.db import IntegrityError, connection, transaction

from vault.guards import guard_sealed_rows
from vault.ids import new_id
from vault.tests.notes import TABLE, Note


@pytest.fixture
def table(transactional_db, superuser):
    cursor = superuser().cursor()
    cursor.execute(TABLE)
    cursor.execute('DROP TRIGGER sealed_row_guard ON "vault_test_note"')
    Note.objects.create(client=new_id(), sealed=b"x")
    return cursor


def rolls_back():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE vault_test_note SET revision = 1, sealed = 'old'")


def test_the_operation_guards_a_table_and_takes_the_guard_away_again(table):
    (operation,) = guard_sealed_rows("vault_test_note")
    Note.objects.update(revision=5, sealed=b"y")

    table.execute(operation.sql)
    with pytest.raises(IntegrityError, match="rises by one"):
        rolls_back()
    assert Note.objects.get().revision == 5

    table.execute(operation.reverse_sql)
    rolls_back()
    assert Note.objects.get().revision == 1


def test_there_is_one_operation_per_table():
    operations = guard_sealed_rows("clients_client", "clients_account")

    assert ['"clients_client"' in o.sql for o in operations] == [True, False]
    assert ['"clients_account"' in o.reverse_sql for o in operations] == [False, True]
