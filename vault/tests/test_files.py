import pytest
from django.db import connection

from vault.errors import VaultError
from vault.files import destroy_file, file_name, file_sha256, has_content, open_file, read_slice, seal_stream
from vault.ids import new_id
from vault.models import CHUNK_BYTES, SealedFile
from vault.rows import Reading


def reading(firm, *subjects):
    return Reading(None, firm, "test", frozenset(subjects), new_id())


def test_smoke(two_firms):
    a, b = two_firms
    f = seal_stream([b"x" * 3_000_000, b"tail"], holder=a, purpose="extract", name="客户资料.csv")
    r = reading(a, f.pk)
    assert b"".join(open_file(f, r)) == b"x" * 3_000_000 + b"tail"
    assert read_slice(f, 2_999_999, 3, r) == b"xta"
    assert file_name(f, r) == "客户资料.csv"
