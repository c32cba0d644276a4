"""The certificate: drafted by one side, signed by an officer of each, issued with the second signature; and
proofs drawn from it.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import may, require
from audit import checkpoints
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.models import Client, CustodyMember, CustodyMove
from clients.statements import member_leaf
from transfer.certificate.statement import canonical, changing_facts, statement_of
from transfer.events import CertificateEvent
from transfer.models import Break, Certificate, CertificateDraft, CertificateSignature, Mandate, Run, Transfer
from transfer.policies import BOTH, require_side
from transfer.services.cases import open_cases
from transfer.services.locking import lock_transfer
from transfer.services.mandates import live_mandate
from transfer.services.members import grow_tree, path_among, path_in_tree
from transfer.services.pieces import destroy_pieces
from vault.files import open_file, seal_stream
from vault.models import SealedFile
from vault.signing import signer
from vault.tokens import source_digest, token
from vault.wraps import add_wraps

PROOF_FORMAT = "handover/inclusion/v1"
PERMISSION = "transfer.issue_certificate"


@transaction.atomic
def draft_certificate(
    *, transfer: Transfer, transferor_signer: User, transferee_signer: User, by: User
) -> CertificateDraft:
    """The statement is frozen: both named officers may sign exactly its bytes now, and nobody else.

    An earlier draft is withdrawn; what was signed on it counts for nothing any more.

    Raises:
        NotAllowed: ``by`` may not issue certificates of this transfer, or is of neither side.
        Refused: the cutover is not reconciled, a batch or a write-off waits, the log is behind, or a named
            signer may not sign for the side.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.RECONCILING})
    require_side(by, PERMISSION, transfer, *BOTH)
    _refuse_signers(transfer, transferor_signer, transferee_signer)
    run, mandate = _settled_facts(transfer)
    open_cases(transfer=transfer)  # Whoever came into the book since stands in the funnel too.
    _withdraw_drafts(transfer)
    draft = CertificateDraft.objects.create(
        transfer=transfer,
        number=f"{transfer.number}-C1",
        drafted_by=by,
        drafted_at=timezone.now(),
        client_count=0,
        file=transfer.pk,
    )
    draft.client_count, draft.root = grow_tree(draft)
    signers = (transferor_signer, transferee_signer)
    statement = canonical(statement_of(draft, mandate, run, signers=signers))
    draft.digest = hashlib.sha256(statement).hexdigest()
    draft.file = _seal_for_both(transfer, statement, f"{draft.number}-statement.json").pk
    draft.save(update_fields=["client_count", "root", "digest", "file"])
    CertificateSignature.objects.bulk_create(
        CertificateSignature(draft=draft, organisation=signer.organisation, signer=signer)
        for signer in signers
    )
    record(
        CertificateEvent.DRAFTED,
        actor=by,
        subject=draft,
        transfer=str(transfer.pk),
        sha256=draft.digest,
        root=bytes(draft.root).hex(),
        count=draft.client_count,
        signers=[str(signer.pk) for signer in signers],
    )
    return draft


@transaction.atomic
def sign_certificate(*, draft: CertificateDraft, by: User) -> Certificate | None:
    """``by``'s firm has signed the statement with its certificate key; with the second signature the certificate
    is issued and the transfer settled, and the certificate is returned.

    Raises:
        NotAllowed: ``by`` may not issue certificates of this transfer, or is of neither side.
        Refused: the draft is withdrawn, names another officer for this firm, is signed by it already, or
            does not say what is the case any more.
    """
    transfer = lock_transfer(draft.transfer_id, states={Transfer.State.RECONCILING})
    draft = CertificateDraft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    require_side(by, PERMISSION, transfer, *BOTH)
    if draft.withdrawn_at is not None:
        raise Refused("certificate.draft_withdrawn")
    mine = draft.signatures.get(organisation=by.organisation_id)
    if mine.signer_id != by.pk:
        raise Refused("certificate.other_signs", name=mine.signer.name)
    if mine.signed_at is not None:
        raise Refused("certificate.signed_already")
    run, _mandate = _settled_facts(transfer)
    statement = read_draft(draft=draft, by=by)
    _refuse_changed(transfer, run, statement)
    key = signer("certificate", by.organisation_id)
    mine.signed_at, mine.signature, mine.public = timezone.now(), key.sign(statement), key.public
    mine.save(update_fields=["signed_at", "signature", "public"])
    record(
        CertificateEvent.SIGNED,
        actor=by,
        subject=draft,
        transfer=str(transfer.pk),
        organisation=by.organisation_id,
        sha256=draft.digest,
        key=key.fingerprint,
    )
    if draft.signatures.filter(signed_at=None).exists():
        return None
    return _issue(transfer, run, draft, statement, by)


