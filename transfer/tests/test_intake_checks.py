"""What confines the readers of foreign files is said, and what is missing is named."""

import logging

from intake.confine import EVERY_MEANS
from intake.reading import means
from transfer import checks


def test_a_means_that_is_missing_is_named(monkeypatch, caplog):
    monkeypatch.setattr(checks, "means", lambda: [name for name in EVERY_MEANS if name != "seccomp"])
    [message] = checks.readers_are_confined()
    assert message.id == "transfer.W001" and "seccomp" in message.msg
    with caplog.at_level(logging.INFO):
        checks.announce()
    assert "landlock" in caplog.messages[0] and "seccomp" in caplog.messages[1]


def test_nothing_is_said_to_be_missing_where_all_hold():
    expected = [] if set(means()) == set(EVERY_MEANS) else ["transfer.W001"]
    assert [message.id for message in checks.readers_are_confined()] == expected
