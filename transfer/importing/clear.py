"""What lies in the clear beside each sealed document, so that SQL can count, filter and decide.

Invariant: a field that is never stored shows in no clear column and in no token either.
"""

from collections.abc import Callable
from typing import Any, Final

from transfer.importing.ages import births, born_from
from transfer.importing.batch import Batch
from transfer.importing.job import Job
from transfer.importing.records import Values
from vault.tokens import token_column


def stored_values(job: Job, batch: Batch) -> Values:
    """The columns without those that are never stored."""
    return {name: column for name, column in batch.values.items() if name not in job.never}


def clear_columns(job: Job, batch: Batch) -> dict[str, Any]:
    """Per attribute of the kind's model a value per line, as far as the extract decides it."""
    return _CLEAR[job.layout.kind](job, stored_values(job, batch), batch)


def _column(values: Values, name: str, count: int, missing: Any = "") -> list[Any]:
    return values[name] if name in values else [missing] * count


def _of_client(job: Job, values: Values, batch: Batch) -> dict[str, Any]:
    count = len(batch)
    born = births(values, count)
    days = {day: day.isoformat().replace("-", "") if day else "" for day in set(born)}
    names = [f"{name}|{days[day]}" for name, day in zip(_column(values, "name", count), born, strict=True)]
    branches = {code: branch.bytes for code, branch in job.branches.items()}
    return {
        "kind": values["kind"],
        "status": values["status"],
        "branch_id": list(map(branches.get, _column(values, "branch", count))),
        "staff_no": _column(values, "staff_no", count),
        "opened_on": _column(values, "opened_on", count, None),
        "is_minor": batch.extras["is_minor"],
        "is_under14": batch.extras["is_child"],
        "id_token": token_column("id_number", _column(values, "id_number", count)),
        "phone_token": token_column("phone", _column(values, "phone", count)),
        "email_token": token_column("email", _column(values, "email", count)),
        "name_birth_token": token_column("name_birth", names),
    }


def note_ages(job: Job, batch: Batch) -> None:
    """``extras`` say of every client whether it is a minor and a child on the run's day.

    A field that is never stored counts too: who is protected is not forgotten with it.
    """
    born = births(batch.values, len(batch))
    batch.extras["is_minor"] = born_from(job.ages.minors_from, batch.values, born)
    batch.extras["is_child"] = born_from(job.ages.children_from, batch.values, born)


def _of_account(_job: Job, values: Values, batch: Batch) -> dict[str, Any]:
    count = len(batch)
    return {
        "kind": values["kind"],
        "market": _column(values, "market", count),
        "currency": values["currency"],
        "status": values["status"],
        "opened_on": _column(values, "opened_on", count, None),
        "number_token": token_column("account", values["number"]),
        "card_token": token_column("bank_card", _column(values, "bank_card", count)),
    }


def _of_relation(_job: Job, values: Values, _batch: Batch) -> dict[str, Any]:
    return {"kind": values["relation"]}


def _of_holding(_job: Job, values: Values, batch: Batch) -> dict[str, Any]:
    count = len(batch)
    return {
        "market": values["market"],
        "currency": values["currency"],
        "is_frozen": [bool(quantity) for quantity in _column(values, "frozen", count)],
        "is_pledged": [bool(quantity) for quantity in _column(values, "pledged", count)],
    }


def _of_trade(_job: Job, values: Values, _batch: Batch) -> dict[str, Any]:
    return {name: values[name] for name in ("traded_on", "market", "currency")}


def _of_preference(_job: Job, values: Values, batch: Batch) -> dict[str, Any]:
    return {"stated_on": _column(values, "stated_on", len(batch), None)}


def _of_document(_job: Job, values: Values, batch: Batch) -> dict[str, Any]:
    return {
        "kind": _column(values, "kind", len(batch)),
        "file": batch.extras["file"],
        "size": batch.extras["size"],
    }


_CLEAR: Final[dict[str, Callable[[Job, Values, Batch], dict[str, Any]]]] = {
    "clients": _of_client,
    "accounts": _of_account,
    "relations": _of_relation,
    "holdings": _of_holding,
    "trades": _of_trade,
    "preferences": _of_preference,
    "documents": _of_document,
}
