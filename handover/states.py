"""The words, icons and kinds of every state that a page shows as a badge.

A badge never speaks by colour alone: kind gives the colour, the icon the shape, the word the meaning.
Rooms may show a state that is not listed here by passing their own word; its kind is then neutral.
"""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: kind → icon. The five kinds are the only meanings a colour has.
KIND_ICONS: Final[dict[str, str]] = {
    "ok": "circle-check",
    "bad": "circle-x",
    "warn": "alert-triangle",
    "busy": "refresh",
    "calm": "circle",
}

#: The nine stages of a transfer in their order.
STAGES: Final[dict[str, Promise]] = {
    "draft": pgettext_lazy("stage", "draft"),
    "loading": pgettext_lazy("stage", "loading"),
    "reviewing": pgettext_lazy("stage", "reviewing"),
    "notifying": pgettext_lazy("stage", "notifying"),
    "ready": pgettext_lazy("stage", "ready"),
    "cutting_over": pgettext_lazy("stage", "cutting over"),
    "reconciling": pgettext_lazy("stage", "reconciling"),
    "settled": pgettext_lazy("stage", "settled"),
    "closed": pgettext_lazy("stage", "closed"),
}

#: state → (kind, word).
STATES: Final[dict[str, tuple[str, Promise]]] = {
    # transfers
    "draft": ("calm", STAGES["draft"]),
    "loading": ("busy", STAGES["loading"]),
    "reviewing": ("busy", STAGES["reviewing"]),
    "notifying": ("busy", STAGES["notifying"]),
    "ready": ("ok", STAGES["ready"]),
    "cutting_over": ("busy", STAGES["cutting_over"]),
    "reconciling": ("busy", STAGES["reconciling"]),
    "settled": ("ok", STAGES["settled"]),
    "closed": ("calm", STAGES["closed"]),
    "aborted": ("bad", _("aborted")),
    # gates and facts
    "gate_open": ("ok", pgettext_lazy("gate", "open")),
    "gate_closed": ("bad", pgettext_lazy("gate", "closed")),
    "gate_exception": ("warn", pgettext_lazy("gate", "open by exception")),
    "gate_not_applying": ("calm", pgettext_lazy("gate", "does not apply")),
    "gate_later": ("calm", pgettext_lazy("gate", "not yet due")),
    "met": ("ok", _("met")),
    "unmet": ("bad", _("not met")),
    # clients within a transfer
    "in_scope": ("calm", _("in scope")),
    "notified": ("busy", _("notified")),
    "cleared": ("ok", _("cleared")),
    "objected": ("warn", _("objected")),
    "parked": ("warn", _("parked")),
    "leaving": ("warn", _("leaving")),
    "left": ("calm", pgettext_lazy("client", "left")),
    "undeliverable": ("bad", _("undeliverable")),
    "released": ("busy", _("released")),
    "accepted": ("ok", _("accepted")),
    "excluded": ("calm", _("excluded")),
    "moving": ("busy", _("moving")),
    "moved": ("ok", _("moved")),
    "recalled": ("warn", _("recalled")),
    # works, imports, runs
    "waiting": ("calm", _("waiting")),
    "queued": ("calm", _("queued")),
    "preparing": ("busy", _("preparing")),
    "planning": ("busy", _("planning")),
    "claimed": ("busy", _("claimed")),
    "running": ("busy", _("running")),
    "finishing": ("busy", _("finishing")),
    "paused": ("warn", _("paused")),
    "stopped": ("warn", _("stopped")),
    "done": ("ok", _("done")),
    "failed": ("bad", _("failed")),
    "loaded": ("ok", _("loaded")),
    "rejected": ("bad", _("rejected")),
    "refused": ("bad", _("refused")),
    "delivered": ("ok", _("delivered")),
    "returned": ("bad", pgettext_lazy("post", "returned")),
    "mended": ("ok", _("mended and loaded")),
    "left_out": ("calm", _("left out")),
    # decisions
    "proposed": ("warn", _("proposed")),
    "approved": ("ok", _("approved")),
    "signed": ("ok", _("signed")),
    "unsigned": ("warn", _("signature missing")),
    "expired": ("bad", _("expired")),
    "withdrawn": ("calm", _("withdrawn")),
    "destroyed": ("calm", _("destroyed")),
    # findings and breaks
    "open": ("bad", pgettext_lazy("finding", "open")),
    "explained": ("ok", _("explained")),
    "corrected": ("ok", _("corrected")),
    "asked": ("warn", _("write-off asked for")),
    "written_off": ("calm", _("written off")),
    "blocking": ("bad", _("blocking")),
    "warning": ("warn", _("warning")),
    "notice": ("calm", pgettext_lazy("severity", "for information")),
    "verified": ("ok", _("verified")),
    "overdue": ("bad", _("overdue")),
    # people and things in use
    "active": ("ok", _("active")),
    "inactive": ("calm", _("inactive")),
    "locked": ("bad", _("locked")),
}

#: The states of a work in which its page keeps asking how far it is.
UNDER_WAY: Final = frozenset({"queued", "planning", "running", "finishing"})
