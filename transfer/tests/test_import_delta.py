"""The delta at cutover: new, changed, the same, missing."""

import pytest

from audit.reading import reading
from clients.models import Client
from transfer.models import Finding
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import CLIENT_HEADER, client_lines, clients_csv

pytestmark = pytest.mark.django_db

FIRST, SAME, NEW, GONE = "000000000017", "000000000024", "000000000031", "000000000048"


def test_it_loads_the_new_reseals_the_changed_leaves_the_same_and_finds_the_missing(
    load, transfer, giver_steward, audited
):
    load("a.csv", clients_csv(FIRST, SAME, GONE))
    before = {client.source_line: client for client in Client.objects.all()}
    lines = client_lines(FIRST).replace("13800000000", "13900000001").replace("9001", "9002")
    delta = load("b.csv", f"{CLIENT_HEADER}\r\n{lines}{client_lines(SAME, NEW)}".encode(), purpose="delta")
    assert (delta.rows, delta.accepted, delta.rejected) == (3, 3, 0)
    assert Client.objects.filter(book=transfer.book).count() == 4
    changed = Client.objects.get(pk=before[2].pk)
    with reading(
        actor=giver_steward, organisation=transfer.transferor_id, purpose="test", subjects=[changed.pk]
    ) as right:
        assert changed.open(right).phone == "13900000001"
    assert (changed.revision, changed.staff_no) == (2, "9002")
    assert changed.phone_token != before[2].phone_token
    same = Client.objects.get(pk=before[3].pk)
    assert (same.revision, bytes(same.sealed)) == (1, bytes(before[3].sealed))
    missing = Finding.objects.filter(run=delta, code="missing_in_delta")
    assert [row.client_id for row in missing] == [before[4].pk]
    assert ("import.row_changed", changed.pk) in audited()


def test_the_same_delta_again_changes_nothing(load, transfer):
    load("a.csv", clients_csv(FIRST, SAME))
    load("b.csv", clients_csv(SAME, FIRST), purpose="delta")
    assert set(Client.objects.values_list("revision", flat=True)) == {1}
    assert not Finding.objects.filter(code="missing_in_delta").exists()
