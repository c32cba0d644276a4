"""What happens to a batch when something changes between its release and its acceptance."""

import pytest

from audit.errors import Refused
from audit.reading import reading
from clients.models import Client, CustodyMove
from clients.services.custody import accept_batch, recall_batch, release_batch
from vault.ids import new_id
from vault.wraps import withdraw_wraps

pytestmark = pytest.mark.django_db
MANDATE = b"m" * 32


def release(clients, giver, taker, occasion=None):
    return release_batch(
        occasion=occasion or new_id(),
        giver=giver,
        taker=taker,
        clients=[client.pk for client in clients],
        mandate_digest=MANDATE,
        by=None,
    )


@pytest.fixture
def clients(make_client):
    return [make_client() for _ in range(3)]


@pytest.fixture
def released(clients, canglan, yuanxiu):
    return release(clients, canglan, yuanxiu)


def change(client, organisation):
    row = Client.objects.get(pk=client.pk)
    with reading(actor=None, organisation=organisation.pk, purpose="test", subjects=[row.pk]) as right:
        row.reseal(row.open(right), right)


def test_a_record_changed_after_the_release_is_not_accepted(audited, clients, released, canglan):
    change(clients[1], canglan)
    before = audited()
    with pytest.raises(Refused) as refusal:
        accept_batch(move=released, by=None)
    assert refusal.value.code == "custody.changed_since_release"
    assert set(Client.objects.values_list("custodian", flat=True)) == {canglan.pk}
    assert audited() == before


def test_a_recalled_batch_is_never_accepted_and_its_clients_are_released_anew(
    audited, clients, released, canglan, yuanxiu
):
    change(clients[1], canglan)
    recall_batch(move=released, by=None)
    with pytest.raises(Refused) as refusal:
        accept_batch(move=released, by=None)
    assert refusal.value.code == "custody.not_released"
    again = release(clients, canglan, yuanxiu, occasion=released.occasion)
    assert (again.number, accept_batch(move=again, by=None).state) == (2, "accepted")
    kinds = [kind for kind, _ in audited() if kind.startswith("custody.")]
    assert kinds == ["custody.released", "custody.recalled", "custody.released", "custody.accepted"]


def test_a_client_waits_in_one_batch_only(clients, released, canglan, yuanxiu):
    with pytest.raises(Refused) as refusal:
        release(clients[:1], canglan, yuanxiu)
    assert refusal.value.code == "custody.released_already"
    assert CustodyMove.objects.count() == 1


def test_a_client_without_a_key_is_not_released(clients, canglan, yuanxiu):
    withdraw_wraps([clients[0].pk], holder=canglan.pk)
    with pytest.raises(Refused) as refusal:
        release(clients, canglan, yuanxiu)
    assert (refusal.value.code, refusal.value.params) == ("custody.without_key", {"count": 1})


@pytest.fixture
def read_anew(monkeypatch):
    """How often records were digested since."""
    from clients.services import custody

    times = []
    read = custody.digests_and_versions
    monkeypatch.setattr(custody, "digests_and_versions", lambda ids: times.append(ids) or read(ids))
    return times


@pytest.mark.django_db(transaction=True)
def test_rows_untouched_since_the_release_are_not_digested_again(clients, canglan, yuanxiu, read_anew):
    move = release(clients, canglan, yuanxiu)
    assert len(read_anew) == 1
    assert accept_batch(move=move, by=None).state == "accepted"
    assert len(read_anew) == 1
    assert set(Client.objects.values_list("custodian", flat=True)) == {yuanxiu.pk}


@pytest.mark.django_db(transaction=True)
def test_another_process_digests_the_records_anew(clients, canglan, yuanxiu, read_anew):
    from clients.services import custody

    move = release(clients, canglan, yuanxiu)
    custody._released.clear()
    assert accept_batch(move=move, by=None).state == "accepted"
    assert len(read_anew) == 2


@pytest.mark.django_db(transaction=True)
def test_a_changed_row_beside_the_client_is_not_accepted(make_client, canglan, yuanxiu):
    from clients.models import Relation

    client = make_client("000000000070", guardian=True)
    move = release([client], canglan, yuanxiu)
    row = Relation.objects.get(client=client)
    with reading(actor=None, organisation=canglan.pk, purpose="test", subjects=[client.pk]) as right:
        row.reseal(row.open(right), right)
    with pytest.raises(Refused) as refusal:
        accept_batch(move=move, by=None)
    assert refusal.value.code == "custody.changed_since_release"


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_gone_or_new_is_not_accepted(make_client, canglan, yuanxiu):
    from clients.models import Relation

    client = make_client("000000000071", guardian=True)
    move = release([client], canglan, yuanxiu)
    gone = Relation.objects.filter(client=client).get()
    Relation.objects.filter(pk=gone.pk).delete()
    with pytest.raises(Refused) as refusal:
        accept_batch(move=move, by=None)
    assert refusal.value.code == "custody.changed_since_release"
    # Put back, it is a new version of the row: that is found out, and the digests say it is the same record.
    gone.save(force_insert=True)
    assert accept_batch(move=move, by=None).state == "accepted"


@pytest.mark.django_db(transaction=True)
def test_a_change_that_keeps_the_record_is_no_change(clients, released, canglan, read_anew):
    Client.objects.filter(pk=clients[0].pk).update(reveal_suspended=True)
    assert accept_batch(move=released, by=None).state == "accepted"
    assert len(read_anew) == 1


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_not_the_one_released_is_not_accepted(clients, released, canglan):
    from django.db import connection, transaction

    from vault.issuing import issue_data_keys, write_wraps

    withdraw_wraps([clients[0].pk], holder=canglan.pk)
    with transaction.atomic(), connection.cursor() as cursor:
        issued = issue_data_keys([clients[0].pk], holder=canglan.pk)
        write_wraps(cursor, issued, holder=canglan.pk)
    with pytest.raises(Refused) as refusal:
        accept_batch(move=released, by=None)
    assert refusal.value.code == "custody.changed_since_release"
