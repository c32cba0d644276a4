import copy
import pickle

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from vault.errors import OpeningError, VaultError
from vault.ids import new_id, new_ids
from vault.keyfiles import installed_keys
from vault.keyring import create_organisation_keys
from vault.models import Epoch, Wrap
from vault.issuing import issue_data_keys, write_wraps
from vault.wraps import (
    DataKey,
    add_wraps,
    commitment_to,
    commitments,
    lock_active_epoch,
    open_data_keys,
    open_key_versions,
    withdraw_wraps,
)


@pytest.fixture
def issue():
    """Issues and writes keys for some subjects."""

    def act(subjects, holder, purpose="custody"):
        with transaction.atomic(), connection.cursor() as cursor:
            issued = issue_data_keys(subjects, holder=holder, purpose=purpose)
            write_wraps(cursor, issued, holder=holder, purpose=purpose)
        return issued

    return act


def tampered(subject, **changes):
    """The wrap of ``subject`` written anew with changes; the application itself could not alter it."""
    columns = {name: getattr(Wrap.objects.get(subject=subject), name) for name in COLUMNS} | changes
    Wrap.objects.filter(subject=subject).delete()
    return Wrap.objects.create(**columns)


COLUMNS = ("subject", "key_version", "holder", "purpose", "epoch", "wrapped", "commitment")


def test_the_holder_opens_what_was_issued(two_firms, issue):
    ours, _ = two_firms
    clients = new_ids(3)
    issued = issue(clients, ours)

    opened = open_data_keys(clients, holder=ours)

    assert {client: key.key for client, key in opened.items()} == {c: k.key for c, k in issued.items()}
    assert {key.version for key in opened.values()} == {1}
    assert len({key.key for key in opened.values()}) == 3


def test_nothing_is_written_before_write_wraps(two_firms):
    issue_data_keys([new_id()], holder=two_firms[0])

    assert not Wrap.objects.exists()


def test_opening_many_keys_takes_one_query(two_firms, issue, django_assert_num_queries):
    clients = new_ids(50)
    issue(clients, two_firms[0])

    with django_assert_num_queries(1):
        open_data_keys(clients, holder=two_firms[0])


def test_another_organisation_opens_nothing(two_firms, issue):
    ours, theirs = two_firms
    client = new_id()
    issue([client], ours)

    with pytest.raises(VaultError, match="no key is held for 1 of 1"):
        open_data_keys([client], holder=theirs)


def test_another_purpose_opens_nothing(two_firms, issue):
    client = new_id()
    issue([client], two_firms[0])

    with pytest.raises(VaultError, match="no key is held"):
        open_data_keys([client], holder=two_firms[0], purpose="archive")


def test_no_subjects_open_to_no_keys(two_firms):
    assert open_data_keys([], holder=two_firms[0]) == {}


def test_neither_key_nor_organisation_key_lies_in_the_database(two_firms, issue):
    ours, _ = two_firms
    client = new_id()
    issued = issue([client], ours)
    wrap = Wrap.objects.get()
    _suite, organisation_key = installed_keys().get(f"{ours.hex}.wrap.custody.1")

    for secret in (issued[client].key, organisation_key):
        assert secret not in bytes(wrap.wrapped) + bytes(wrap.commitment)


@pytest.mark.parametrize("column", ["wrapped", "commitment"])
def test_every_changed_byte_of_a_wrap_is_refused(two_firms, issue, column):
    ours, _ = two_firms
    client = new_id()
    issue([client], ours)
    whole = bytes(getattr(Wrap.objects.get(), column))

    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        tampered(client, **{column: bytes(changed)})
        with pytest.raises(OpeningError):
            open_data_keys([client], holder=ours)


def test_swapped_wraps_are_refused(two_firms, issue):
    ours, _ = two_firms
    one, two = new_ids(2)
    issue([one, two], ours)
    first, second = Wrap.objects.get(subject=one), Wrap.objects.get(subject=two)
    tampered(one, wrapped=second.wrapped, commitment=second.commitment)
    tampered(two, wrapped=first.wrapped, commitment=first.commitment)

    for client in (one, two):
        with pytest.raises(OpeningError):
            open_data_keys([client], holder=ours)


def test_a_wrap_moved_to_another_version_is_refused(two_firms, issue):
    client = new_id()
    issue([client], two_firms[0])
    tampered(client, key_version=2)

    with pytest.raises(OpeningError):
        open_data_keys([client], holder=two_firms[0])


def test_a_wrap_moved_to_another_purpose_is_refused(two_firms, issue):
    client = new_id()
    issue([client], two_firms[0])
    tampered(client, purpose="archive")

    with pytest.raises(OpeningError):
        open_data_keys([client], holder=two_firms[0], purpose="archive")


