"""A decided difference that is there again, or another, is open again."""

import pytest

from transfer.models import Break
from transfer.services.breaks import explain_break
from transfer.services.reconciling import reconcile
from transfer.services.runs import make_delivery
from transfer.tests.test_certificate import cut_over, mandate, ready, send_back  # noqa: F401  fixtures


@pytest.fixture
def again(cut_over, taker_steward):  # noqa: F811
    """Reconciles the run once more, with this quantity sent back for the first holding."""
    make_delivery(run=cut_over)
    cut_over.refresh_from_db()

    def once_more(quantity: str) -> Break | None:
        def change(source, kind, text):
            return (
                text.replace(",300,", f",{quantity},", 1)
                if (source, kind) == ("transferee", "holdings")
                else text
            )

        send_back(cut_over, taker_steward, change=change)
        reconcile(run=cut_over, by=taker_steward)
        return Break.objects.filter(source="transferee").first()

    return once_more


@pytest.mark.django_db
def test_what_is_explained_stays_so_until_its_value_changes(again, taker_steward, audited):
    explain_break(break_=again("301"), words="Loader fault", by=taker_steward)
    assert again("301").state == "explained"
    changed = again("302")
    assert (changed.state, changed.explanation, changed.decided_by) == ("open", "", None)
    assert ("break.found_again", changed.pk) in audited()


@pytest.mark.django_db
def test_what_was_corrected_and_is_there_again_is_open_again(again, audited):
    again("301")
    assert again("300").state == "corrected"
    returned = again("301")
    assert returned.state == "open"
    kinds = [kind for kind, key in audited() if key == returned.pk]
    assert kinds == ["break.corrected", "break.found_again"]
