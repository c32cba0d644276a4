"""Uploads are sealed while they arrive: their plaintext never touches a disk.

Invariants:
- Only a signed-in person of an organisation may upload; anything else is refused before a byte is kept.
- A request that fails while it is parsed, or breaks off, leaves neither file nor row.
- A finished upload belongs to nobody's act yet: it expires after a day unless ``claim_upload`` is called.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.db import transaction
from django.http.multipartparser import MultiPartParserError

from vault import clock
from vault.errors import VaultError
from vault.files import FileSealer, destroy_file
from vault.models import CHUNK_BYTES, FilePurpose, SealedFile

UNCLAIMED_FOR: Final = timedelta(days=1)


class SealedUpload(UploadedFile):  # type: ignore[type-arg]  # generic in the stubs only
    """An uploaded file that exists only sealed. Its bytes are read through ``vault.files``."""

    def __init__(self, sealing: "_Sealing", sealed_file: SealedFile, name: str, kind: str | None) -> None:
        super().__init__(file=None, name=name, content_type=kind, size=sealed_file.size)
        self.sealed_file = sealed_file
        self._sealing = sealing

    def open(self, *_arguments: Any, **_options: Any) -> "SealedUpload":
        """Refused: opening needs a recorded reading."""
        raise VaultError("a sealed upload is read through a recorded reading")

    def read(self, *_arguments: Any) -> bytes:
        """Refused: opening needs a recorded reading."""
        raise VaultError("a sealed upload is read through a recorded reading")

    def chunks(self, *_arguments: Any) -> Any:
        """Refused: opening needs a recorded reading."""
        raise VaultError("a sealed upload is read through a recorded reading")

    def close(self) -> None:
        """Undoes the request's uploads if the request could not be read to its end.

        Django closes uploads then, and after every answered request; by then this does nothing.
        """
        self._sealing.close()


class _Sealing:
    """What one request has sealed so far; undone unless the request is read to its end."""

    def __init__(self) -> None:
        self.request_is_read = False
        self.sealer: FileSealer | None = None
        self.finished: list[SealedFile] = []

    def close(self) -> None:
        """Nothing of this request's uploads is left, unless the request was read to its end."""
        if self.request_is_read:
            return
        if self.sealer is not None:
            self.sealer.abort()
            self.sealer = None
        while self.finished:
            destroy_file(self.finished.pop())


class SealingUploadHandler(FileUploadHandler):
    """Seals every uploaded file under a key of its own for the uploader's organisation."""

    chunk_size = CHUNK_BYTES

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.file = _Sealing()
        self._holder: UUID | None = None

    def handle_raw_input(
        self,
        _input_data: Any,
        _meta: dict[str, Any],
        content_length: int,
        _boundary: str,
        _encoding: str | None = None,
    ) -> None:
        """Refuses a request that announces more than the limit."""
        self._refuse_beyond_limit(content_length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begins sealing; refuses a person who is not signed in or belongs to no organisation."""
        super().new_file(*args, **kwargs)
        self.file.sealer = FileSealer(holder=self._uploader())

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Takes the bytes; refuses those beyond the limit, whatever length was announced."""
        self._refuse_beyond_limit(start + len(raw_data))
        if self.file.sealer is None:
            raise VaultError("data arrived before its file")
        self.file.sealer.write(raw_data)

    def file_complete(self, _file_size: int) -> SealedUpload:
        """The file and its row exist, waiting for a day to be claimed."""
        sealer = self.file.sealer
        if sealer is None:
            raise VaultError("a file ended before it began")
        name = self.file_name or ""
        row = sealer.complete(purpose=FilePurpose.UPLOAD, name=name, expires_at=clock.now() + UNCLAIMED_FOR)
        self.file.sealer = None
        self.file.finished.append(row)
        return SealedUpload(self.file, row, name, self.content_type)

    def upload_complete(self) -> None:
        """The whole request is read: its uploads stand."""
        self.file.request_is_read = True

    def upload_interrupted(self) -> None:
        """The sender broke off in the middle of a file: the request is refused and its files go."""
        self.file.close()
        raise MultiPartParserError("The upload broke off.")

    def _uploader(self) -> UUID:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise PermissionDenied("uploads need a signed-in person")
        organisation: UUID | None = getattr(user, "organisation_id", None)
        if organisation is None:
            raise PermissionDenied("uploads need a person of an organisation")
        return organisation

    @staticmethod
    def _refuse_beyond_limit(size: int) -> None:
        if size > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig("the upload is larger than UPLOAD_MAX_BYTES")


@transaction.atomic
def claim_upload(
    file_id: UUID, *, holder: UUID, purpose: str, expires_at: datetime | None = None
) -> SealedFile:
    """The upload is kept for ``purpose``, for good unless ``expires_at`` is given.

    Raises:
        VaultError: it is no upload of this organisation, has expired, or was claimed before.
    """
    file = (
        SealedFile.objects.select_for_update()
        .filter(pk=file_id, holder=holder, purpose=FilePurpose.UPLOAD, expires_at__gt=clock.now())
        .first()
    )
    if file is None:
        raise VaultError("there is no such unclaimed upload")
    file.purpose = purpose
    file.expires_at = expires_at
    file.save(update_fields=["purpose", "expires_at"])
    return file
