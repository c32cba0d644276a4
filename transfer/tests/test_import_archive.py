"""Documents: sealed under their client's key, whole or refused."""

import csv
import hashlib
import io
import zipfile

import pytest

from audit.errors import Refused
from audit.reading import reading
from clients.models import Client, Document
from transfer.models import Reject
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import clients_csv
from vault.files import open_file
from vault.models import SealedFile

pytestmark = pytest.mark.django_db

HEADER = ["文件名", "客户号", "材料类型", "SHA256", "大小"]
PICTURE = b"\x89PNG picture"


def packed(*rows: list[str], **files: bytes) -> bytes:
    index = io.StringIO(newline="")
    csv.writer(index).writerows([HEADER, *rows])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("索引.csv", index.getvalue().encode("gb18030"))
    return out.getvalue()


def row(name: str, client: str = "000000000017", data: bytes = PICTURE) -> list[str]:
    return [name, client, "身份证正面", hashlib.sha256(data).hexdigest(), str(len(data))]


def test_each_file_is_sealed_under_its_clients_key(load, transfer, giver_steward):
    load("a.csv", clients_csv("000000000017"))
    run = load("b.zip", packed(row("one.png"), **{"one.png": PICTURE}))
    assert (run.rows, run.accepted) == (1, 1)
    document, client = Document.objects.get(), Client.objects.get()
    file = SealedFile.objects.get(pk=document.file)
    assert (file.key_subject, document.size, document.client_id) == (client.pk, len(PICTURE), client.pk)
    with reading(
        actor=giver_steward, organisation=transfer.transferor_id, purpose="test", subjects=[client.pk]
    ) as right:
        assert b"".join(open_file(file, right)) == PICTURE
        assert document.open(right).file_name == "one.png"


def test_missing_altered_strangers_and_second_files_are_refused_and_leave_no_file(load):
    load("a.csv", clients_csv("000000000017"))
    rows = [
        row("gone.png"),
        row("other.png", data=b"x" * 12),
        row("stranger.png", client="000000000099"),
        row("one.png"),
        row("one.png"),
    ]
    run = load("b.zip", packed(*rows, **{"other.png": PICTURE, "stranger.png": PICTURE, "one.png": PICTURE}))
    found = Reject.objects.filter(run=run).order_by("line").values_list("line", "column", "code")
    assert list(found) == [
        (2, "文件名", "document_missing"),
        (3, "SHA256", "document_digest"),
        (4, "客户号", "unknown_client"),
        (6, "文件名", "duplicate_key"),
    ]
    assert SealedFile.objects.filter(purpose="document").count() == Document.objects.count() == 1


def test_a_look_checks_the_files_and_keeps_none(load):
    run = load("b.zip", packed(row("one.png"), row("gone.png"), **{"one.png": PICTURE}), mode="profile")
    assert (run.rows, run.accepted) == (2, 1)
    assert not SealedFile.objects.filter(purpose="document").exists()


def test_an_index_of_documents_without_its_archive_is_refused(receive):
    with pytest.raises(Refused, match="file.documents_need_archive"):
        receive("影像资料.csv", (",".join(HEADER) + "\r\n").encode())
