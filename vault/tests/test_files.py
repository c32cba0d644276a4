import hashlib
import os

import pytest
from django.db import IntegrityError, transaction

from vault.errors import VaultError
from vault.files import (
    FileSealer,
    destroy_file,
    file_name,
    file_sha256,
    has_content,
    open_file,
    read_slice,
    seal_stream,
)
from vault.ids import new_id
from vault.models import CHUNK_BYTES, SealedFile, Wrap
from vault.tests.notes import reading_of
from vault.issuing import issue_data_keys, write_wraps
from vault.wraps import add_wraps

MIB = CHUNK_BYTES
CANARY = "金丝雀-canary-1101011990".encode()


@pytest.fixture
def ours(two_firms):
    return two_firms[0]


@pytest.fixture
def sealed(ours):
    def act(content, **more):
        pieces = [content] if isinstance(content, bytes) else content
        facts = {"holder": ours, "purpose": "extract", "name": "客户资料.csv"} | more
        return seal_stream(pieces, **facts)

    return act


@pytest.fixture
def files(installation):
    """Every file below the files folder, as bytes by path."""
    return lambda: {p: p.read_bytes() for p in (installation / "files").rglob("*") if p.is_file()}


def content_of(file, firm):
    return b"".join(open_file(file, reading_of(firm, file.key_subject)))


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 5])
def test_a_file_comes_back_whole(sealed, ours, size):
    content = os.urandom(size)
    file = sealed(content)

    assert content_of(file, ours) == content
    assert (file.size, file.chunks) == (size, max(1, -(-size // MIB)))


def test_it_does_not_matter_in_which_pieces_a_file_arrives(sealed, ours):
    content = os.urandom(MIB + 1000)
    pieces = [content[:1], content[1:1], content[1:700], content[700 : MIB + 1], content[MIB + 1 :]]

    assert content_of(sealed(pieces), ours) == content


def test_no_plaintext_ever_lies_on_the_disk(sealed, files, ours):
    seen = []

    def pieces():
        for _ in range(6):
            yield CANARY * 20_000
            seen.append(files())

    file = sealed(pieces(), name="金丝雀-canary.csv")
    seen.append(files())

    assert file.chunks > 2
    assert [content for state in seen for content in state.values()]
    for state in seen:
        for content in state.values():
            assert CANARY not in content
            assert b"canary" not in content
    row = SealedFile.objects.get()
    assert b"canary" not in bytes(row.sealed_description)


def test_nothing_is_visible_before_a_file_is_complete(ours, files):
    with FileSealer(holder=ours) as sealer:
        sealer.write(b"x" * (3 * MIB))
        assert files() == {}
        assert not SealedFile.objects.exists()
        assert not Wrap.objects.exists()


def test_a_source_that_fails_leaves_nothing(sealed, files):
    def pieces():
        yield b"x" * (2 * MIB)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        sealed(pieces())
    assert files() == {}
    assert not SealedFile.objects.exists()
    assert not Wrap.objects.exists()


def test_a_row_that_cannot_be_written_leaves_nothing(sealed, files):
    with pytest.raises(IntegrityError), transaction.atomic():
        sealed(b"x", purpose="leisure")
    assert files() == {}
    assert not Wrap.objects.exists()


def test_a_full_disk_leaves_nothing(sealed, files, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vault.aside.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        sealed(b"x")
    monkeypatch.undo()
    assert files() == {}
    assert not SealedFile.objects.exists()


def test_without_nameless_files_a_part_is_removed_all_the_same(sealed, files, ours, monkeypatch):
    monkeypatch.setattr("vault.aside._nameless", lambda folder: None)

    with FileSealer(holder=ours) as sealer:
        sealer.write(CANARY)
        sealer._file._file.flush()
        assert [path.suffix for path in files()] == [".part"]
    assert files() == {}

    file = sealed(CANARY)
    assert [path.suffix for path in files()] == [".sealed"]
    assert content_of(file, ours) == CANARY


def test_files_are_for_their_owner_alone(sealed, files):
    sealed(b"x")

    assert {path.stat().st_mode & 0o777 for path in files()} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in files()} == {0o700}


def test_a_finished_file_takes_no_more(ours):
    with FileSealer(holder=ours) as sealer:
        sealer.complete(purpose="extract", name="x")
        with pytest.raises(VaultError, match="is closed"):
            sealer.write(b"x" * (2 * MIB))
        with pytest.raises(VaultError, match="is closed"):
            sealer.complete(purpose="extract", name="x")
    assert SealedFile.objects.count() == 1


def test_a_file_has_a_key_of_its_own(sealed, ours):
    one, two = sealed(b"x"), sealed(b"x")

    assert one.has_own_key
    assert one.key_subject == one.pk
    assert set(Wrap.objects.values_list("subject", "holder", "purpose")) == {
        (one.pk, ours, "file"),
        (two.pk, ours, "file"),
    }


def test_a_clients_document_is_sealed_under_the_clients_key(sealed, two_firms):
    from django.db import connection

    ours, theirs = two_firms
    client = new_id()
    with connection.cursor() as cursor:
        write_wraps(cursor, issue_data_keys([client], holder=ours), holder=ours)
    file = sealed(b"%PDF", purpose="document", key_subject=client)

    assert not file.has_own_key
    assert Wrap.objects.count() == 1
    assert content_of(file, ours) == b"%PDF"
    with pytest.raises(VaultError, match="no key is held"):
        content_of(file, theirs)

    add_wraps([client], holder_from=ours, holder_to=theirs)
    assert content_of(file, theirs) == b"%PDF"
    assert file_name(file, reading_of(theirs, client)) == "客户资料.csv"


def test_a_document_of_a_client_without_key_is_refused(sealed, files):
    with pytest.raises(VaultError, match="no key is held"):
        sealed(b"%PDF", key_subject=new_id())
    assert files() == {}


def test_name_and_digest_open_with_the_reading(sealed, ours):
    file = sealed(b"content")
    reading = reading_of(ours, file.pk)

    assert file_name(file, reading) == "客户资料.csv"
    assert file_sha256(file, reading) == hashlib.sha256(b"content").digest()
    assert has_content(file, hashlib.sha256(b"content").digest())
    assert not has_content(file, hashlib.sha256(b"Content").digest())
    assert hashlib.sha256(b"content").digest() not in bytes(file.digest) + bytes(file.sealed_description)
    assert str(file) == str(file.pk)


def test_only_a_reading_that_covers_the_file_opens_it(sealed, two_firms):
    file = sealed(b"x")
    ours, theirs = two_firms
    for reading, reason in ((reading_of(ours, new_id()), "cover"), (reading_of(theirs, file.pk), "no key")):
        for act in (
            lambda r: list(open_file(file, r)),
            lambda r: read_slice(file, 0, 1, r),
            lambda r: read_slice(file, 0, 0, r),
            lambda r: file_name(file, r),
            lambda r: file_sha256(file, r),
        ):
            with pytest.raises(VaultError, match=reason):
                act(reading)


def test_opening_is_refused_at_once_and_not_at_the_first_chunk(sealed, ours):
    file = sealed(b"x")

    with pytest.raises(VaultError, match="cover"):
        open_file(file, reading_of(ours, new_id()))


@pytest.mark.parametrize(
    ("offset", "length"),
    [
        (0, 10),
        (MIB - 3, 6),
        (MIB, 1),
        (0, 3 * MIB),
        (2 * MIB, MIB),
        (2 * MIB + 90, 500),
        (5 * MIB, 1),
        (7, 0),
    ],
)
def test_a_slice_equals_the_slice_of_the_content(sealed, ours, offset, length):
    content = os.urandom(2 * MIB + 100)
    file = sealed(content)

    assert read_slice(file, offset, length, reading_of(ours, file.pk)) == content[offset : offset + length]


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, -1)])
def test_a_slice_before_the_file_is_refused(sealed, ours, offset, length):
    file = sealed(b"abc")

    with pytest.raises(VaultError, match="inside the file"):
        read_slice(file, offset, length, reading_of(ours, file.pk))


