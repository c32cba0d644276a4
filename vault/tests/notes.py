"""A sealed model of the tests' own, and helpers. It lives in a registry apart, so no migration sees it."""

import msgspec
from django.apps.registry import Apps
from django.db import models

from vault.ids import new_id
from vault.rows import Reading, SealedModel

TABLE = """
CREATE TABLE vault_test_note (
    id uuid PRIMARY KEY, revision integer NOT NULL, sealed bytea NOT NULL, client uuid NOT NULL
);
CREATE TRIGGER sealed_row_guard BEFORE UPDATE OF id, revision, sealed ON "vault_test_note"
    FOR EACH ROW EXECUTE FUNCTION vault_guard_sealed_row();
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_test_note TO handover_app;
"""


class NoteText(msgspec.Struct, array_like=True):
    name: str
    phone: str = ""


class Note(SealedModel):
    sealed_label = "vault.note"
    sealed_type = NoteText
    client = models.UUIDField()

    class Meta:
        app_label = "vault"
        apps = Apps()
        db_table = "vault_test_note"

    @property
    def key_subject(self):
        return self.client


def reading_of(organisation, *subjects, wraps="custody"):
    return Reading(None, organisation, "test", frozenset(subjects), new_id(), wraps)
