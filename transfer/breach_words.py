"""What a breached clause's fact says to people. The fact itself is a code, so that it may stand in the log."""

import re
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: Final[tuple[tuple[str, Promise], ...]] = (
    (r"extract:late:due-(?P<day>.+)", _("The last extract came after the agreed day, %(day)s.")),
    (r"extract:none", _("No extract had come by the agreed day.")),
    (r"field:(?P<field>.+)", _("The field %(field)s moves without standing in the agreed scope.")),
    (r"notice:(?P<count>\d+):short", _("Clients with fewer than thirty days' notice: %(count)s.")),
    (r"backup:unproved", _("No backup had been restored and compared by the agreed day.")),
    (r"rehearsal:0", _("No rehearsal had been held by the agreed day.")),
    (r"rehearsal:(?P<number>\d+)", _("Rehearsal %(number)s left breaks that nobody has explained.")),
    (r"people:untrained", _("People lacked their duties or exams on the agreed day.")),
    (r"batch:(?P<number>\d+):early", _("Batch %(number)s was released before the planned cutover.")),
    (r"consent:(?P<count>\d+):without", _("Clients who moved without a valid consent: %(count)s.")),
    (
        r"archive:(?P<count>\d+):missing",
        _("Clients who moved and do not lie in the sealed archive: %(count)s."),
    ),
    (r"excluded:(?P<count>\d+):moved", _("Clients who had not consented and left custody: %(count)s.")),
    (r"approval:none", _("The regulator's approval was not on record by the agreed day.")),
    (r"wraps:(?P<count>\d+):held", _("Keys of clients that the buyer holds: %(count)s.")),
)


def breach_words(fact: str) -> str:
    """The fact in a sentence; a fact that nobody has worded stays as its code."""
    for pattern, words in _WORDS:
        found = re.fullmatch(pattern, fact)
        if found is not None:
            return str(words) % found.groupdict() if found.groupdict() else str(words)
    return fact
