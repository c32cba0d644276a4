"""What a program may be allowed: one table of scopes, each a bundle of the product's permissions.

Invariants:
- A scope gives nothing by itself: a program may do what its service user's duties *and* its token's scopes carry.
- A permission that stands in no scope belongs to people. So do all that want the password again: signing,
  granting, releasing, revealing, downloading what leaves the house.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.duties import Duty


@dataclass(frozen=True)
class Scope:
    """What an administrator reads, and the permissions behind it."""

    words: Promise
    permissions: frozenset[str]


def _scope(words: Promise, *permissions: str) -> Scope:
    return Scope(words, frozenset(permissions))


SCOPES: Final[dict[str, Scope]] = {
    "read:transfers": _scope(
        _("Read transfers, their gates, cases, runs, differences and certificates"), "transfer.view_transfer"
    ),
    "write:transfers": _scope(
        _("Draft transfers and agreements, assess cases, ask for the next stage"),
        "transfer.draft_transfer",
        "transfer.advance_transfer",
        "transfer.draft_agreement",
        "transfer.assess_cases",
    ),
    "read:imports": _scope(_("Read extracts, imports, rejects and data health"), "transfer.view_import"),
    "write:imports": _scope(
        _("Hand in extracts, load them, decide rejects, choose what becomes of fields"),
        "transfer.load_extract",
        "transfer.decide_reject",
        "transfer.set_policy",
    ),
    "read:clients": _scope(_("Read clients in custody, masked, and search them"), "clients.view_client"),
    "read:notices": _scope(_("Read notices, announcements and objections"), "clients.view_notice"),
    "write:notices": _scope(
        _("Load evidence of notices, enter objections"), "clients.load_evidence", "clients.enter_objection"
    ),
    "write:rehearsals": _scope(
        _("Run rehearsals, hand in what came back, compare"),
        "transfer.run_rehearsal",
        "transfer.receive_return",
    ),
    "write:breaks": _scope(_("Explain differences, ask to write them off"), "transfer.work_break"),
    "write:runbook": _scope(_("Start and finish steps of the runbook"), "transfer.run_runbook"),
    "read:proofs": _scope(_("Draw a client's proof from a certificate"), "transfer.draw_proof"),
    "read:backups": _scope(_("Read backups and drills"), "continuity.view_backup"),
    "write:backups": _scope(_("Take backups, run drills"), "continuity.take_backup", "continuity.run_drill"),
    "read:assessments": _scope(_("Read impact assessments"), "governance.view_assessment"),
    "read:log": _scope(_("Read the audit log and its proofs"), "governance.view_log"),
    "read:people": _scope(_("Read people, duties and organisations"), "access.view_users"),
}

# Whoever hands out rights, decides in law or checks the others is a person.
DUTIES_FOR_PROGRAMS: Final[frozenset[Duty]] = frozenset(
    {
        Duty.DATA_STEWARD,
        Duty.TRANSFER_MANAGER,
        Duty.CLIENT_SERVICE,
        Duty.SUPERVISOR,
        Duty.AUDITOR,
        Duty.INTEGRATOR,
    }
)


def permissions_in(scopes: Iterable[str]) -> frozenset[str]:
    """Every permission behind these scopes; a scope nobody declared carries none."""
    return frozenset().union(*(SCOPES[name].permissions for name in scopes if name in SCOPES))


def scope_for(permission: str) -> str:
    """The scope that carries this permission; empty when only people may have it."""
    return next((name for name, scope in SCOPES.items() if permission in scope.permissions), "")