def test_a_slice_opens_only_the_chunks_it_touches(sealed, ours, files):
    content = os.urandom(3 * MIB)
    file = sealed(content)
    (path,) = files()
    spoilt = bytearray(path.read_bytes())
    spoilt[100] ^= 1
    spoilt[-100] ^= 1
    path.write_bytes(spoilt)
    reading = reading_of(ours, file.pk)

    assert read_slice(file, MIB + 5, 10, reading) == content[MIB + 5 : MIB + 15]
    for offset in (5, 3 * MIB - 200):
        with pytest.raises(VaultError, match="do not open"):
            read_slice(file, offset, 10, reading)


@pytest.mark.django_db(transaction=True)
def test_a_destroyed_file_is_gone_with_its_key_at_commit(installation, transactional_db, files):
    from vault.keyring import create_organisation_keys

    firm = new_id()
    create_organisation_keys(firm)
    file = seal_stream([b"x"], holder=firm, purpose="export", name="x")

    with transaction.atomic():
        destroy_file(file)
        assert len(files()) == 1
    assert files() == {}
    assert not SealedFile.objects.exists()
    assert not Wrap.objects.exists()
    destroy_file(file)


@pytest.mark.django_db(transaction=True)
def test_a_destruction_rolled_back_destroys_nothing(installation, transactional_db, files):
    from vault.keyring import create_organisation_keys

    firm = new_id()
    create_organisation_keys(firm)
    file = seal_stream([b"x"], holder=firm, purpose="export", name="x")

    with pytest.raises(KeyError), transaction.atomic():
        destroy_file(file)
        raise KeyError
    assert content_of(file, firm) == b"x"


@pytest.mark.parametrize(
    "changes",
    [
        {"complete": False},
        {"digest": bytes(31)},
        {"purpose": "leisure"},
        {"chunks": 0},
        {"chunks": 2},
        {"size": MIB + 1},
        {"size": -1},
    ],
)
def test_postgresql_refuses_a_misshapen_row(sealed, changes):
    file = sealed(b"x")

    with pytest.raises(IntegrityError), transaction.atomic():
        SealedFile.objects.filter(pk=file.pk).update(**changes)