def live_draft(transfer: Transfer) -> CertificateDraft | None:
    """The draft that was not withdrawn, if there is one."""
    drafts = CertificateDraft.objects.filter(transfer=transfer, withdrawn_at=None)
    return drafts.select_related("transfer", "drafted_by").first()


def read_draft(*, draft: CertificateDraft, by: User) -> bytes:
    """The frozen statement, opened in a recorded reading.

    Raises:
        NotAllowed: ``by`` may not see this transfer.
        Refused: the stored statement is not the one that was frozen.
    """
    require(by, "transfer.view_transfer", draft)
    statement = read_for(draft.transfer, draft.file, by, purpose="certificate")
    if hashlib.sha256(statement).hexdigest() != draft.digest:
        raise Refused("certificate.file_changed")
    return statement


def possible_signers(transfer: Transfer, organisation: UUID) -> list[User]:
    """The people of one party who may sign its certificate."""
    people = User.objects.filter(organisation=organisation, is_active=True).order_by("username")
    return [person for person in people if may(person, PERMISSION, transfer)]


def _issue(transfer: Transfer, run: Run, draft: CertificateDraft, statement: bytes, by: User) -> Certificate:
    document = certificate_file(draft, statement)
    certificate = Certificate.objects.create(
        transfer=transfer,
        draft=draft,
        number=draft.number,
        issued_at=timezone.now(),
        issued_by=by,
        client_count=draft.client_count,
        root=draft.root,
        file=_seal_for_both(transfer, document, f"{draft.number}.json").pk,
        digest=hashlib.sha256(document).hexdigest(),
    )
    transfer.state = Transfer.State.SETTLED
    transfer.save(update_fields=["state"])
    destroy_pieces(run)
    record(
        CertificateEvent.ISSUED,
        actor=by,
        subject=certificate,
        transfer=str(transfer.pk),
        sha256=certificate.digest,
        root=bytes(draft.root).hex(),
        count=certificate.client_count,
    )
    return certificate


def _settled_facts(transfer: Transfer) -> tuple[Run, Mandate]:
    run = Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER, state=Run.State.DONE).first()
    mandate = live_mandate(transfer)
    if run is None or mandate is None:
        raise Refused("certificate.not_reconciled")
    if CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.RELEASED).exists():
        raise Refused("cutover.batch_waiting")
    if Break.objects.filter(run=run, state=Break.State.WRITE_OFF_ASKED).exists():
        raise Refused("certificate.write_off_waiting")
    return run, mandate


def _refuse_signers(transfer: Transfer, transferor_signer: User, transferee_signer: User) -> None:
    sides = ((transferor_signer, transfer.transferor_id), (transferee_signer, transfer.transferee_id))
    for person, organisation in sides:
        if person.organisation_id != organisation or not may(person, PERMISSION, transfer):
            raise Refused("certificate.signer_may_not", name=person.name)


def _refuse_changed(transfer: Transfer, run: Run, statement: bytes) -> None:
    frozen = json.loads(statement)
    now = json.loads(canonical(changing_facts(transfer, run)))
    if any(frozen[name] != fact for name, fact in now.items()):
        raise Refused("certificate.facts_changed")


def _withdraw_drafts(transfer: Transfer) -> None:
    for draft in CertificateDraft.objects.filter(transfer=transfer, withdrawn_at=None):
        draft.tiles.all().delete()
        draft.withdrawn_at = timezone.now()
        draft.save(update_fields=["withdrawn_at"])


def _seal_for_both(transfer: Transfer, content: bytes, name: str) -> SealedFile:
    file = seal_stream([content], holder=transfer.transferor_id, purpose="certificate", name=name)
    if transfer.transferee_id is not None:
        add_wraps(
            [file.pk], holder_from=transfer.transferor_id, holder_to=transfer.transferee_id, purpose="file"
        )
    return file


def read_certificate(*, certificate: Certificate, by: User) -> bytes:
    """The certificate file as it was issued, opened in a recorded reading.

    Raises:
        NotAllowed: ``by`` may not see this transfer.
        Refused: the stored file is not the one that was issued.
    """
    require(by, "transfer.view_transfer", certificate)
    document = read_for(certificate.transfer, certificate.file, by, purpose="certificate")
    if hashlib.sha256(document).hexdigest() != certificate.digest:
        raise Refused("certificate.file_changed")
    return document


@transaction.atomic
def download_certificate(*, certificate: Certificate, by: User) -> bytes:
    """The certificate file to take away; the download stands in the log."""
    document = read_certificate(certificate=certificate, by=by)
    record(
        CertificateEvent.DOWNLOADED,
        actor=by,
        subject=certificate,
        organisation=by.organisation_id,
        sha256=certificate.digest,
    )
    return document