def test_a_wrap_moved_to_another_organisation_is_refused(two_firms, issue):
    ours, theirs = two_firms
    client = new_id()
    issue([client], ours)
    tampered(client, holder=theirs)

    with pytest.raises(OpeningError):
        open_data_keys([client], holder=theirs)


def test_a_wrap_moved_to_another_epoch_is_refused(two_firms, issue):
    ours, _ = two_firms
    client = new_id()
    issue([client], ours)
    old_suite, old_key = installed_keys().get(f"{ours.hex}.wrap.custody.1")
    installed_keys().add(f"{ours.hex}.wrap.custody.2", old_key, suite=old_suite)
    tampered(client, epoch=2)

    with pytest.raises(OpeningError):
        open_data_keys([client], holder=ours)


def test_a_wrap_whose_epoch_key_is_destroyed_never_opens_again(two_firms, issue):
    ours, _ = two_firms
    client = new_id()
    issue([client], ours)
    open_data_keys([client], holder=ours)
    installed_keys().destroy(f"{ours.hex}.wrap.custody.1")

    with pytest.raises(VaultError, match="not in the keyring"):
        open_data_keys([client], holder=ours)


def test_adding_a_wrap_lets_the_other_firm_open_the_same_key(two_firms, issue):
    ours, theirs = two_firms
    clients = new_ids(3)
    issued = issue(clients, ours)

    assert add_wraps(clients, holder_from=ours, holder_to=theirs) == 3

    opened = open_data_keys(clients, holder=theirs)
    assert {client: key.key for client, key in opened.items()} == {c: k.key for c, k in issued.items()}
    assert {bytes(w.commitment) for w in Wrap.objects.all()} == {k.commitment for k in issued.values()}


def test_adding_wraps_again_changes_nothing(two_firms, issue):
    ours, theirs = two_firms
    clients = new_ids(2)
    issue(clients, ours)
    add_wraps(clients[:1], holder_from=ours, holder_to=theirs)

    assert add_wraps(clients, holder_from=ours, holder_to=theirs) == 1
    assert add_wraps(clients, holder_from=ours, holder_to=theirs) == 0
    assert Wrap.objects.count() == 4


def test_a_firm_cannot_pass_on_what_it_does_not_hold(two_firms, issue):
    ours, theirs = two_firms
    held, foreign = new_ids(2)
    issue([held], ours)
    issue([foreign], theirs)

    with pytest.raises(VaultError, match="no key is held for 1 of 2"):
        add_wraps([held, foreign], holder_from=ours, holder_to=theirs)
    assert Wrap.objects.count() == 2


def test_a_firm_without_keys_takes_nothing(two_firms, issue):
    client = new_id()
    issue([client], two_firms[0])

    with pytest.raises(VaultError, match="no active custody key"):
        add_wraps([client], holder_from=two_firms[0], holder_to=new_id())


def test_withdrawing_takes_only_that_firms_wraps(two_firms, issue):
    ours, theirs = two_firms
    one, two = new_ids(2)
    issue([one, two], ours)
    add_wraps([one, two], holder_from=ours, holder_to=theirs)

    assert withdraw_wraps([one], holder=ours) == 1
    assert withdraw_wraps([one], holder=ours) == 0

    open_data_keys([one, two], holder=theirs)
    open_data_keys([two], holder=ours)
    with pytest.raises(VaultError, match="no key is held"):
        open_data_keys([one], holder=ours)


def test_a_wrap_is_written_only_inside_a_transaction(installation, transactional_db):
    firm = new_id()
    create_organisation_keys(firm)
    issued = issue_data_keys([new_id()], holder=firm)

    with connection.cursor() as cursor, pytest.raises(VaultError, match="inside a transaction"):
        write_wraps(cursor, issued, holder=firm)
    assert not Wrap.objects.exists()


def test_keys_issued_before_the_epoch_turned_are_refused(two_firms):
    ours, _ = two_firms
    issued = issue_data_keys([new_id()], holder=ours)
    Epoch.objects.filter(org=ours, purpose="custody").update(state="retired")
    Epoch.objects.create(org=ours, purpose="custody", number=2, suite=1)

    with connection.cursor() as cursor, pytest.raises(VaultError, match="epoch has turned"):
        write_wraps(cursor, issued, holder=ours)


def test_an_organisation_whose_epoch_is_retired_gets_no_keys(two_firms):
    ours, _ = two_firms
    Epoch.objects.filter(org=ours, purpose="custody").update(state="retired")

    with pytest.raises(VaultError, match="no active custody key"):
        issue_data_keys([new_id()], holder=ours)


