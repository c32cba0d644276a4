import hashlib
import pickle
from uuid import UUID

import msgspec
import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction

from vault.errors import OpeningError, VaultError
from vault.ids import new_id, new_id_rows, new_ids
from vault.issuing import issue_data_keys, write_wraps
from vault.keyring import create_organisation_keys
from vault.rows import (
    HEADER_BYTES,
    Reading,
    SealedModel,
    key_mark,
    open_rows,
    row_digest,
    seal_document,
    seal_rows,
)
from vault.tests.notes import TABLE, Note, NoteText, reading_of
from vault.wraps import DataKey, add_wraps


@pytest.fixture
def clients(two_firms):
    """Two clients of the first firm."""
    wanted = new_ids(2)
    with connection.cursor() as cursor:
        issued = issue_data_keys(wanted, holder=two_firms[0])
        write_wraps(cursor, issued, holder=two_firms[0])
    return wanted, issued


@pytest.fixture
def note(clients):
    (client, _), issued = clients
    return Note(client=client).seal_new(NoteText("张伟", "13800138000"), issued[client])


@pytest.fixture
def ours(two_firms, clients):
    return reading_of(two_firms[0], *clients[0])


def test_a_row_opens_to_its_document(note, ours):
    assert note.open(ours) == NoteText("张伟", "13800138000")
    assert note.revision == 1


def test_nothing_of_a_document_shows(note):
    assert "张伟".encode() not in note.sealed
    assert b"13800138000" not in note.sealed
    assert str(note) == str(note.pk)
    assert "张伟" not in repr(note) + repr(vars(note))


def test_the_header_is_suite_schema_version_and_nonce(note):
    assert HEADER_BYTES == 16
    assert note.sealed[:4] == b"\x01\x01\x00\x01"
    assert len(note.sealed) == 16 + len(msgspec.msgpack.encode(NoteText("张伟", "13800138000"))) + 16


def test_every_flipped_bit_of_header_and_ciphertext_is_refused(note, ours):
    whole = note.sealed
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        note.sealed = bytes(changed)
        with pytest.raises(VaultError):
            note.open(ours)


def test_every_truncation_is_refused(note, ours):
    whole = note.sealed
    for length in range(len(whole)):
        note.sealed = whole[:length]
        with pytest.raises(VaultError):
            note.open(ours)


def test_a_document_does_not_open_in_another_row_of_the_same_client(note, ours, clients):
    other = Note(client=note.client, sealed=note.sealed)

    with pytest.raises(OpeningError):
        other.open(ours)


def test_a_document_does_not_open_for_another_client(note, ours, clients):
    note.client = clients[0][1]

    with pytest.raises(OpeningError):
        note.open(ours)


def test_a_document_does_not_open_in_another_model(note, ours):
    class OtherNote(Note):
        sealed_label = "vault.other"

        class Meta:
            proxy = True
            app_label = "vault"
            apps = Note._meta.apps

    with pytest.raises(OpeningError):
        OtherNote(id=note.id, client=note.client, sealed=note.sealed).open(ours)


@pytest.mark.parametrize("revision", [0, 2, 2**31 - 1])
def test_a_document_does_not_open_under_another_revision(note, ours, revision):
    note.revision = revision

    with pytest.raises(OpeningError):
        note.open(ours)


def test_an_older_document_under_the_current_revision_is_refused(note, ours, clients):
    old = note.sealed
    note.revision = 2
    note.sealed = seal_document("vault.note", note.pk, 2, clients[1][note.client], NoteText("李娜"))
    assert note.open(ours).name == "李娜"

    note.sealed = old
    with pytest.raises(OpeningError):
        note.open(ours)


def test_a_newer_schema_than_the_model_knows_is_refused(note, ours, clients):
    note.sealed = seal_document("vault.note", note.pk, 1, clients[1][note.client], NoteText("张伟"), schema=2)

    with pytest.raises(OpeningError):
        note.open(ours)
    note.sealed_schema = 2
    assert note.open(ours).name == "张伟"


