"""What becomes of every source field: exactly one policy each."""

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from clients.fields import LAYOUTS, LINE_HEADINGS
from rules.classification import FieldClass, classify
from rules.packs import load_pack
from transfer.events import ImportEvent
from transfer.importing.recognise import columns_of
from transfer.models import Extract, FieldPolicy, ImportRun, Transfer


@transaction.atomic
def default_policies(*, transfer: Transfer, extract: Extract, by: User) -> list[FieldPolicy]:
    """Every known field of the extract has a policy: where there was none, the usual one. Returns those made.

    Raises:
        NotAllowed: ``by`` may not set policies.
    """
    require(by, "transfer.set_policy", transfer)
    layout = LAYOUTS[extract.kind]
    known = set(
        FieldPolicy.objects.filter(transfer=transfer, kind=extract.kind).values_list(
            "source_field", flat=True
        )
    )
    made = [
        FieldPolicy(
            transfer=transfer,
            kind=extract.kind,
            source_field=column.heading,
            target_field=column.field,
            policy=layout.by_name[column.field].policy,
        )
        for column in columns_of(extract.kind, extract.header, extract.how.get("fields"))
        if column.field in layout.by_name and column.heading not in known
    ]
    FieldPolicy.objects.bulk_create(made)
    for row in made:
        _record(row, by)
    return made


@transaction.atomic
def set_policy(*, policy_row: FieldPolicy, policy: str, by: User) -> FieldPolicy:
    """The field has this policy from now on.

    Raises:
        NotAllowed: ``by`` may not set policies.
        Refused: the field is needed to tell rows apart, or rows of its kind are loaded already.
    """
    row = FieldPolicy.objects.select_for_update().select_related("transfer").get(pk=policy_row.pk)
    require(by, "transfer.set_policy", row.transfer)
    if row.policy == policy:
        return row
    item = LAYOUTS[row.kind].by_name.get(row.target_field)
    if policy == FieldPolicy.Policy.NEVER and item is not None and item.required:
        raise Refused("import.policy_needed", field=row.source_field)
    if item is None and policy != FieldPolicy.Policy.NEVER:
        raise Refused("import.unknown_field", field=row.source_field)
    loads = ImportRun.objects.filter(
        extract__transfer=row.transfer_id, extract__kind=row.kind, mode=ImportRun.Mode.LOAD
    )
    if loads.exclude(state=ImportRun.State.REFUSED).exists():
        raise Refused("import.policy_after_load")
    row.policy = policy
    row.save(update_fields=["policy"])
    _record(row, by)
    return row


@transaction.atomic
def declare_field(*, transfer: Transfer, kind: str, source_field: str, by: User) -> FieldPolicy:
    """A field that is none of ours may stand in extracts of this kind; it is never stored.

    Raises:
        NotAllowed: ``by`` may not set policies.
        Refused: the heading means a field we know, or one of our own columns.
    """
    require(by, "transfer.set_policy", transfer)
    [column] = columns_of(kind, [source_field])
    if column.field or source_field in LINE_HEADINGS:
        raise Refused("file.duplicate_header", field=source_field)
    row, made = FieldPolicy.objects.get_or_create(
        transfer=transfer, kind=kind, source_field=source_field, defaults={"policy": FieldPolicy.Policy.NEVER}
    )
    if made:
        _record(row, by)
    return row


def field_classes(transfer: Transfer) -> dict[str, FieldClass]:
    """How the pack of the transfer classes each field it knows, by the field's name, under the rules of today."""
    pack, today = load_pack(transfer.pack_name), timezone.localdate()
    return {entry.field: classify(pack, entry.field, on=today) for entry in pack.classification}


def _record(row: FieldPolicy, by: User) -> None:
    record(
        ImportEvent.POLICY_SET,
        actor=by,
        subject=row,
        organisation=by.organisation_id,
        kind=row.kind,
        field=row.target_field,
        policy=str(row.policy),
    )
