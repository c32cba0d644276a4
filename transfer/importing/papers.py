"""The files an index of documents names: checked against their digests, sealed under their clients' keys."""

import hashlib
import zipfile

from transfer.importing.archive import open_archive, read_member
from transfer.importing.batch import Batch
from transfer.importing.job import Job
from transfer.importing.sealed_io import seekable
from vault.files import seal_stream
from vault.models import FilePurpose, SealedFile
from vault.rows import Reading


def check_files(job: Job, batch: Batch, reading: Reading) -> None:
    """Lines whose file is absent or has another digest or size are refused; on a load the others' files
    lie sealed and ``extras`` name them.
    """
    if not len(batch):
        return
    batch.extras["size"] = [0] * len(batch)
    batch.extras["file"] = [None] * len(batch)
    bad: dict[int, tuple[int, str]] = {}
    with (
        seekable(SealedFile.objects.get(pk=job.extract.file), reading) as handle,
        open_archive(handle) as archive,
    ):
        for row in range(len(batch)):
            fault = _take(job, batch, row, archive)
            if fault:
                bad[row] = fault
    batch.refuse(bad)


def _take(job: Job, batch: Batch, row: int, archive: zipfile.ZipFile) -> tuple[int, str] | None:
    name = batch.values["file_name"][row]
    data = read_member(archive, name)
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
            [data],
            holder=job.holder,
            purpose=FilePurpose.DOCUMENT,
            name=name,
            key_subject=batch.extras["client_id"][row],
        )
        batch.extras["file"][row] = sealed.pk
    return None
