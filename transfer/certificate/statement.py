"""What the certificate states, gathered from the facts. Its exceptions stand first.

The gates are those the mandate was given on: what held when people said go, not what holds now.

The statement is JSON in the order of this module; both organisations sign exactly its bytes. Described in
``docs/formats/certificate.md``, so that another program can verify it from the files alone.
"""

import datetime
import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Count

from access.models import Organisation, User
from audit import checkpoints
from audit.errors import Refused
from audit.models import Checkpoint, Event
from clients.events import CustodyEvent
from clients.models import Client, CustodyMove, SealedArchive
from clients.services.consents import answer_counts
from clients.services.custody import acceptance_bytes, release_bytes
from transfer.archived import unarchived
from transfer.bases import BY_CONSENT, keeps_archive
from transfer.consenting import STAYED, moved_without_consent
from transfer.models import Break, CertificateDraft, GateException, Mandate, Run, Transfer
from transfer.services.agreements import latest_version
from transfer.services.cases import funnel
from transfer.services.extensions import extension_bytes, extension_go_bytes
from transfer.services.mandates import go_bytes, mandate_bytes
from transfer.services.recalls import open_recalls
from vault.signing import signer

FORMAT = "handover/certificate/v1"
STILL_OPEN = (Break.State.OPEN, Break.State.EXPLAINED, Break.State.WRITE_OFF_ASKED)


def statement_of(
    draft: CertificateDraft, mandate: Mandate, run: Run, *, signers: Sequence[User]
) -> dict[str, Any]:
    """Everything both organisations attest about this transfer, and the officer of each who signs it.

    Raises:
        Refused: the log has no signed checkpoint yet, or none that covers the last batch.
    """
    transfer = draft.transfer
    checkpoint = _checkpoint(transfer)
    facts = changing_facts(transfer, run)
    key = checkpoints.log_key()
    return {
        "exceptions": facts["exceptions"],
        "open_breaks": facts["open_breaks"],
        "notes": _notes(transfer),
        "type": FORMAT,
        "number": draft.number,
        "drafted_at": _moment(draft.drafted_at),
        "signers": [
            {"organisation": str(signer.organisation_id), "person": str(signer.pk), "name": signer.name}
            for signer in signers
        ],
        "transfer": {
            "id": str(transfer.pk),
            "number": transfer.number,
            "basis": transfer.basis,
            "jurisdiction": transfer.jurisdiction,
            "rule_pack": transfer.pack_digest,
            "no_return_at": _moment(transfer.no_return_at),
        },
        "transferor": facts["transferor"],
        "transferee": facts["transferee"],
        "agreement": facts["agreement"],
        "clients": draft.client_count,
        "root": bytes(draft.root).hex(),
        "book": facts["book"],
        "funnel": facts["funnel"],
        "gates": _gates(mandate),
        "mandate": _mandate(mandate),
        "batches": facts["batches"],
        **{name: facts[name] for name in ("consent", "archive") if name in facts},
        "reconciliation": facts["reconciliation"],
        "breaks": facts["breaks"],
        "log": {"key": key.public.hex(), "name": key.name, "checkpoint": checkpoint.note},
    }


def changing_facts(transfer: Transfer, run: Run) -> dict[str, Any]:
    """What may become different while a draft waits for its signatures."""
    return {
        "exceptions": _exceptions(transfer),
        "open_breaks": _breaks(run, states=STILL_OPEN),
        "transferor": _party(transfer.transferor),
        "transferee": _party(transfer.transferee),
        "agreement": _agreement(transfer),
        "book": Client.objects.filter(book=transfer.book_id).count(),
        "funnel": funnel(transfer),
        "batches": _batches(transfer),
        **_basis_figures(transfer),
        "reconciliation": run.compared,
        "breaks": _breaks(run, states=tuple(Break.State)),
    }


def canonical(statement: dict[str, Any]) -> bytes:
    """The bytes that are signed."""
    return json.dumps(statement, separators=(",", ":"), ensure_ascii=False).encode()


def _checkpoint(transfer: Transfer) -> Checkpoint:
    newest = checkpoints.latest()
    if newest is None:
        raise Refused("certificate.no_checkpoint")
    moves = CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.ACCEPTED)
    accepted = Event.objects.filter(type=CustodyEvent.ACCEPTED, subject__in=moves.values("pk"))
    if accepted.count() != moves.count() or accepted.exclude(leaf__index__lt=newest.size).exists():
        raise Refused("certificate.log_behind")
    return newest


