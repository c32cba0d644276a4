"""The loaded rows against the log: altered, deleted and rolled back rows are found."""

import pytest
from django.core.management import call_command
from django.db import connection

from clients.models import Client
from transfer.importing.rowcheck import check_rows
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import CLIENT_HEADER, client_lines, clients_csv

pytestmark = pytest.mark.django_db

A, B, C = "000000000017", "000000000024", "000000000031"


@pytest.fixture
def run(load, settings):
    settings.IMPORT_CHUNK_BYTES = 60
    return load("a.csv", clients_csv(A, B, C))


def faults(run) -> list[tuple[str, int]]:
    return [(fault.what, fault.number) for fault in check_rows(run)]


def execute(statement: str, *facts) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)


def test_untouched_rows_fit(run, capsys):
    assert run.chunks_total == 3
    assert faults(run) == []
    call_command("verify_rows")
    assert "All rows are as loaded." in capsys.readouterr().out


def test_a_changed_byte_a_swap_and_a_deletion_are_found(run, capsys):
    first, second, third = Client.objects.order_by("source_line")
    execute("UPDATE clients_client SET sealed = %s WHERE id = %s", bytes(second.sealed), first.pk)
    assert faults(run) == [("rows are not those loaded", 1)]
    execute("DELETE FROM transfer_finding")
    execute("DELETE FROM clients_client WHERE id = %s", third.pk)
    assert faults(run) == [("rows are not those loaded", 1), ("rows are not those loaded", 3)]
    with pytest.raises(SystemExit):
        call_command("verify_rows")


def test_a_row_rolled_back_as_a_whole_is_found(run, load):
    before = Client.objects.get(source_line=2)
    changed = client_lines(A).replace("13800000000", "13900000001")
    load("b.csv", f"{CLIENT_HEADER}\r\n{changed}{client_lines(B, C)}".encode(), purpose="delta")
    assert faults(run) == []
    execute(
        "UPDATE clients_client SET sealed = %s, revision = %s WHERE id = %s",
        bytes(before.sealed), before.revision, before.pk,
    )
    assert faults(run) == [("row is not as last sealed", 1)]