@transaction.atomic
def find_for_proof(*, certificate: Certificate, field: str, value: str, by: User) -> list[Client]:
    """At most ten clients of the book with exactly this client number or identity number; nothing is opened.

    That somebody searched, by which field and how many were found stands in the log; the value does not.

    Raises:
        NotAllowed: ``by`` may not draw proofs from this certificate.
    """
    require(by, "transfer.draw_proof", certificate)
    book = certificate.transfer.book_id
    wanted: dict[str, object] = {"id_token": token("id_number", value)}
    if field == "source_no":
        wanted = {"source_digest": source_digest(book, "clients", value.strip())}
    found = list(Client.objects.filter(book=book, **wanted).order_by("pk")[:10])
    record(
        CertificateEvent.CLIENT_SEARCHED,
        actor=by,
        subject=certificate,
        organisation=by.organisation_id,
        field=field,
        count=len(found),
    )
    return found


@transaction.atomic
def draw_proof(*, certificate: Certificate, client: Client, by: User) -> bytes:
    """One client's inclusion proof; that it was drawn stands in the log, and in the client's history.

    Raises:
        NotAllowed: ``by`` may not draw proofs from this certificate.
        Refused: the client is not among those it counts.
    """
    require(by, "transfer.draw_proof", certificate)
    proof = inclusion_proof(certificate=certificate, client=client)
    record(
        CertificateEvent.PROOF_DRAWN,
        actor=by,
        subject=client,
        organisation=by.organisation_id,
        certificate=str(certificate.pk),
    )
    return proof


def read_for(transfer: Transfer, file_id: UUID, by: User, *, purpose: str) -> bytes:
    """A file of both firms: opened with the reader's own firm's wrap, a guest's with the transferor's."""
    holder = by.organisation_id if by.organisation_id in transfer.parties() else transfer.transferor_id
    file = SealedFile.objects.get(pk=file_id)
    with reading(actor=by, organisation=holder, purpose=purpose, subjects=[file.pk]) as right:
        return b"".join(open_file(file, right))


def statement_in(document: bytes) -> dict[str, Any]:
    """What the certificate file states."""
    statement: dict[str, Any] = json.loads(json.loads(document)["statement"])
    return statement


def certificate_file(draft: CertificateDraft, statement: bytes) -> bytes:
    """The certificate as a file: the statement as text and both signatures over its bytes."""
    signatures = [
        {
            "organisation": str(row.organisation_id),
            "public": bytes(row.public or b"").hex(),
            "signature": bytes(row.signature or b"").hex(),
        }
        for row in draft.signatures.order_by("organisation_id")
    ]
    return dump({"statement": statement.decode(), "signatures": signatures})


def dump(document: dict[str, Any]) -> bytes:
    """The one way in which our JSON files are written, so that a changed byte anywhere shows."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def inclusion_proof(*, certificate: Certificate, client: Client) -> bytes:
    """One client's proof file: that this record, under this key, is among those the certificate counts, and
    among those of one batch that both firms signed for. Reads a few tiles and that batch.

    Raises:
        Refused: the client is not among them.
    """
    mine = CustodyMember.objects.filter(
        move__occasion=certificate.transfer_id, move__state=CustodyMove.State.ACCEPTED, client=client
    )
    member = mine.select_related("move").first()
    if member is None or certificate.draft is None:
        raise Refused("certificate.client_not_in_it")
    digest, commitment = bytes(member.record_digest), bytes(member.key_commitment)
    place, path = path_in_tree(certificate.draft, (client.pk, digest, commitment))
    return dump(
        {
            "format": PROOF_FORMAT,
            "certificate": certificate.digest,
            "client": str(client.pk),
            "record_digest": digest.hex(),
            "key_commitment": commitment.hex(),
            "index": place,
            "size": certificate.client_count,
            "path": [step.hex() for step in path],
            "batch": _place_in_batch(member),
        }
    )


def _place_in_batch(member: CustodyMember) -> dict[str, Any]:
    rows = member.move.members.order_by("position").values_list(
        "client_id", "record_digest", "key_commitment"
    )
    leaves = [member_leaf(who, bytes(digest), bytes(commitment)) for who, digest, commitment in rows]
    path = path_among(leaves, member.position)
    return {
        "number": member.move.number,
        "index": member.position,
        "path": [step.hex() for step in path],
    }


def party_keys(transfer: Transfer) -> bytes:
    """The fingerprints that the parties exchange with the agreement, and the log's key: ``--keys`` of the verifier."""
    keys = {str(party): signer("certificate", party).fingerprint for party in sorted(transfer.parties())}
    return dump(keys | {"log": checkpoints.log_key().public.hex()})