def _exceptions(transfer: Transfer) -> list[dict[str, Any]]:
    granted = (
        GateException.objects.filter(transfer=transfer)
        .exclude(granted_at=None)
        .order_by("gate", "granted_at")
    )
    return [
        {
            "gate": row.gate,
            "reason": row.reason,
            "asked_by": row.asked_by.username,
            "granted_by": row.granted_by.username if row.granted_by else "",
            "granted_at": _moment(row.granted_at),
            "facts": row.facts,
        }
        for row in granted.select_related("asked_by", "granted_by")
    ]


def _breaks(run: Run, *, states: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = (
        Break.objects.filter(run=run, state__in=states)
        .values("source", "kind", "field", "state")
        .annotate(count=Count("pk"))
        .order_by("source", "kind", "field", "state")
    )
    return [dict(row) for row in rows]


def _notes(transfer: Transfer) -> list[str]:
    """What a reader must know about the signatures themselves, and of what the transferor keeps."""
    notes = ["both_signing_keys_on_one_host"]
    if keeps_archive(transfer):
        notes.append("transferor_keeps_sealed_archive")
    if open_recalls(transfer):
        notes.append("recalls_open")
    return notes


def _basis_figures(transfer: Transfer) -> dict[str, Any]:
    """Where consent carries the move: what clients answered, who stayed, what the transferor keeps of the others."""
    if transfer.basis not in BY_CONSENT:
        return {}
    counts = funnel(transfer)
    archives = SealedArchive.objects.filter(occasion=transfer.pk, holder=transfer.transferor_id)
    return {
        "consent": {
            "moved_without": moved_without_consent(transfer),
            "stayed": sum(counts[state] for state in STAYED),
            "answers": answer_counts(transfer.pk),
            "recalls_open": open_recalls(transfer),
        },
        "archive": {
            "clients": sum(row.client_count for row in archives),
            "missing": unarchived(transfer),
            "batches": [
                {"move": str(row.move), "rows": row.row_count, "root": bytes(row.rows_root).hex()}
                for row in archives.order_by("sealed_at", "pk")
            ],
        },
    }


def _party(organisation: Organisation | None) -> dict[str, str]:
    if organisation is None:
        raise Refused("transfer.needs_transferee")
    return {
        "id": str(organisation.pk),
        "code": organisation.code,
        "name_en": organisation.name_en,
        "name_zh": organisation.name_zh,
        "uscc": organisation.uscc,
        "certificate_key": signer("certificate", organisation.pk).fingerprint,
        "custody_key": signer("custody", organisation.pk).public.hex(),
    }


def _agreement(transfer: Transfer) -> dict[str, Any]:
    agreement = latest_version(transfer)
    if agreement is None:
        return {}
    return {
        "version": agreement.version,
        "digest": bytes(agreement.digest).hex(),
        "executed_document": agreement.executed_digest,
        "signatures": [
            {"organisation": str(row.organisation_id), "signature": bytes(row.signature).hex()}
            for row in agreement.signatures.order_by("signed_at")
        ],
    }


def _gates(mandate: Mandate) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for number, code, ok, excepted in mandate.facts:
        entry = found.setdefault(
            number, {"gate": number, "holds": True, "by_exception": excepted, "facts": {}}
        )
        entry["holds"] = entry["holds"] and ok
        entry["facts"][code] = ok
    return list(found.values())


def _mandate(mandate: Mandate) -> dict[str, Any]:
    return {
        "statement": mandate_bytes(mandate).decode(),
        "digest": bytes(mandate.digest).hex(),
        "signatures": [
            {"go": go_bytes(row).decode(), "signature": bytes(row.signature).hex()}
            for row in mandate.signatures.order_by("signed_at").select_related("mandate")
        ],
        "extensions": [
            {
                "statement": extension_bytes(extension).decode(),
                "digest": bytes(extension.digest).hex(),
                "signatures": [
                    {"go": extension_go_bytes(row).decode(), "signature": bytes(row.signature).hex()}
                    for row in extension.signatures.order_by("signed_at").select_related("extension")
                ],
            }
            for extension in mandate.extensions.exclude(complete_at=None).order_by("number")
        ],
    }


def _batches(transfer: Transfer) -> list[dict[str, Any]]:
    moves = CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.ACCEPTED).order_by(
        "number"
    )
    return [
        {
            "release": release_bytes(move).decode(),
            "release_signature": bytes(move.release_signature).hex(),
            "acceptance": acceptance_bytes(move).decode(),
            "acceptance_signature": bytes(move.acceptance_signature or b"").hex(),
        }
        for move in moves
    ]


def _moment(value: datetime.datetime | None) -> str | None:
    return None if value is None else value.astimezone(datetime.UTC).isoformat(timespec="seconds")