def test_retiring_an_epoch_waits_for_whoever_writes_wraps(installation, transactional_db, superuser):
    firm = new_id()
    create_organisation_keys(firm)
    rival = superuser().cursor()

    with transaction.atomic(), connection.cursor() as cursor:
        assert lock_active_epoch(cursor, firm, "custody") == 1
        for clause, taken in (("FOR UPDATE", 0), ("FOR KEY SHARE", 1)):
            rival.execute(
                f"SELECT 1 FROM vault_epoch WHERE org = %s AND purpose = 'custody' {clause} SKIP LOCKED",
                [str(firm)],
            )
            assert len(rival.fetchall()) == taken


def test_a_second_first_key_for_a_subject_is_refused(two_firms, issue):
    client = new_id()
    issue([client], two_firms[0])

    with pytest.raises(IntegrityError), transaction.atomic():
        issue([client], two_firms[0])
    assert Wrap.objects.count() == 1


def test_the_application_cannot_alter_a_wrap(two_firms, issue):
    issue([new_id()], two_firms[0])

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Wrap.objects.update(commitment=bytes(32))


@pytest.mark.parametrize(
    "changes",
    [
        {"commitment": bytes(31)},
        {"wrapped": bytes(60)},
        {"key_version": 0},
        {"epoch": 0},
        {"purpose": "leisure"},
    ],
)
def test_postgresql_refuses_a_misshapen_wrap(two_firms, issue, changes):
    client = new_id()
    issue([client], two_firms[0])

    with pytest.raises(IntegrityError), transaction.atomic():
        tampered(client, **changes)


def test_the_newest_version_seals_and_every_version_opens(two_firms, issue):
    ours, theirs = two_firms
    client = new_id()
    issue([client], ours)
    add_second_version(client, ours)

    assert open_data_keys([client], holder=ours)[client].version == 2
    assert set(open_key_versions([client], holder=ours)) == {(client, 1), (client, 2)}
    assert add_wraps([client], holder_from=ours, holder_to=theirs) == 2


def add_second_version(client, firm):
    from vault.keyring import wrapping_cipher
    from vault.wraps import _Binding

    suite, cipher = wrapping_cipher(firm, "custody", 1)
    key, nonce = b"2" * 32, bytes(12)
    wrapped = bytes([suite]) + nonce + cipher.encrypt(nonce, key, _Binding(firm, "custody").to(client, 2, 1))
    Wrap.objects.create(
        subject=client,
        key_version=2,
        holder=firm,
        purpose="custody",
        epoch=1,
        wrapped=wrapped,
        commitment=commitment_to(client, 2, key),
    )


def test_commitments_are_the_same_for_every_holder(two_firms, issue):
    ours, theirs = two_firms
    clients = new_ids(2)
    issued = issue(clients, ours)
    before = commitments(clients)
    add_wraps(clients, holder_from=ours, holder_to=theirs)

    assert commitments([*clients, new_id()]) == before == {c: k.commitment for c, k in issued.items()}


def test_disagreeing_commitments_are_refused(two_firms, issue):
    ours, theirs = two_firms
    client = new_id()
    issue([client], ours)
    wrap = Wrap.objects.get()
    Wrap.objects.create(
        **{name: getattr(wrap, name) for name in COLUMNS} | {"holder": theirs, "commitment": bytes(32)}
    )

    with pytest.raises(VaultError, match="disagree"):
        commitments([client])


def test_a_commitment_is_bound_to_subject_version_and_key():
    client, other = new_ids(2)
    made = {
        commitment_to(client, 1, bytes(32)),
        commitment_to(other, 1, bytes(32)),
        commitment_to(client, 2, bytes(32)),
        commitment_to(client, 1, b"1" * 32),
    }

    assert len(made) == 4
    assert {len(commitment) for commitment in made} == {32}


def test_a_firm_may_choose_sm4_and_pass_its_clients_on(installation, db, issue):
    sm4, aes = new_ids(2)
    create_organisation_keys(sm4, suite=2)
    create_organisation_keys(aes)
    client = new_id()
    issued = issue([client], sm4)
    add_wraps([client], holder_from=sm4, holder_to=aes)

    assert {wrap.holder: bytes(wrap.wrapped)[0] for wrap in Wrap.objects.all()} == {sm4: 2, aes: 1}
    assert open_data_keys([client], holder=sm4)[client].suite == 2
    assert open_data_keys([client], holder=aes)[client].key == issued[client].key


def test_a_data_key_neither_pickles_nor_copies_nor_prints():
    key = DataKey(b"k" * 32, 7)

    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(VaultError):
            act(key)
    assert repr(key) == "<DataKey version 7>"
