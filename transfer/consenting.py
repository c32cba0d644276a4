"""Whether the clients who moved had consented at that moment, and who stays because they did not."""

from typing import Final

from django.db import connection

from transfer.bases import BY_CONSENT
from transfer.models import ClientCase, Transfer

STAYED: Final = (ClientCase.State.EXCLUDED, ClientCase.State.UNDELIVERABLE)
"""The states of whoever stays with the transferor where consent carries the move."""

_WITHOUT = """
SELECT count(*)
  FROM clients_custodymember member
  JOIN clients_custodymove move ON move.id = member.move_id
 WHERE move.occasion = %(transfer)s AND move.state <> 'recalled'
   AND (SELECT answer FROM clients_consentrecord
         WHERE occasion = %(transfer)s AND client_id = member.client_id AND answered_at <= move.released_at
         ORDER BY answered_at DESC, answer = 'given', entered_at DESC LIMIT 1) IS DISTINCT FROM 'given'
"""


def moved_without_consent(transfer: Transfer) -> int:
    """How many clients were released although their last answer until then was no consent; zero in a merger."""
    if transfer.basis not in BY_CONSENT:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT, {"transfer": transfer.pk})
        return int(cursor.fetchone()[0])
