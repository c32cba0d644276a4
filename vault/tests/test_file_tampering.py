import os
import random

import pytest

from vault.errors import VaultError
from vault.files import destroy_file, file_name, open_file, seal_stream
from vault.ids import new_id
from vault.models import CHUNK_BYTES, SealedFile
from vault.tests.notes import reading_of

HEADER, SEALED_CHUNK = 4, 12 + CHUNK_BYTES + 16


@pytest.fixture
def ours(two_firms):
    return two_firms[0]


@pytest.fixture
def file(ours):
    """Three chunks, the last one short."""
    return seal_stream([os.urandom(2 * CHUNK_BYTES + 50)], holder=ours, purpose="extract", name="x.csv")


@pytest.fixture
def path_of(installation):
    return lambda file: next((installation / "files").rglob(f"{file.pk}.sealed"))


@pytest.fixture
def refused(ours, path_of):
    """The file with these bytes on the disk does not open to its end."""

    def act(file, content, **row):
        path_of(file).write_bytes(content)
        SealedFile.objects.filter(pk=file.pk).update(**row)
        file.refresh_from_db()
        with pytest.raises(VaultError):
            list(open_file(file, reading_of(ours, file.pk)))

    return act


def parts(path):
    content = path.read_bytes()
    chunks = [content[at : at + SEALED_CHUNK] for at in range(HEADER, len(content), SEALED_CHUNK)]
    return content[:HEADER], chunks


def test_a_file_lies_as_header_and_sealed_chunks(file, path_of):
    header, chunks = parts(path_of(file))

    assert header == b"\x01\x01\x00\x01"
    assert [len(chunk) for chunk in chunks] == [SEALED_CHUNK, SEALED_CHUNK, 12 + 50 + 16]
    assert len({chunk[:12] for chunk in chunks}) == 3


def test_every_flipped_bit_of_the_header_is_refused(file, path_of, refused):
    header, chunks = parts(path_of(file))
    for bit in range(32):
        changed = bytearray(header)
        changed[bit // 8] ^= 1 << bit % 8
        refused(file, bytes(changed) + b"".join(chunks))


def test_flipped_bits_anywhere_are_refused(file, path_of, refused):
    whole = path_of(file).read_bytes()
    chance = random.Random(20261123)
    edges = [HEADER, HEADER + 12, HEADER + SEALED_CHUNK - 1, HEADER + SEALED_CHUNK, len(whole) - 1]
    for place in edges + [chance.randrange(len(whole)) for _ in range(15)]:
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        refused(file, bytes(changed))


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 0, 2), (0, 2), (0, 1), (1, 2), (0,), (2,), ()])
def test_reordered_repeated_and_missing_chunks_are_refused(file, path_of, refused, order):
    header, chunks = parts(path_of(file))

    refused(file, header + b"".join(chunks[number] for number in order))


def test_a_shortened_file_is_refused_even_when_its_row_agrees(file, path_of, refused):
    header, chunks = parts(path_of(file))

    refused(file, header + chunks[0] + chunks[1], chunks=2, size=2 * CHUNK_BYTES)
    refused(file, header + chunks[0], chunks=1, size=CHUNK_BYTES)


@pytest.mark.parametrize("size", [2 * CHUNK_BYTES + 49, 2 * CHUNK_BYTES + 51, 3 * CHUNK_BYTES])
def test_a_row_that_lies_about_the_size_is_refused(file, path_of, refused, size):
    refused(file, path_of(file).read_bytes(), size=size)


@pytest.mark.parametrize("extra", [b"\0", b"x" * 28, b"x" * SEALED_CHUNK])
def test_anything_appended_is_refused(file, path_of, refused, extra):
    refused(file, path_of(file).read_bytes() + extra)


def test_a_lengthened_file_is_refused_even_when_its_row_agrees(file, path_of, refused):
    header, chunks = parts(path_of(file))

    refused(file, header + b"".join(chunks) + chunks[2], chunks=4, size=3 * CHUNK_BYTES + 50)


@pytest.mark.parametrize("length", [0, 1, 3, HEADER, HEADER + 5, HEADER + 27, SEALED_CHUNK])
def test_a_truncated_file_is_refused(file, path_of, refused, length):
    refused(file, path_of(file).read_bytes()[:length])


def test_exchanged_files_are_refused(file, ours, path_of, refused):
    other = seal_stream([b"x" * (2 * CHUNK_BYTES + 50)], holder=ours, purpose="extract", name="x.csv")
    mine, other_bytes = path_of(file).read_bytes(), path_of(other).read_bytes()

    refused(file, other_bytes)
    refused(other, mine)


def test_files_of_one_client_cannot_be_exchanged_either(ours, path_of):
    from django.db import connection

    from vault.issuing import issue_data_keys, write_wraps

    client = new_id()
    with connection.cursor() as cursor:
        write_wraps(cursor, issue_data_keys([client], holder=ours), holder=ours)
    one, two = (
        seal_stream([content], holder=ours, purpose="document", name=name, key_subject=client)
        for content, name in ((b"one", "1.pdf"), (b"two", "2.pdf"))
    )
    path_of(one).write_bytes(path_of(two).read_bytes())
    one.sealed_description = two.sealed_description

    with pytest.raises(VaultError, match="do not open"):
        list(open_file(one, reading_of(ours, client)))
    with pytest.raises(VaultError, match="do not open"):
        file_name(one, reading_of(ours, client))
    assert list(open_file(two, reading_of(ours, client))) == [b"two"]


def test_every_changed_byte_of_a_description_is_refused(file, ours):
    whole = bytes(file.sealed_description)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        file.sealed_description = bytes(changed)
        with pytest.raises(VaultError):
            file_name(file, reading_of(ours, file.pk))
    for length in range(len(whole)):
        file.sealed_description = whole[:length]
        with pytest.raises(VaultError):
            file_name(file, reading_of(ours, file.pk))


def test_a_missing_file_is_said(file, ours, path_of):
    path_of(file).unlink()

    with pytest.raises(VaultError, match=f"{file.pk} is missing"):
        open_file(file, reading_of(ours, file.pk))
    destroy_file(file)
    assert not SealedFile.objects.exists()


def test_whole_chunks_before_a_break_are_given_and_then_it_raises(file, ours, path_of):
    content = path_of(file).read_bytes()
    path_of(file).write_bytes(content[: HEADER + SEALED_CHUNK + 1000])
    chunks = open_file(file, reading_of(ours, file.pk))

    assert len(next(chunks)) == CHUNK_BYTES
    with pytest.raises(VaultError, match="do not open"):
        next(chunks)
