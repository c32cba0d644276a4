"""What the edge writes into the log: refusals, after the act was rolled back."""

from enum import StrEnum

from audit.registry import register_events


@register_events
class Event(StrEnum):
    """Facts are the code or permission, the method and the route; never parameters, which may name people."""

    ACT_REFUSED = "handover.act_refused"
    ACCESS_REFUSED = "handover.access_refused"
    VAULT_FAILED = "handover.vault_failed"