def test_the_other_firm_opens_the_row_once_it_has_a_wrap(note, two_firms):
    theirs = reading_of(two_firms[1], note.client)
    with pytest.raises(VaultError, match="no key is held for this row"):
        note.open(theirs)

    add_wraps([note.client], holder_from=two_firms[0], holder_to=two_firms[1])
    assert note.open(theirs).name == "张伟"


def test_a_reading_opens_only_with_the_wraps_it_names(note, two_firms):
    with pytest.raises(VaultError, match="no key is held"):
        note.open(reading_of(two_firms[0], note.client, wraps="archive"))


def test_a_reading_opens_only_its_subjects(note, two_firms):
    with pytest.raises(VaultError, match="does not cover"):
        note.open(reading_of(two_firms[0], new_id()))
    with pytest.raises(VaultError, match="does not cover"):
        note.open(reading_of(two_firms[0]))


def test_a_reading_of_a_declared_set_opens_all_of_it(note, two_firms):
    assert note.open(Reading(None, two_firms[0], "test", None, new_id())).name == "张伟"


def test_a_reading_cannot_be_widened(ours):
    with pytest.raises(AttributeError):
        ours.subjects = None


def test_many_rows_open_with_one_query_and_keep_their_order(clients, ours, django_assert_num_queries):
    wanted, issued = clients
    notes = [
        Note(client=wanted[number % 2]).seal_new(NoteText(str(number)), issued[wanted[number % 2]])
        for number in range(20)
    ]

    with django_assert_num_queries(1):
        opened = open_rows(notes, ours)
    assert [doc.name for doc in opened] == [str(number) for number in range(20)]
    assert open_rows([], ours) == []


def test_one_bad_row_spoils_the_whole_opening(clients, ours, note):
    bad = Note(client=note.client, sealed=note.sealed)

    with pytest.raises(OpeningError):
        open_rows([note, bad], ours)


def test_bulk_sealing_equals_sealing_one_by_one(clients, ours):
    wanted, issued = clients
    ids, key = new_id_rows(4), issued[wanted[0]]
    docs = [NoteText(str(number), "张") for number in range(4)]
    fields = [(doc.name, doc.phone) for doc in docs]

    rows = seal_rows(
        "vault.note", ids, fields, ciphers=[key.cipher] * 4, keys=key_mark(key.suite, key.version)
    )

    notes = [Note(id=UUID(bytes=i.tobytes()), client=wanted[0], sealed=s) for i, s in zip(ids, rows.sealed)]
    assert open_rows(notes, ours) == docs
    assert len({s[4:16] for s in rows.sealed}) == 4
    assert rows.digests == [note.digest() for note in notes]


def test_bulk_sealing_takes_rows_of_several_keys(clients, ours):
    wanted, issued = clients
    keys = [issued[wanted[0]], DataKey(issued[wanted[1]].key, 1, 2)]
    marks = np.frombuffer(b"".join(key_mark(key.suite, key.version) for key in keys), dtype=np.uint8)
    ids = new_id_rows(2)
    rows = seal_rows(
        "vault.note", ids, [("a", ""), ("b", "")], ciphers=[k.cipher for k in keys], keys=marks.reshape(2, 3)
    )
    notes = [
        Note(id=UUID(bytes=i.tobytes()), client=client, sealed=s)
        for i, client, s in zip(ids, wanted, rows.sealed)
    ]
    assert [note.sealed[0] for note in notes] == [1, 2]
    assert [doc.name for doc in open_rows(notes, ours)] == ["a", "b"]


def test_no_rows_are_sealed_to_none():
    rows = seal_rows("vault.note", new_id_rows(0), [], ciphers=[], keys=key_mark(1, 1))
    assert (rows.sealed, rows.digests) == ([], [])


def test_a_row_sealed_under_sm4_opens_where_the_key_seals_with_aes(two_firms, clients, ours):
    wanted, issued = clients
    sm4 = DataKey(issued[wanted[0]].key, 1, 2)
    note = Note(client=wanted[0]).seal_new(NoteText("张伟"), sm4)

    assert note.sealed[0] == 2
    assert note.open(ours).name == "张伟"


