"""The end of a transfer in which nothing moves: a signed statement that nothing was handed over.

It is a certificate like any other: drafted, signed by one officer of each firm, one file, the log's checkpoint, the
same verifier. It states the basis, the law by which the later gates do not apply, that the other firm holds no key
of any client, and every look at the masked profile with its proof of inclusion in the log.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone, translation

from access.models import User
from audit import checkpoints
from audit.errors import Refused
from audit.models import Checkpoint, Event
from audit.proofs import inclusion_proof
from audit.services import record
from audit.tree import root_of
from clients.models import Client
from transfer.bases import data_moves, why_not
from transfer.certificate.statement import _agreement, _exceptions, _moment, _party, canonical
from transfer.events import CertificateEvent
from transfer.gates.registry import Gate, gates
from transfer.holding import wraps_of_other_firm
from transfer.models import Certificate, CertificateDraft, CertificateSignature, DiligenceProfile, Transfer
from transfer.policies import BOTH, require_side
from transfer.services.cases import assess_cases, funnel
from transfer.services.certificates import (
    PERMISSION,
    _refuse_signers,
    _seal_for_both,
    _withdraw_drafts,
    certificate_file,
    read_draft,
)
from transfer.services.diligence import looks
from transfer.services.locking import lock_transfer
from vault.signing import signer as signing_key

FORMAT = "handover/no-handover/v1"
NEEDED = (1, 2, 3)
STAGES = {Transfer.State.REVIEWING}


@transaction.atomic
def draft_statement(
    *, transfer: Transfer, transferor_signer: User, transferee_signer: User, by: User
) -> CertificateDraft:
    """The statement is frozen: both named officers may sign exactly its bytes now, and nobody else.

    An earlier draft is withdrawn; what was signed on it counts for nothing any more.

    Raises:
        NotAllowed: ``by`` may not issue certificates of this transfer, or is of neither side.
        Refused: client data move under this basis, the transfer is not reviewed yet, gate 1, 2 or 3 is closed, the
            other firm holds a key of a client, a named signer may not sign, or the log is behind the last look.
    """
    if data_moves(transfer):
        raise Refused("diligence.only_without_move")
    transfer = lock_transfer(transfer, states=STAGES)
    require_side(by, PERMISSION, transfer, *BOTH)
    _refuse_signers(transfer, transferor_signer, transferee_signer)
    assess_cases(transfer=transfer)
    _withdraw_drafts(transfer)
    draft = CertificateDraft.objects.create(
        transfer=transfer,
        number=f"{transfer.number}-C1",
        drafted_by=by,
        drafted_at=timezone.now(),
        client_count=0,
        root=root_of([]),
        file=transfer.pk,
    )
    signers = (transferor_signer, transferee_signer)
    statement = canonical(no_handover(draft, signers=signers))
    draft.digest = hashlib.sha256(statement).hexdigest()
    draft.file = _seal_for_both(transfer, statement, f"{draft.number}-statement.json").pk
    draft.save(update_fields=["file", "digest"])
    CertificateSignature.objects.bulk_create(
        CertificateSignature(draft=draft, organisation=person.organisation, signer=person)
        for person in signers
    )
    record(
        CertificateEvent.DRAFTED,
        actor=by,
        subject=draft,
        transfer=str(transfer.pk),
        sha256=draft.digest,
        root=root_of([]).hex(),
        count=0,
        signers=[str(person.pk) for person in signers],
    )
    return draft


@transaction.atomic
def sign_statement(*, draft: CertificateDraft, by: User) -> Certificate | None:
    """``by``'s firm has signed that nothing was handed over; with the second signature the transfer is settled.

    Raises:
        NotAllowed: ``by`` may not issue certificates of this transfer, or is of neither side.
        Refused: the draft is withdrawn, names another officer for this firm, is signed by it already, or does
            not say what is the case any more.
    """
    transfer = lock_transfer(draft.transfer_id, states=STAGES)
    draft = CertificateDraft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    require_side(by, PERMISSION, transfer, *BOTH)
    if draft.withdrawn_at is not None:
        raise Refused("certificate.draft_withdrawn")
    mine = draft.signatures.get(organisation=by.organisation_id)
    if mine.signer_id != by.pk:
        raise Refused("certificate.other_signs", name=mine.signer.name)
    if mine.signed_at is not None:
        raise Refused("certificate.signed_already")
    statement = read_draft(draft=draft, by=by)
    _refuse_changed(transfer, statement)
    key = signing_key("certificate", by.organisation_id)
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
    return _issue(transfer, draft, statement, by)


def no_handover(draft: CertificateDraft, *, signers: Sequence[User]) -> dict[str, Any]:
    """Everything both organisations attest about a transfer in which nothing moved.

    Raises:
        Refused: a gate that applies is closed, the other firm holds a key, or the log has no signed checkpoint
            that covers the last look.
    """
    transfer = draft.transfer
    facts = _changing_facts(transfer)
    seen = looks(transfer)
    checkpoint = _checkpoint(seen)
    key = checkpoints.log_key()
    return {
        "exceptions": facts["exceptions"],
        "open_breaks": [],
        "notes": ["nothing_was_handed_over", "both_signing_keys_on_one_host"],
        "type": FORMAT,
        "number": draft.number,
        "drafted_at": _moment(draft.drafted_at),
        "signers": [
            {"organisation": str(person.organisation_id), "person": str(person.pk), "name": person.name}
            for person in signers
        ],
        "transfer": {
            "id": str(transfer.pk),
            "number": transfer.number,
            "basis": transfer.basis,
            "jurisdiction": transfer.jurisdiction,
            "rule_pack": transfer.pack_digest,
            "no_return_at": None,
        },
        "transferor": facts["transferor"],
        "transferee": facts["transferee"],
        "agreement": facts["agreement"],
        "clients": 0,
        "root": root_of([]).hex(),
        "wraps_of_transferee": facts["wraps_of_transferee"],
        "book": facts["book"],
        "funnel": facts["funnel"],
        "gates": facts["gates"],
        "gates_not_applying": [_not_applying(transfer, gate) for gate in gates(transfer) if not gate.applies],
        "profiles": facts["profiles"],
        "looks": [_look(event, checkpoint) for event in seen],
        "log": {"key": key.public.hex(), "name": key.name, "checkpoint": checkpoint.note},
    }


def _changing_facts(transfer: Transfer) -> dict[str, Any]:
    """What may become different while a draft waits for its signatures; refused where nothing may be stated."""
    computed = [gate for gate in gates(transfer) if gate.applies]
    for gate in computed:
        if gate.number in NEEDED and not gate.open:
            raise Refused("statement.gates_closed", gate=gate.number)
    if held := wraps_of_other_firm(transfer):
        raise Refused("statement.wraps_found", count=held)
    return {
        "exceptions": _exceptions(transfer),
        "transferor": _party(transfer.transferor),
        "transferee": _party(transfer.transferee),
        "agreement": _agreement(transfer),
        "wraps_of_transferee": 0,
        "book": Client.objects.filter(book=transfer.book_id).count(),
        "funnel": funnel(transfer),
        "gates": [_gate(gate) for gate in computed],
        "profiles": [
            {"number": row.number, "sha256": row.digest, "released_at": _moment(row.released_at)}
            for row in DiligenceProfile.objects.filter(transfer=transfer).order_by("number")
        ],
    }


def _refuse_changed(transfer: Transfer, statement: bytes) -> None:
    frozen = json.loads(statement)
    now = json.loads(canonical(_changing_facts(transfer)))
    if any(frozen[name] != fact for name, fact in now.items()) or len(frozen["looks"]) != len(
        looks(transfer)
    ):
        raise Refused("certificate.facts_changed")


def _issue(transfer: Transfer, draft: CertificateDraft, statement: bytes, by: User) -> Certificate:
    document = certificate_file(draft, statement)
    certificate = Certificate.objects.create(
        transfer=transfer,
        draft=draft,
        number=draft.number,
        issued_at=timezone.now(),
        issued_by=by,
        client_count=0,
        root=draft.root,
        file=_seal_for_both(transfer, document, f"{draft.number}.json").pk,
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
        root=bytes(draft.root).hex(),
        count=0,
    )
    return certificate


def _checkpoint(seen: list[Event]) -> Checkpoint:
    newest = checkpoints.latest()
    if newest is None:
        raise Refused("certificate.no_checkpoint")
    if any(not hasattr(event, "leaf") or event.leaf.index >= newest.size for event in seen):
        raise Refused("certificate.log_behind")
    return newest


def _look(event: Event, checkpoint: Checkpoint) -> dict[str, Any]:
    """One look as the log has it: its canonical bytes, which name nobody but by id, and their path to the head."""
    return {
        "at": _moment(event.at),
        "person": str(event.actor),
        "organisation": str(event.organisation),
        "profile": event.facts["sha256"],
        "entry": bytes(event.body).hex(),
        "index": event.leaf.index,
        "path": [step.hex() for step in inclusion_proof(event.leaf.index, checkpoint.size)],
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "gate": gate.number,
        "holds": gate.holds,
        "by_exception": gate.excepted,
        "facts": {fact.code: bool(fact.ok) for fact in gate.facts},
    }


def _not_applying(transfer: Transfer, gate: Gate) -> dict[str, Any]:
    said = {}
    for language, code in (("en", "en"), ("zh-hans", "zh")):
        with translation.override(language):
            said[code] = why_not(transfer, gate.number) or ""
    return {"gate": gate.number, "because": said}
