"""The end state of an installation as facts that hold no id and no time: two runs alike give the same.

Called by ``manage.py shell -c`` in a second terminal of a stand; also what prepares a transfer there.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Model

from access.models import Organisation
from audit.models import Event
from audit.reading import reading
from clients.models import (
    Announcement,
    Client,
    CustodyMove,
    DeliveryEvidence,
    Document,
    NoticeCampaign,
    Objection,
)
from clients.records import PARTS
from handover.demo import lawful, loading
from handover.demo.cast import assemble
from handover.demo.story import Story
from handover.demo.transfers import open_transfer
from transfer.models import (
    Break,
    Certificate,
    ClientCase,
    Extract,
    Finding,
    ImportChunk,
    ImportRun,
    Reject,
    ReturnFile,
    Run,
    RunbookStep,
    Transfer,
)
from vault.files import file_sha256
from vault.models import SealedFile, Wrap
from vault.rows import open_rows

# Of these kinds there is one event per attempt, reading or slice, not one per act; acts among them may be
# repeated and add nothing.
PER_ATTEMPT = (
    "audit.", "access.", "vault.", "files.", "continuity.", "backup.", "drill.", "act.", "page.", "cases.",
    "import.chunk_", "import.firms_matched", "import.totals_declared", "import.policy_set",
    "notice.evidence_loaded", "notice.objections_loaded", "runbook.party_ready",
    "run.delivery_downloaded", "certificate.downloaded",
)  # fmt: skip
OMITTED = {"id", "client", "book", "sealed", "import_run", "file", "revision"}


def prepare(world: str, out: str) -> None:
    """Two firms with people and a signed agreement; ``out`` holds the transfer and the sign-ins."""
    folder, story = Path(world), Story(print)
    cast = assemble(folder, loading.a_staff_number(folder))
    transfer = open_transfer(story, cast)
    lawful.agree(story, cast, transfer, folder)
    prepared = {"transfer": str(transfer.pk), "passwords": cast.passwords}
    Path(out).write_text(json.dumps(prepared), encoding="utf-8")


def tell(out: str) -> None:
    """Writes every fact, by kind, in an order of their own."""
    found = {name: sorted(map(json.dumps, maker())) for name, maker in KINDS.items()}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def _codes() -> dict[UUID, str]:
    return dict(Organisation.objects.values_list("pk", "code"))


def _numbers() -> dict[UUID, str]:
    """The source number of every client, opened by its custodian."""
    numbers: dict[UUID, str] = {}
    for rows, secrets in _opened(Client):
        numbers |= {row.pk: secret.source_no for row, secret in zip(rows, secrets, strict=True)}
    return numbers


def _opened(model: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    path = "custodian_id" if model is Client else "client__custodian_id"
    for holder in Organisation.objects.values_list("pk", flat=True):
        rows = list(model.objects.filter(**{path: holder}))
        if not rows:
            continue
        subjects = {row.key_subject for row in rows}
        with reading(actor=None, organisation=holder, purpose="proof", subjects=subjects) as right:
            yield rows, open_rows(rows, right)


def records() -> Iterator[list[Any]]:
    """Every sealed row of every client: whose, its clear columns and its opened content."""
    codes, numbers = _codes(), _numbers()
    for model in PARTS:
        for rows, secrets in _opened(model):
            for row, secret in zip(rows, secrets, strict=True):
                clear = {
                    field.name: _plain(getattr(row, field.attname), codes)
                    for field in row._meta.concrete_fields
                    if field.name not in OMITTED
                }
                yield [model.__name__, numbers[row.key_subject], clear, msgspec.to_builtins(secret)]


def files() -> Iterator[list[str]]:
    """The documents' contents, by their clients."""
    numbers = _numbers()
    for document in Document.objects.select_related("client"):
        file = SealedFile.objects.get(pk=document.file)
        holder = document.client.custodian_id
        with reading(actor=None, organisation=holder, purpose="proof", subjects=[file.key_subject]) as right:
            yield [numbers[document.client_id], file_sha256(file, right).hex()]


