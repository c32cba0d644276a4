"""Taking a file in: received, and every field it has carries a policy."""

from django.db import transaction

from access.models import User
from transfer.models import Extract, ExtractMapping, Transfer
from transfer.services.extracts import receive_extract
from transfer.services.policies import default_policies
from vault.models import SealedFile


@transaction.atomic
def take_in(
    *,
    transfer: Transfer,
    file: SealedFile,
    by: User,
    purpose: str,
    kind: str | None = None,
    mapping: ExtractMapping | None = None,
) -> Extract:
    """The file is received for the person's own side, and its known fields have their usual policies.

    Raises:
        NotAllowed, Refused: as ``receive_extract`` and ``default_policies``.
    """
    extract = receive_extract(
        transfer=transfer,
        side=by.organisation,
        sealed_file=file,
        purpose=purpose,
        kind=kind,
        mapping=mapping,
        by=by,
    )
    default_policies(transfer=transfer, extract=extract, by=by)
    return extract
