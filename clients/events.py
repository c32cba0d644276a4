"""What the clients room writes into the log."""

from enum import StrEnum

from audit.registry import register_events


@register_events
class ClientEvent(StrEnum):
    """Client rows, loaded in bulk or changed one by one."""

    LOADED = "clients.loaded"
    CHANGED = "clients.changed"
    SEARCHED = "clients.searched"
    FIELD_REVEALED = "clients.field_revealed"
    DOCUMENT_OPENED = "clients.document_opened"


@register_events
class CustodyEvent(StrEnum):
    """Who is responsible for which data."""

    RELEASED = "custody.released"
    ACCEPTED = "custody.accepted"
    RECALLED = "custody.recalled"


@register_events
class NoticeEvent(StrEnum):
    """Notices, their evidence and the answers."""

    DRAFTED = "notice.drafted"
    APPROVED = "notice.approved"
    EVIDENCE_LOADED = "notice.evidence_loaded"
    ANNOUNCED = "notice.announced"
    ANNOUNCEMENT_SIGNED_OFF = "notice.announcement_signed_off"
    OBJECTIONS_LOADED = "notice.objections_loaded"
    OBJECTION_ENTERED = "notice.objection_entered"
    OBJECTION_DECIDED = "notice.objection_decided"


@register_events
class ConsentEvent(StrEnum):
    """What clients answered when they were asked for separate consent."""

    LOADED = "consent.loaded"
    GIVEN = "consent.given"
    REFUSED = "consent.refused"
    WITHDRAWN = "consent.withdrawn"


@register_events
class ArchiveEvent(StrEnum):
    """What a surviving transferor keeps because the law makes it."""

    SEALED = "archive.sealed"
    DROPPED = "archive.dropped"
    OPENED = "archive.opened"
