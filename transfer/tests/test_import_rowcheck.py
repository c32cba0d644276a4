"""The loaded rows against the log: altered, swapped, deleted, added and rolled back rows are found."""

from uuid import UUID

import pytest
from django.core.management import call_command

from audit.models import Event
from clients.models import Client
from transfer.importing.rowcheck import check_rows
from transfer.models import ImportRun
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import CLIENT_HEADER, client_lines, clients_csv

pytestmark = pytest.mark.django_db(transaction=True)

A, B, C, D = "000000000017", "000000000024", "000000000031", "000000000048"
CHANGED = client_lines(A).replace("13800000000", "13900000001")
TWICE = CHANGED.replace("13900000001", "13900000002")


@pytest.fixture
def run(load, settings):
    settings.IMPORT_CHUNK_BYTES = 60
    return load("a.csv", clients_csv(A, B, C))


@pytest.fixture
def as_superuser(superuser):
    """Statements of somebody whom no trigger and no foreign key stops."""

    def execute(statement, *facts):
        cursor = superuser().cursor()
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, facts)

    return execute


@pytest.fixture
def delta(load, run):
    def hand_in(lines: str) -> ImportRun:
        return load("b.csv", f"{CLIENT_HEADER}\r\n{lines}".encode(), purpose="delta")

    return hand_in


def faults() -> list[tuple[str, int | None, object]]:
    return [(fault.what, fault.number, fault.row) for fault in check_rows().faults]


def put_back(as_superuser, row: Client) -> None:
    """Every column is as it was."""
    fields = [field for field in Client._meta.concrete_fields if not field.primary_key]
    named = ", ".join(f'"{field.column}" = %s' for field in fields)
    values = [getattr(row, field.attname) for field in fields]
    plain = [str(value) if isinstance(value, UUID) else value for value in values]
    as_superuser(f"UPDATE clients_client SET {named} WHERE id = %s", *plain, str(row.pk))


def rows_differ(were: int, are: int) -> str:
    return f"rows are not those loaded: {were} were, {are} are there"


ELSEWHERE = "row does not open: not what was sealed in its place"


def test_untouched_rows_fit(run, delta, capsys):
    assert run.chunks_total == 3
    assert faults() == []
    delta(CHANGED + client_lines(B, C, D))
    delta(TWICE + client_lines(B, C, D))
    before = Event.objects.count()
    call_command("verify_rows")
    assert "4 rows of 11 slices compared with the log\nAll rows are as loaded." in capsys.readouterr().out
    assert Event.objects.count() == before


def test_two_swapped_documents_are_found_and_both_rows_named(run, as_superuser, capsys, audited):
    first, second, _ = Client.objects.order_by("source_line")
    for row, other in ((first, second), (second, first)):
        as_superuser("UPDATE clients_client SET sealed = %s WHERE id = %s", bytes(other.sealed), str(row.pk))
    assert faults() == [
        (rows_differ(1, 1), 1, None),
        (rows_differ(1, 1), 2, None),
        (ELSEWHERE, 1, first.pk),
        (ELSEWHERE, 2, second.pk),
    ]
    assert ("audit.data_read", first.pk) in audited()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_rows")
    assert ended.value.code == 1
    assert f"clients_client, row {first.pk}, run {run.pk}, slice 1: {ELSEWHERE}" in capsys.readouterr().err


def test_a_deleted_row_is_found_whatever_goes_with_it(run, as_superuser):
    gone = Client.objects.get(source_line=4)
    as_superuser("DELETE FROM clients_client WHERE id = %s", str(gone.pk))
    held = ("row is gone, though its key is held", None, gone.pk)
    assert faults() == [(rows_differ(1, 0), 3, None), held]
    as_superuser("DELETE FROM vault_wrap WHERE subject = %s", str(gone.pk))
    as_superuser("DELETE FROM transfer_importchunk WHERE run_id = %s AND number = 3", str(run.pk))
    as_superuser("UPDATE transfer_importrun SET state = 'refused'")
    assert faults() == [(rows_differ(1, 0), 3, None)]


def test_a_changed_row_that_is_gone_is_named(run, delta, as_superuser):
    delta(CHANGED)
    gone = Client.objects.get(source_line=2)
    as_superuser("DELETE FROM clients_client WHERE id = %s", str(gone.pk))
    assert ("row is gone", None, gone.pk) in faults()


def test_an_added_row_is_found(run, as_superuser):
    row = Client.objects.get(source_line=3)
    row.pk, row.source_digest, row.import_run = "01900000-0000-7000-8000-000000000001", b"x" * 16, row.pk
    row.save(force_insert=True)
    assert [what for what, *_ in faults()] == ["row is of no load the log knows"]


def test_a_row_rolled_back_as_a_whole_is_found(run, delta, as_superuser):
    loaded = Client.objects.get(source_line=2)
    delta(CHANGED)
    put_back(as_superuser, loaded)
    assert Client.objects.get(pk=loaded.pk).phone_token == loaded.phone_token
    assert faults() == [("row is rolled back to an earlier state", 1, loaded.pk)]


def test_a_rolled_back_row_that_was_sealed_anew_since_is_found(run, delta, as_superuser):
    loaded = Client.objects.get(source_line=2)
    delta(CHANGED)
    put_back(as_superuser, loaded)
    delta(TWICE)
    assert faults() == [("row was changed between two sealings", 1, loaded.pk)]
