"""Custody moves by key: the taker can open, the giver cannot, both have signed, the log says so."""

import pytest
from django.utils import timezone

from audit.errors import Refused
from audit.reading import reading
from clients.models import CustodyMove
from clients.services.custody import acceptance_bytes, accept_batch, release_batch, release_bytes
from vault.errors import VaultError
from vault.ids import new_id
from vault.signing import signer, verify

pytestmark = pytest.mark.django_db
MANDATE = b"m" * 32


@pytest.fixture
def released(make_client, canglan, yuanxiu):
    clients = [make_client() for _ in range(3)]
    return release_batch(
        occasion=new_id(),
        giver=canglan,
        taker=yuanxiu,
        clients=[c.pk for c in clients],
        mandate_digest=MANDATE,
        by=None,
    )


def open_as(organisation, client):
    with reading(actor=None, organisation=organisation.pk, purpose="test", subjects=[client.pk]) as right:
        return client.open(right).name


def test_a_released_client_is_still_the_givers(audited, released, canglan, yuanxiu):
    client = released.members.first().client
    assert open_as(canglan, client) == "欧阳清"
    with pytest.raises(VaultError):
        open_as(yuanxiu, client)
    assert client.custodian == canglan
    assert [type_ for type_, _ in audited()].count("custody.released") == 1


def test_an_accepted_client_opens_for_the_taker_alone(audited, released, canglan, yuanxiu):
    accept_batch(move=released, by=None)
    client = released.members.first().client
    client.refresh_from_db()
    assert client.custodian == yuanxiu
    assert open_as(yuanxiu, client) == "欧阳清"
    with pytest.raises(VaultError):
        open_as(canglan, client)
    assert "custody.accepted" in [type_ for type_, _ in audited()]


def test_both_signatures_fit_their_statements(released, canglan, yuanxiu):
    move = accept_batch(move=released, by=None)
    verify(signer("custody", canglan.pk).public, release_bytes(move), bytes(move.release_signature))
    verify(signer("custody", yuanxiu.pk).public, acceptance_bytes(move), bytes(move.acceptance_signature))
    move.client_count += 1
    with pytest.raises(VaultError):
        verify(signer("custody", canglan.pk).public, release_bytes(move), bytes(move.release_signature))


def test_the_same_batch_is_not_accepted_twice(released):
    accept_batch(move=released, by=None)
    with pytest.raises(Refused) as refusal:
        accept_batch(move=released, by=None)
    assert refusal.value.code == "custody.not_released"


def test_a_firm_cannot_release_what_it_does_not_hold(audited, released, canglan, yuanxiu):
    accept_batch(move=released, by=None)
    before = audited()
    clients = list(released.members.values_list("client_id", flat=True))
    with pytest.raises(Refused) as refusal:
        release_batch(
            occasion=new_id(), giver=canglan, taker=yuanxiu, clients=clients, mandate_digest=MANDATE, by=None
        )
    assert refusal.value.code == "custody.not_the_custodian"
    assert refusal.value.params == {"count": 3}
    assert audited() == before
    assert CustodyMove.objects.count() == 1


def test_the_database_refuses_an_accepted_batch_without_a_signature(released):
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        CustodyMove.objects.filter(pk=released.pk).update(state="accepted", accepted_at=timezone.now())


def test_the_record_digest_computed_by_the_database_equals_the_one_from_the_rows(make_client):
    import hashlib

    from clients.records import PARTS, record_digests, record_rows

    client = make_client(guardian=True)
    rows = []
    for model in PARTS:
        mine = (
            model.objects.filter(pk=client.pk)
            if model.__name__ == "Client"
            else model.objects.filter(client=client)
        )
        rows += [(row.sealed_label, row.pk, row.digest()) for row in mine]
    digest = hashlib.sha256(b"".join(d for _, _, d in sorted(rows))).digest()
    assert record_digests([client.pk]) == {client.pk: digest}
    assert [d for _, _, _, d in record_rows(client.pk)] == [d for _, _, d in sorted(rows)]
