"""Gate 4: notice and consent, client by client. It opens ready."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from transfer.bases import BY_CONSENT
from transfer.gates.agreement import page
from transfer.gates.registry import Fact, Words, register_facts
from transfer.models import ClientCase, Transfer
from transfer.services.cases import funnel

# State of a case → (code, what the fact says). All of them must be empty: every other state may be
# cut over, stays parked, or has left.
_WAITING: dict[ClientCase.State, tuple[str, Words]] = {
    ClientCase.State.IN_SCOPE: ("notice_proved", _("Every client's notice is proved.")),
    ClientCase.State.UNDELIVERABLE: (
        "nobody_undeliverable",
        _("Whoever could not be reached was served otherwise."),
    ),
    ClientCase.State.NOTIFIED: ("windows_over", _("Every client's time to object is over.")),
    ClientCase.State.OBJECTED: ("objections_decided", _("Every objection is decided.")),
}


# Where consent carries the move, whoever could not be reached or is silent stays: nobody waits for them.
_WAITING_FOR_CONSENT: dict[ClientCase.State, tuple[str, Words]] = {
    ClientCase.State.IN_SCOPE: (
        "notice_proved",
        _("Every client was asked, or proof says that it could not be."),
    ),
    ClientCase.State.NOTIFIED: (
        "windows_over",
        _("Every client has answered, or the time to answer is over."),
    ),
}


def _waiting(transfer: Transfer) -> dict[ClientCase.State, tuple[str, Words]]:
    return _WAITING_FOR_CONSENT if transfer.basis in BY_CONSENT else _WAITING


@register_facts(4)
def notice_facts(transfer: Transfer) -> Iterator[Fact]:
    """Nobody waits for notice, for the end of a window or for a decision."""
    counts = funnel(transfer)
    total = sum(counts.values())
    yield Fact(
        "cases_assessed",
        ok=total > 0,
        count=total,
        link=page(transfer, "cases/"),
        text=_("Every client has a verdict."),
    )
    for state, (code, text) in _waiting(transfer).items():
        yield Fact(
            code,
            ok=total > 0 and counts[state] == 0,
            count=counts[state],
            link=page(transfer, f"cases/?state={state.value}"),
            text=text,
        )
