"""The duties people may hold, and which of them one person may never hold together.

Invariants:
- A duty says what a person answers for; what it permits stands in ``access.registry``.
- ``conflicts`` is symmetric, and no duty conflicts with itself.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Duty(TextChoices):
    """What a person answers for in their organisation."""

    ADMINISTRATOR = "administrator", _("Administrator")
    COMPLIANCE_OFFICER = "compliance_officer", _("Compliance officer")
    DATA_STEWARD = "data_steward", _("Data steward")
    TRANSFER_MANAGER = "transfer_manager", _("Transfer manager")
    CLIENT_SERVICE = "client_service", _("Client service")
    RETENTION_OFFICER = "retention_officer", _("Retention officer")
    SUPERVISOR = "supervisor", _("Supervisor")
    TRAINER = "trainer", _("Trainer")
    AUDITOR = "auditor", _("Auditor")
    COUNSEL = "counsel", _("Counsel")
    INTEGRATOR = "integrator", _("Integrator")


# Whoever hands out rights, checks the others or is a program does nothing else: each would otherwise
# be able to approve, cover or automate their own work.
ALONE: frozenset[Duty] = frozenset({Duty.ADMINISTRATOR, Duty.AUDITOR, Duty.INTEGRATOR})

# Counsel's word opens the gate of the agreement that the transfer manager drew up.
FORBIDDEN_PAIRS: frozenset[frozenset[Duty]] = frozenset({frozenset({Duty.COUNSEL, Duty.TRANSFER_MANAGER})})


def conflicts(held: Duty, wanted: Duty) -> bool:
    """True when one person may not hold both duties at the same time."""
    if held == wanted:
        return False
    return held in ALONE or wanted in ALONE or frozenset({held, wanted}) in FORBIDDEN_PAIRS
