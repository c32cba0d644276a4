"""Taking a sealed file into an act: an upload is claimed for its purpose, any other must be of the same firm."""

from uuid import UUID

from audit.errors import Refused
from vault.models import FilePurpose, SealedFile
from vault.uploads import claim_upload


def take_file(file: SealedFile, *, holder: UUID, purpose: str) -> SealedFile:
    """The file belongs to the act that takes it, and no other act takes the same upload.

    Raises:
        Refused: the file is another organisation's, or was kept for another purpose.
        VaultError: the upload has expired or was claimed by another act.
    """
    if file.holder != holder:
        raise Refused("file.not_yours")
    if file.purpose == FilePurpose.UPLOAD:
        return claim_upload(file.pk, holder=holder, purpose=purpose)
    if file.purpose != purpose:
        raise Refused("file.not_yours")
    return file
