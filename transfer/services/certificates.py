"""The certificate is issued, signed by both organisations, and proofs are drawn from it."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit import checkpoints
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from audit.tree import node_hash
from clients.models import Client, CustodyMember, CustodyMove
from clients.statements import member_leaf
from transfer.certificate.statement import all_members, canonical, statement_of
from transfer.events import CertificateEvent
from transfer.models import Break, Certificate, Run, Transfer
from transfer.policies import BOTH, require_side
from transfer.services.cases import open_cases
from transfer.services.locking import lock_transfer
from transfer.services.mandates import live_mandate
from vault.files import open_file, seal_stream
from vault.models import SealedFile
from vault.signing import signer
from vault.tokens import source_digest, token
from vault.wraps import add_wraps

PROOF_FORMAT = "handover/inclusion/v1"
Members = list[tuple[UUID, bytes, bytes]]


@transaction.atomic
def issue_certificate(*, transfer: Transfer, by: User) -> Certificate:
    """The certificate stands, signed with both organisations' certificate keys; the transfer is settled.

    Raises:
        NotAllowed: ``by`` may not issue certificates of this transfer, or is of neither side.
        Refused: the cutover is not reconciled, a batch or a write-off waits, the log is behind, or there is
            one already.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.RECONCILING})
    require_side(by, "transfer.issue_certificate", transfer, *BOTH)
    run = Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER, state=Run.State.DONE).first()
    mandate = live_mandate(transfer)
    if run is None or mandate is None:
        raise Refused("certificate.not_reconciled")
    if CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.RELEASED).exists():
        raise Refused("cutover.batch_waiting")
    if Break.objects.filter(run=run, state=Break.State.WRITE_OFF_ASKED).exists():
        raise Refused("certificate.write_off_waiting")
    open_cases(transfer=transfer)  # Whoever came into the book since stands in the funnel too.
    issued_at = timezone.now()
    number = f"{transfer.number}-C1"
    statement = statement_of(transfer, mandate, run, number=number, issued_at=issued_at, by=by)
    document = certificate_file(transfer, canonical(statement))
    file = seal_stream(
        [document], holder=transfer.transferor_id, purpose="certificate", name=f"{number}.json"
    )
    if transfer.transferee_id is not None:
        add_wraps(
            [file.pk], holder_from=transfer.transferor_id, holder_to=transfer.transferee_id, purpose="file"
        )
    certificate = Certificate.objects.create(
        transfer=transfer,
        number=number,
        issued_at=issued_at,
        issued_by=by,
        client_count=statement["clients"],
        root=bytes.fromhex(statement["root"]),
        file=file.pk,
        digest=hashlib.sha256(document).hexdigest(),
    )
    transfer.state = Transfer.State.SETTLED
    transfer.save(update_fields=["state"])
    record(
        CertificateEvent.ISSUED,
        actor=by,
        subject=certificate,
        transfer=str(transfer.pk),
        sha256=certificate.digest,
        root=statement["root"],
        count=certificate.client_count,
    )
    return certificate


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


def certificate_file(transfer: Transfer, statement: bytes) -> bytes:
    """The certificate as a file: the statement as text and both signatures over its bytes."""
    signatures = []
    for party in sorted(transfer.parties()):
        key = signer("certificate", party)
        signatures.append(
            {"organisation": str(party), "public": key.public.hex(), "signature": key.sign(statement).hex()}
        )
    return dump({"statement": statement.decode(), "signatures": signatures})


def dump(document: dict[str, Any]) -> bytes:
    """The one way in which our JSON files are written, so that a changed byte anywhere shows."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def inclusion_proof(*, certificate: Certificate, client: Client) -> bytes:
    """One client's proof file: that this record, under this key, is among those the certificate counts, and
    among those of one batch that both firms signed for.

    Raises:
        Refused: the client is not among them.
    """
    members = all_members(certificate.transfer)
    place = next((place for place, member in enumerate(members) if member[0] == client.pk), None)
    if place is None:
        raise Refused("certificate.client_not_in_it")
    return dump(
        _proof_of(certificate, members, place) | {"batch": _place_in_batch(certificate.transfer, client)}
    )


def _proof_of(certificate: Certificate, members: Members, place: int) -> dict[str, Any]:
    client, digest, commitment = members[place]
    return {
        "format": PROOF_FORMAT,
        "certificate": certificate.digest,
        "client": str(client),
        "record_digest": digest.hex(),
        "key_commitment": commitment.hex(),
        "index": place,
        "size": len(members),
        "path": _path_of(members, place),
    }


def _place_in_batch(transfer: Transfer, client: Client) -> dict[str, Any]:
    mine = CustodyMember.objects.filter(move__occasion=transfer.pk, move__state=CustodyMove.State.ACCEPTED)
    member = mine.select_related("move").get(client=client)
    rows = member.move.members.order_by("position").values_list(
        "client_id", "record_digest", "key_commitment"
    )
    members = [(who, bytes(digest), bytes(commitment)) for who, digest, commitment in rows]
    return {
        "number": member.move.number,
        "index": member.position,
        "path": _path_of(members, member.position),
    }


def party_keys(transfer: Transfer) -> bytes:
    """The fingerprints that the parties exchange with the agreement, and the log's key: ``--keys`` of the verifier."""
    keys = {str(party): signer("certificate", party).fingerprint for party in sorted(transfer.parties())}
    return dump(keys | {"log": checkpoints.log_key().public.hex()})


def _path_of(members: Members, place: int) -> list[str]:
    return [step.hex() for step in _path([member_leaf(*member) for member in members], place)]


def _path(leaves: list[bytes], place: int) -> list[bytes]:
    """The audit path of one leaf (RFC 6962, 2.1.1), lowest first, in one pass over the levels."""
    path = []
    level, index = leaves, place
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level = [
            node_hash(level[at], level[at + 1]) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        index >>= 1
    return path
