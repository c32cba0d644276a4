"""A transaction that somebody holds open for long holds up nobody else's events."""

import pytest
from django.db import connections

from audit.models import Leaf, Pending
from audit.sequencer import sequence_once
from audit.tests.test_verification import act

pytestmark = pytest.mark.django_db(transaction=True)


def test_events_of_others_get_their_place_while_one_transaction_stays_open():
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            # It has written, and it looks at the log as it was: both would stall a reader by snapshots.
            cursor.execute("SELECT pg_current_xact_id(), count(*) FROM audit_event")
            act(3)
            assert sequence_once() == 3
            assert not Pending.objects.exists()
            act(2)
            assert sequence_once() == 2
    finally:
        other.rollback()
        other.close()
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == [0, 1, 2, 3, 4]