def custody() -> Iterator[list[Any]]:
    """Who holds keys of whom, and in which state each case is."""
    codes, numbers = _codes(), _numbers()
    holders = defaultdict(list)
    for subject, holder in Wrap.objects.filter(purpose="custody").values_list("subject", "holder"):
        holders[subject].append(codes[holder])
    cases = {case.client_id: case for case in ClientCase.objects.all()}
    for client, number in numbers.items():
        case = cases.get(client)
        facts = [case.state, case.served, case.requirement, case.reasons] if case else []
        yield [number, sorted(holders[client]), facts]


def loads() -> Iterator[list[Any]]:
    """Extracts, their runs, and the sums of the ledgers."""
    codes = _codes()
    for run in ImportRun.objects.select_related("extract"):
        at: Extract = run.extract
        ledger = ImportChunk.objects.filter(run=run)
        yield [
            codes[at.side_id], at.kind, at.purpose, at.declared_rows, at.declared_totals, run.mode, run.state,
            run.rows, run.accepted, run.rejected, run.totals, dict(Counter(ledger.values_list("state", flat=True))),
        ]  # fmt: skip


def rejects() -> Iterator[list[Any]]:
    """Refused lines and what was decided; findings."""
    for row in Reject.objects.select_related("run__extract"):
        at = row.run.extract
        yield ["reject", at.kind, at.purpose, row.line, row.column, row.code, row.decision, row.reason]
    for finding in Finding.objects.select_related("run__extract"):
        at = finding.run.extract
        yield ["finding", at.kind, at.purpose, finding.line, finding.code]


def notices() -> Iterator[list[Any]]:
    """Campaigns, evidence, announcements and answers."""
    numbers = _numbers()
    for campaign in NoticeCampaign.objects.all():
        yield [
            "campaign",
            campaign.number,
            campaign.approved_by_id is not None,
            bytes(campaign.text_digest).hex(),
        ]
    for row in DeliveryEvidence.objects.all():
        yield ["evidence", numbers[row.client_id], row.channel, row.outcome, str(row.dated_on), row.reference]
    for row in Announcement.objects.all():
        yield [
            "announcement",
            row.medium,
            str(row.published_on),
            row.reference,
            row.signed_off_at is not None,
        ]
    for row in Objection.objects.all():
        yield ["objection", numbers[row.client_id], str(row.raised_on), row.wish, row.decision]


def crossing() -> Iterator[list[Any]]:
    """Runs, what came back, breaks, batches, runbook, certificate."""
    numbers = _numbers()
    for transfer in Transfer.objects.all():
        yield ["transfer", transfer.number, transfer.state]
    for run in Run.objects.all():
        yield ["run", run.kind, run.number, run.state, run.client_count, run.compared, run.problem]
    for row in ReturnFile.objects.select_related("run"):
        yield ["return", row.run.kind, row.run.number, row.source, row.kind, row.version, row.rows]
    for row in Break.objects.select_related("run"):
        whose = numbers.get(row.client_id, "") if row.client_id else ""
        yield ["break", row.run.kind, row.run.number, row.source, row.kind, row.field, whose, row.state]
    for row in RunbookStep.objects.all():
        yield ["step", row.number, row.state]
    moves = CustodyMove.objects.all()
    yield ["moves", sorted(moves.values_list("number", "state", "client_count"))]
    for row in Certificate.objects.all():
        yield ["certificate", row.client_count]


def effects() -> Iterator[list[Any]]:
    """How often each act had its effect, by the log."""
    counts = Counter(Event.objects.values_list("type", flat=True))
    for kind, count in counts.items():
        if not kind.startswith(PER_ATTEMPT):
            yield [kind, count]


KINDS = {
    "records": records,
    "files": files,
    "custody": custody,
    "loads": loads,
    "rejects": rejects,
    "notices": notices,
    "crossing": crossing,
    "effects": effects,
}


def _plain(value: Any, codes: dict[UUID, str]) -> Any:
    if isinstance(value, UUID):
        return codes.get(value, str(value))
    if isinstance(value, memoryview | bytes):
        return bytes(value).hex()
    if isinstance(value, Model):
        return value.pk
    return value if isinstance(value, int | str | bool | None) else str(value)
