"""Rows opened with wraps that were read elsewhere: from a restored copy, not from this database."""

import pytest
from django.db import connection

from vault.errors import OpeningError, VaultError
from vault.ids import new_ids
from vault.rows import open_restored_rows
from vault.tests.notes import Note, NoteText, reading_of
from vault.issuing import issue_data_keys


@pytest.fixture
def kept(two_firms):
    """Rows of two clients and their wraps, of which the database knows nothing."""
    clients = new_ids(2)
    issued = issue_data_keys(clients, holder=two_firms[0])
    rows = [Note(client=client).seal_new(NoteText("张伟"), issued[client]) for client in clients]
    wraps = [(client, 1, key.epoch, key.wrapped, key.commitment) for client, key in issued.items()]
    return clients, rows, wraps


def test_they_open_without_a_query(two_firms, kept, django_assert_num_queries):
    clients, rows, wraps = kept
    with django_assert_num_queries(0, connection=connection):
        assert open_restored_rows(rows, wraps, reading_of(two_firms[0], *clients)) == [NoteText("张伟")] * 2


def test_a_reading_that_does_not_cover_them_opens_none(two_firms, kept):
    clients, rows, wraps = kept
    with pytest.raises(VaultError, match="does not cover"):
        open_restored_rows(rows, wraps, reading_of(two_firms[0], clients[0]))


def test_a_row_without_its_wrap_is_refused(two_firms, kept):
    clients, rows, wraps = kept
    with pytest.raises(VaultError, match="no key"):
        open_restored_rows(rows, wraps[:1], reading_of(two_firms[0], *clients))


def test_exchanged_and_foreign_wraps_are_refused(two_firms, kept):
    clients, rows, wraps = kept
    (first, *rest), (second, *others) = wraps
    with pytest.raises(OpeningError):
        open_restored_rows(rows, [(first, *others), (second, *rest)], reading_of(two_firms[0], *clients))
    with pytest.raises(OpeningError):
        open_restored_rows(rows, wraps, reading_of(two_firms[1], *clients))


def test_a_wrap_beside_another_commitment_is_refused(two_firms, kept):
    clients, rows, [(subject, version, epoch, wrapped, _), *rest] = kept
    with pytest.raises(OpeningError):
        open_restored_rows(
            rows, [(subject, version, epoch, wrapped, bytes(32)), *rest], reading_of(two_firms[0], *clients)
        )
