"""Duties of the law as facts of gates: the pack says what is due, a registered proof says whether it was done.

Invariants:
- A duty whose proof nobody registered is not satisfied: an unknown proof never opens a gate.
- Rooms above register their proofs when they start; nothing here knows them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from django.utils import timezone
from django.utils.translation import get_language

from access.asking import once
from rules.duties import Duty, TransferFacts, due_duties
from rules.packs import load_pack
from rules.schema import Basis
from rules.thresholds import Crossing, PersonCounts, crossings
from transfer.gates.registry import Fact
from transfer.models import Transfer
from transfer.services.persons import count_persons

Proof = Callable[[Transfer], tuple[bool, str]]
"""Whether a duty is done, and the address of the page that shows it."""

_proofs: dict[str, tuple[Proof, str]] = {}


def register_proof(satisfied_by: str, *, whose: str) -> Callable[[Proof], Proof]:
    """Say how ``satisfied_by`` of a pack's duty is proved, and whose move it is until then."""

    def add(proof: Proof) -> Proof:
        _proofs[satisfied_by] = (proof, whose)
        return proof

    return add


def transfer_facts(transfer: Transfer) -> TransferFacts:
    """What the pack's duties depend on, read from the transfer as it stands."""
    cutover = transfer.planned_cutover
    return TransferFacts(
        basis=cast("Basis", transfer.basis),
        persons=count_persons(transfer) or PersonCounts(0),
        as_of=timezone.localdate(),
        cutover_on=None if cutover is None else timezone.localdate(cutover),
    )


def duty_facts(transfer: Transfer, gate: int) -> Iterator[Fact]:
    """One fact per duty that the pack puts before this gate."""
    for duty in _due(transfer):
        if duty.gate == gate:
            yield _fact(transfer, duty)


def _due(transfer: Transfer) -> Sequence[Duty]:
    pack = load_pack(transfer.pack_name)
    return once(("duties due", transfer.pk), lambda: due_duties(pack, transfer_facts(transfer)))


def threshold_crossings(transfer: Transfer) -> tuple[Crossing, ...]:
    """Every figure of the pack that the number of persons reaches, before the transfer or after it."""
    facts = transfer_facts(transfer)
    return crossings(load_pack(transfer.pack_name), facts.persons, on=facts.as_of)


def _fact(transfer: Transfer, duty: Duty) -> Fact:
    language = get_language() or "en"
    said, article = duty.text.in_language(language), duty.article.in_language(language)
    text = f"{said}（{article}）" if language.startswith("zh") else f"{said} ({article})"
    known = _proofs.get(duty.satisfied_by)
    if known is None:
        return Fact(f"duty:{duty.rule_id}.{duty.code}", ok=False, text=text)
    proof, whose = known
    done, link = once(("proof", duty.satisfied_by, transfer.pk), lambda: proof(transfer))
    return Fact(f"duty:{duty.rule_id}.{duty.code}", ok=done, text=text, link=link, whose=whose)
