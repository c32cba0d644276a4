"""The files an index of documents names: checked against their digests, sealed under their clients' keys."""

import hashlib

from transfer.importing.batch import Batch
from transfer.importing.foreign import members_of
from transfer.importing.job import Job
from vault.files import seal_stream
from vault.models import FilePurpose, SealedFile
from vault.rows import Reading


def check_files(job: Job, batch: Batch, reading: Reading) -> None:
    """Lines whose file is absent or has another digest or size are refused; on a load the others' files
    lie sealed and ``extras`` name them. The archive is opened by a child process.
    """
    if not len(batch):
        return
    batch.extras["size"] = [0] * len(batch)
    batch.extras["file"] = [None] * len(batch)
    bad: dict[int, tuple[int, str]] = {}
    archive = SealedFile.objects.get(pk=job.extract.file)
    for row, data in members_of(archive, reading, list(batch.values["file_name"])):
        fault = _take(job, batch, row, data)
        if fault:
            bad[row] = fault
    batch.refuse(bad)


def _take(job: Job, batch: Batch, row: int, data: bytearray | None) -> tuple[int, str] | None:
    if data is None:
        return job.place("file_name"), "document_missing"
    if hashlib.sha256(data).hexdigest() != batch.values["sha256"][row].lower():
        return job.place("sha256"), "document_digest"
    size = batch.values["size"][row] if "size" in batch.values else None
    if size is not None and size != len(data):
        return job.place("size"), "document_digest"
    batch.extras["size"][row] = len(data)
    if job.loads:
        sealed = seal_stream(
            [bytes(data)],
            holder=job.holder,
            purpose=FilePurpose.DOCUMENT,
            name=batch.values["file_name"][row],
            key_subject=batch.extras["client_id"][row],
        )
        batch.extras["file"][row] = sealed.pk
    return None
