import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.test import RequestFactory
from django.utils import timezone

from vault.errors import VaultError
from vault.files import file_name, open_file
from vault.ids import new_id
from vault.models import CHUNK_BYTES, SealedFile, Wrap
from vault.tests.notes import reading_of
from vault.uploads import SealingUploadHandler, claim_upload

CANARY = "金丝雀-canary".encode()
BOUNDARY = "boundary"


@pytest.fixture
def alice(two_firms):
    return SimpleNamespace(is_authenticated=True, organisation_id=two_firms[0], pk=new_id())


@pytest.fixture
def left_behind(installation):
    """Paths below the files folder, beside rows and wraps."""

    def act():
        paths = [p for p in (installation / "files").rglob("*") if p.is_file()]
        return len(paths), SealedFile.objects.count(), Wrap.objects.count()

    return act


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    """Runs what waits for a commit, which the test's own transaction never sees."""
    return django_capture_on_commit_callbacks


def post(user, **files):
    request = RequestFactory().post("/import", {"note": "x", **files})
    request.user = user
    return request


def part(name, content, kind="application/octet-stream"):
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.csv"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    ).encode() + content + b"\r\n"  # fmt: skip


def raw(user, body, *, stream=None, length=None):
    request = RequestFactory().generic(
        "POST", "/import", body, content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    if length is not None:
        request.META["CONTENT_LENGTH"] = str(length)
    if stream is not None:
        request._stream = stream
        request.environ["wsgi.input"] = stream
    request.user = user
    return request


class BreakingStream(io.BytesIO):
    """Breaks off where the bytes end, as a lost connection does."""

    def read(self, size=-1):
        got = super().read(size)
        if not got:
            raise OSError("connection lost")
        return got


def test_the_product_uses_this_handler_and_no_other(settings):
    assert settings.FILE_UPLOAD_HANDLERS == ["vault.uploads.SealingUploadHandler"]


@pytest.mark.parametrize("size", [0, 5, CHUNK_BYTES, 2 * CHUNK_BYTES + 7])
def test_an_upload_arrives_sealed_for_the_uploaders_organisation(alice, size, two_firms):
    content = (CANARY * (size // len(CANARY) + 1))[:size]
    request = post(alice, extract=SimpleUploadedFile("客户资料.csv", content, "text/csv"))

    upload = request.FILES["extract"]

    file = upload.sealed_file
    assert (upload.name, upload.size, upload.content_type) == ("客户资料.csv", size, "text/csv")
    assert (file.holder, file.purpose, file.size) == (two_firms[0], "upload", size)
    reading = reading_of(two_firms[0], file.pk)
    assert b"".join(open_file(file, reading)) == content
    assert file_name(file, reading) == "客户资料.csv"
    assert request.POST["note"] == "x"


def test_no_plaintext_lies_on_the_disk(alice, installation):
    request = post(alice, extract=SimpleUploadedFile("金丝雀-canary.csv", CANARY * 200_000))
    assert request.FILES

    found = [p.read_bytes() for p in installation.rglob("*") if p.is_file() and p.name != ".lock"]
    assert max(map(len, found)) > CHUNK_BYTES
    assert not any(CANARY in content or b"canary.csv" in content for content in found)


def test_the_uploaded_object_gives_no_bytes(alice):
    upload = post(alice, extract=SimpleUploadedFile("x.csv", CANARY)).FILES["extract"]

    for act in (upload.read, upload.open, upload.chunks, lambda: upload.read(10), lambda: list(upload)):
        with pytest.raises(VaultError, match="recorded reading"):
            act()


def test_an_upload_outlives_its_request(alice, left_behind):
    request = post(alice, one=SimpleUploadedFile("1", b"1"), two=SimpleUploadedFile("2", b"2"))
    assert len(request.FILES) == 2
    request.close()

    assert left_behind() == (2, 2, 2)


def test_an_anonymous_upload_is_refused(two_firms, left_behind):
    for user in (AnonymousUser(), None):
        with pytest.raises(PermissionDenied, match="signed-in person"):
            post(user, extract=SimpleUploadedFile("x.csv", CANARY)).FILES
    assert left_behind() == (0, 0, 0)


def test_an_upload_to_a_request_without_a_person_is_refused(two_firms, left_behind):
    request = RequestFactory().post("/import", {"extract": SimpleUploadedFile("x.csv", CANARY)})

    with pytest.raises(PermissionDenied):
        request.FILES
    assert left_behind() == (0, 0, 0)


def test_a_person_without_organisation_is_refused(two_firms, left_behind):
    nobody = SimpleNamespace(is_authenticated=True, organisation_id=None)

    with pytest.raises(PermissionDenied, match="of an organisation"):
        post(nobody, extract=SimpleUploadedFile("x.csv", CANARY)).FILES
    assert left_behind() == (0, 0, 0)


def test_a_form_without_files_needs_nobody(db):
    assert post(AnonymousUser()).POST["note"] == "x"


def test_an_announced_length_beyond_the_limit_is_refused_unread(alice, settings, left_behind):
    settings.UPLOAD_MAX_BYTES = 1000
    request = post(alice, extract=SimpleUploadedFile("x.csv", b"x" * 1001))

    with pytest.raises(RequestDataTooBig, match="UPLOAD_MAX_BYTES"):
        request.FILES
    assert left_behind() == (0, 0, 0)


def test_a_length_that_lies_is_refused_when_it_is_passed(alice, settings, left_behind):
    settings.UPLOAD_MAX_BYTES = 1000
    handler = SealingUploadHandler(post(alice))
    handler.handle_raw_input(None, {}, 10, b"")
    handler.new_file("extract", "x.csv", "text/csv", 10)
    handler.receive_data_chunk(b"x" * 1000, 0)

    with pytest.raises(RequestDataTooBig):
        handler.receive_data_chunk(b"x", 1000)
    handler.file.close()
    assert left_behind() == (0, 0, 0)


def test_a_connection_lost_in_the_middle_leaves_nothing(alice, left_behind, commits):
    body = part("one", b"whole") + part("two", b"x" * (3 * CHUNK_BYTES))
    request = raw(alice, body, stream=BreakingStream(body), length=len(body) + 10_000)

    with commits(execute=True), pytest.raises(UnreadablePostError):
        request.FILES
    assert left_behind() == (0, 0, 0)


def test_a_body_that_ends_too_early_is_refused_and_leaves_nothing(alice, left_behind, commits):
    body = part("one", b"whole") + part("two", b"x" * 5000)
    for end in (len(body) - 1, len(body) - 3000, len(body)):
        request = raw(alice, body[:end])
        with commits(execute=True), pytest.raises(MultiPartParserError, match="broke off"):
            request.FILES
        request.close()
        assert left_behind() == (0, 0, 0)


def test_a_request_refused_after_its_first_file_leaves_nothing(alice, left_behind, commits):
    body = part("one", b"whole") + part("two", b"\xff\xff").replace(
        b"Content-Type", b"Content-Transfer-Encoding: base64\r\nContent-Type"
    )
    request = raw(alice, body + b"--boundary--\r\n")

    with commits(execute=True), pytest.raises(MultiPartParserError):
        request.FILES
    assert left_behind() == (0, 0, 0)


def test_a_handler_out_of_order_is_refused(alice):
    handler = SealingUploadHandler(post(alice))

    with pytest.raises(VaultError, match="before its file"):
        handler.receive_data_chunk(b"x", 0)
    with pytest.raises(VaultError, match="before it began"):
        handler.file_complete(0)


@pytest.fixture
def upload(alice):
    return post(alice, extract=SimpleUploadedFile("x.csv", CANARY)).FILES["extract"].sealed_file


def test_an_upload_waits_a_day_to_be_claimed(upload, alice):
    assert timedelta(hours=23) < upload.expires_at - timezone.now() <= timedelta(days=1)

    claimed = claim_upload(upload.pk, holder=alice.organisation_id, purpose="extract")

    assert (claimed.purpose, claimed.expires_at) == ("extract", None)
    assert SealedFile.objects.get().purpose == "extract"
    assert list(open_file(claimed, reading_of(alice.organisation_id, claimed.pk))) == [CANARY]


def test_an_upload_may_be_claimed_for_a_time(upload, alice):
    until = timezone.now() + timedelta(days=30)

    assert claim_upload(upload.pk, holder=alice.organisation_id, purpose="extract", expires_at=until)
    assert SealedFile.objects.get().expires_at == until


def test_an_upload_is_claimed_once(upload, alice):
    claim_upload(upload.pk, holder=alice.organisation_id, purpose="extract")

    with pytest.raises(VaultError, match="no such unclaimed upload"):
        claim_upload(upload.pk, holder=alice.organisation_id, purpose="evidence")
    assert SealedFile.objects.get().purpose == "extract"


def test_another_organisations_and_an_expired_upload_are_refused(upload, alice, two_firms):
    with pytest.raises(VaultError, match="no such unclaimed upload"):
        claim_upload(upload.pk, holder=two_firms[1], purpose="extract")
    SealedFile.objects.update(expires_at=timezone.now())
    with pytest.raises(VaultError, match="no such unclaimed upload"):
        claim_upload(upload.pk, holder=alice.organisation_id, purpose="extract")
    with pytest.raises(VaultError, match="no such unclaimed upload"):
        claim_upload(new_id(), holder=alice.organisation_id, purpose="extract")
    assert SealedFile.objects.get().purpose == "upload"