def test_a_firm_that_chose_sm4_seals_its_rows_with_it(installation, db):
    firm, client = new_ids(2)
    create_organisation_keys(firm, suite=2)
    with connection.cursor() as cursor:
        issued = issue_data_keys([client], holder=firm)
        write_wraps(cursor, issued, holder=firm)

    note = Note(client=client).seal_new(NoteText("张伟"), issued[client])
    assert note.sealed[0] == 2
    assert note.open(reading_of(firm, client)).name == "张伟"


class Other(msgspec.Struct, array_like=True):
    name: str


def test_a_document_of_another_type_is_refused(note, ours, clients):
    with pytest.raises(VaultError, match="vault.note seals NoteText"):
        Note(client=note.client).seal_new(Other("张伟"), clients[1][note.client])
    with pytest.raises(VaultError, match="vault.note seals NoteText"):
        note.reseal(Other("张伟"), ours)


def test_a_model_must_say_whose_key_seals_it(note, ours):
    with pytest.raises(NotImplementedError):
        SealedModel.key_subject.fget(note)


def test_the_digest_changes_with_every_part():
    row, other = new_ids(2)
    made = {
        row_digest("a", row, 1, b"x"),
        row_digest("b", row, 1, b"x"),
        row_digest("a", other, 1, b"x"),
        row_digest("a", row, 2, b"x"),
        row_digest("a", row, 1, b"y"),
    }

    assert len(made) == 5
    expected = b"\0\0\0\x01a\0\0\0\x10" + row.bytes + b"\0\0\0\x04\0\0\0\x01\0\0\0\x01x"
    assert row_digest("a", row, 1, b"x") == hashlib.sha256(expected).digest()


def test_a_row_knows_its_digest(note):
    assert note.digest() == row_digest("vault.note", note.pk, 1, note.sealed)


@pytest.fixture
def stored(installation, transactional_db, superuser):
    """A saved note of one firm, with the reading that covers it."""
    superuser().cursor().execute(TABLE)
    firm, client = new_ids(2)
    create_organisation_keys(firm)
    with transaction.atomic(), connection.cursor() as cursor:
        issued = issue_data_keys([client], holder=firm)
        write_wraps(cursor, issued, holder=firm)
    note = Note(client=client).seal_new(NoteText("张伟"), issued[client])
    note.save()
    return note, reading_of(firm, client)


def test_a_resealed_row_has_the_next_revision_and_the_new_document(stored):
    note, reading = stored

    note.reseal(NoteText("李娜"), reading)

    again = Note.objects.get()
    assert (note.revision, again.revision) == (2, 2)
    assert again.open(reading).name == note.open(reading).name == "李娜"


def test_of_two_who_reseal_at_once_the_second_is_refused(stored):
    note, reading = stored
    stale = Note.objects.get()
    note.reseal(NoteText("李娜"), reading)

    with pytest.raises(VaultError, match="has changed meanwhile"):
        stale.reseal(NoteText("王芳"), reading)
    assert Note.objects.get().open(reading).name == "李娜"
    assert stale.revision == 1


def test_resealing_needs_a_reading_that_covers_the_row_and_a_key(stored):
    note, reading = stored

    with pytest.raises(VaultError, match="does not cover"):
        note.reseal(NoteText("李娜"), reading_of(reading.organisation, new_id()))
    with pytest.raises(VaultError, match="no key is held"):
        note.reseal(NoteText("李娜"), reading_of(new_id(), note.client))
    assert Note.objects.get().open(reading).name == "张伟"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("revision = 2", "revision and document change together"),
        ("sealed = '\\x00'", "revision and document change together"),
        ("sealed = '\\x00', revision = 3", "rises by one"),
        ("sealed = '\\x00', revision = 0", "rises by one"),
        ("id = gen_random_uuid()", "id of a sealed row never changes"),
    ],
)
def test_postgresql_refuses_a_revision_without_its_document(stored, change, reason):
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match=reason):
        cursor.execute(f"UPDATE vault_test_note SET {change}")


def test_postgresql_lets_other_columns_change(stored):
    assert Note.objects.update(client=new_id()) == 1


def test_a_reading_carries_no_keys(ours):
    assert pickle.loads(pickle.dumps(ours)) == ours
