"""The regulator's pack: bilingual papers made from the certificate, sealed, with their digests in the log."""

import hashlib
import io
import unicodedata
import zipfile
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from printing.pdf import PrintingError, render
from transfer import verify_handover
from transfer.bases import refuse_unless_data_moves
from transfer.certificate.kinds import paper_kinds
from transfer.certificate.papers.handover import certificate_paper
from transfer.events import CertificateEvent
from transfer.models import Certificate, PackDocument, Transfer
from transfer.services.certificates import party_keys, read_certificate, read_for, statement_in
from transfer.services.locking import lock_transfer
from vault.files import seal_stream
from vault.wraps import add_wraps

LANGUAGES: Final = ("zh-hans", "en")


@transaction.atomic
def regulator_pack(*, transfer: Transfer, by: User) -> list[PackDocument]:
    """Every paper the law asks for lies sealed for both firms, in both languages; made once, the same ever after.

    Raises:
        NotAllowed: ``by`` may not make the pack of this transfer.
        Refused: there is no certificate yet, or nothing moves under this basis: its statement is all there is.
    """
    refuse_unless_data_moves(transfer)
    transfer = lock_transfer(
        transfer, states={Transfer.State.SETTLED, Transfer.State.CLOSED, Transfer.State.RECONCILING}
    )
    require(by, "transfer.make_pack", transfer)
    certificate = (
        Certificate.objects.filter(transfer=transfer).select_related("transfer", "issued_by").first()
    )
    if certificate is None:
        raise Refused("certificate.not_issued")
    made = list(documents_of(transfer))
    if made:
        return made
    statement = statement_in(read_certificate(certificate=certificate, by=by))
    for kind in paper_kinds():
        paper = kind.make(certificate, statement)
        if paper is None:
            continue
        made += [
            _keep(transfer, kind.code, language, print_paper(kind.form, paper, language), by)
            for language in LANGUAGES
        ]
    digests = [document.digest for document in made]
    record(
        CertificateEvent.PACK_MADE, actor=by, subject=certificate, transfer=str(transfer.pk), digests=digests
    )
    return made


def documents_of(transfer: Transfer) -> list[PackDocument]:
    """The papers that were made, in the order of the pack."""
    order = [kind.code for kind in paper_kinds()]
    rows = PackDocument.objects.filter(transfer=transfer).select_related("made_by")
    return sorted(rows, key=lambda row: (order.index(row.kind), LANGUAGES.index(row.language)))


@transaction.atomic
def read_document(*, document: PackDocument, by: User) -> bytes:
    """One paper as PDF; the download stands in the log.

    Raises:
        NotAllowed: ``by`` may not read the pack of this transfer.
        Refused: the stored paper is not the one whose digest was recorded.
    """
    require(by, "transfer.download_pack", document)
    record(
        CertificateEvent.PACK_DOWNLOADED,
        actor=by,
        subject=document,
        organisation=by.organisation_id,
        sha256=document.digest,
    )
    return _read(document, by)


@transaction.atomic
def zip_pack(*, transfer: Transfer, by: User) -> bytes:
    """Everything in one archive: the papers, certificate, keys, and the program that verifies them.

    Raises:
        NotAllowed: ``by`` may not read the pack of this transfer.
        Refused: there is no pack yet.
    """
    require(by, "transfer.download_pack", transfer)
    certificate = Certificate.objects.filter(transfer=transfer).select_related("transfer").first()
    documents = documents_of(transfer)
    if certificate is None or not documents:
        raise Refused("certificate.not_issued")
    parts = {f"{document.kind}-{document.language}.pdf": _read(document, by) for document in documents}
    parts["certificate.json"] = read_certificate(certificate=certificate, by=by)
    parts["keys.json"] = party_keys(transfer)
    parts["verify_handover.py"] = verifier_program()
    record(
        CertificateEvent.PACK_DOWNLOADED,
        actor=by,
        subject=certificate,
        organisation=by.organisation_id,
        sha256=certificate.digest,
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            # One fixed date, so that the same pack is the same bytes.
            archive.writestr(
                zipfile.ZipInfo(name, certificate.issued_at.timetuple()[:6]), content, zipfile.ZIP_DEFLATED
            )
    return packed.getvalue()


def certificate_pdf(*, certificate: Certificate, language: str, by: User) -> bytes:
    """The certificate on paper, the reader's language first; the same bytes each time.

    Raises:
        Refused: nothing moves under this basis; its statement has no paper yet.
    """
    refuse_unless_data_moves(certificate.transfer)
    statement = statement_in(read_certificate(certificate=certificate, by=by))
    return print_paper("certificate", certificate_paper(certificate, statement), language)


def print_paper(form: str, paper: dict[str, Any], language: str) -> bytes:
    """The paper as PDF. A character that no font of ours draws stands as its code point, never nothing.

    Raises:
        PrintingError: it cannot be printed even so.
    """
    try:
        return render(form, paper, language=language)
    except PrintingError:
        return render(form, with_code_points(paper), language=language)


def with_code_points(value: Any) -> Any:
    """The same data with signs that leave no mark on paper written as [U+1F600]."""
    if isinstance(value, str):
        return "".join(f"[U+{ord(sign):04X}]" if _markless(sign) else sign for sign in value)
    if isinstance(value, dict):
        return {key: with_code_points(inner) for key, inner in value.items()}
    return [with_code_points(inner) for inner in value] if isinstance(value, list) else value


def _markless(sign: str) -> bool:
    if sign == "\n":
        return False
    return (
        unicodedata.category(sign) in {"Cc", "Cf", "Cn", "Co", "Cs", "So", "Zl", "Zp"} or ord(sign) > 0x2FFFF
    )


def verifier_program() -> bytes:
    """The one-file program that checks a certificate from the files alone."""
    return Path(verify_handover.__file__).read_bytes()


def _keep(transfer: Transfer, kind: str, language: str, pdf: bytes, by: User) -> PackDocument:
    purpose = "certificate" if kind == "certificate" else "export"
    file = seal_stream(
        [pdf], holder=transfer.transferor_id, purpose=purpose, name=f"{transfer.number}-{kind}-{language}.pdf"
    )
    if transfer.transferee_id is not None:
        add_wraps(
            [file.pk], holder_from=transfer.transferor_id, holder_to=transfer.transferee_id, purpose="file"
        )
    return PackDocument.objects.create(
        transfer=transfer,
        kind=kind,
        language=language,
        file=file.pk,
        digest=hashlib.sha256(pdf).hexdigest(),
        made_by=by,
    )


def _read(document: PackDocument, by: User) -> bytes:
    pdf = read_for(document.transfer, document.file, by, purpose="pack")
    if hashlib.sha256(pdf).hexdigest() != document.digest:
        raise Refused("certificate.file_changed")
    return pdf
