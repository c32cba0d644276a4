"""A surviving transferor keeps ciphertext it cannot read, until its retention officer opens it for a reason."""

import msgspec
import pytest

from access.errors import NotAllowed
from audit.errors import Refused
from audit.reading import reading
from clients.models import ArchivedRow, Client, SealedArchive
from clients.services.archives import open_archive
from clients.services.custody import accept_batch, recall_batch, release_batch
from vault.errors import VaultError
from vault.ids import new_id
from vault.models import Wrap

pytestmark = pytest.mark.django_db


@pytest.fixture
def released(make_client, canglan, yuanxiu):
    clients = [make_client() for _ in range(2)]
    return release_batch(
        occasion=new_id(),
        giver=canglan,
        taker=yuanxiu,
        clients=[client.pk for client in clients],
        mandate_digest=b"m" * 32,
        by=None,
        keeps_archive=True,
    )


def wraps_of(client, organisation):
    rows = Wrap.objects.filter(subject=client.pk, holder=organisation.pk)
    return sorted(rows.values_list("purpose", "key_version"))


def test_the_rows_lie_in_the_archive_as_ciphertext_and_without_tokens(audited, released, canglan):
    archive = SealedArchive.objects.get(move=released.pk)
    assert (archive.holder, archive.client_count, archive.row_count) == (canglan, 2, 6)
    row = ArchivedRow.objects.filter(label="clients.client").first()
    assert bytes(row.sealed) == bytes(row.client.sealed)
    assert row.clear["kind"] == "person"
    assert not {"sealed", "id_token", "phone_token", "custodian"} & set(row.clear)
    kinds = [kind for kind, _ in audited()]
    assert kinds.count("archive.sealed") == kinds.count("custody.released") == 1


def test_after_acceptance_the_giver_holds_archive_wraps_alone_and_the_taker_a_version_more(
    released, canglan, yuanxiu
):
    accept_batch(move=released, by=None)
    client = Client.objects.first()
    assert wraps_of(client, canglan) == [("archive", 1)]
    assert wraps_of(client, yuanxiu) == [("custody", 1), ("custody", 2)]
    with (
        reading(actor=None, organisation=canglan.pk, purpose="test", subjects=[client.pk]) as right,
        pytest.raises(VaultError),
    ):
        client.open(right)


def test_what_the_taker_writes_stays_closed_to_the_archive(released, canglan, yuanxiu, giver_retention):
    accept_batch(move=released, by=None)
    client = Client.objects.first()
    with reading(actor=None, organisation=yuanxiu.pk, purpose="test", subjects=[client.pk]) as right:
        before = client.open(right)
        client.reseal(msgspec.structs.replace(before, name="新名"), right)
    for purpose in ("custody", "archive"):
        with (
            reading(
                actor=None, organisation=canglan.pk, purpose="test", subjects=[client.pk], wraps=purpose
            ) as right,
            pytest.raises(VaultError),
        ):
            client.open(right)
    opened = dict(
        (row.label, fields)
        for row, fields in open_archive(client=client, words="税务稽查", by=giver_retention)
    )
    assert opened["clients.client"]["name"] == before.name == "欧阳清"


def test_only_the_retention_officer_of_the_keeper_opens_it_and_says_why(
    audited, released, giver_retention, giver_officer, taker_officer
):
    accept_batch(move=released, by=None)
    client = Client.objects.first()
    with pytest.raises(NotAllowed):
        open_archive(client=client, words="why", by=giver_officer)
    with pytest.raises(Refused) as refusal:
        open_archive(client=client, words="why", by=taker_officer)
    assert refusal.value.code == "archive.none"
    with pytest.raises(Refused) as refusal:
        open_archive(client=client, words=" ", by=giver_retention)
    assert refusal.value.code == "archive.reason_missing"
    assert "archive.opened" not in [kind for kind, _ in audited()]
    assert len(open_archive(client=client, words="证监局调阅", by=giver_retention)) == 3
    assert [kind for kind, _ in audited()][-2:] == ["archive.opened", "audit.data_read"]


def test_a_batch_that_is_recalled_leaves_no_archive(released, canglan):
    recall_batch(move=released, by=None)
    assert not SealedArchive.objects.exists()
    assert not ArchivedRow.objects.exists()
    assert wraps_of(Client.objects.first(), canglan) == [("custody", 1)]


def test_without_an_archive_the_key_stays_as_it_was(make_client, canglan, yuanxiu):
    client = make_client()
    move = release_batch(
        occasion=new_id(),
        giver=canglan,
        taker=yuanxiu,
        clients=[client.pk],
        mandate_digest=b"m" * 32,
        by=None,
    )
    accept_batch(move=move, by=None)
    assert wraps_of(client, yuanxiu) == [("custody", 1)]
    assert wraps_of(client, canglan) == []
