"""What the installation as a whole does by the clock."""

from celery import shared_task
from django.db import transaction

from audit.services import record
from handover.events import Event
from vault.ids import INSTALLATION
from vault.sweeping import destroy_expired_files, remove_leftovers


@shared_task(acks_late=True, ignore_result=True)
def sweep_files() -> None:
    """Uploads that no act claimed and files past their expiry are destroyed, and leftovers of killed work removed.

    Repeating it, or two at once, destroys nothing else. The log holds how many went.
    """
    with transaction.atomic():
        destroyed = destroy_expired_files()
        if destroyed:
            record(Event.FILES_SWEPT, actor=None, subject=("vault.files", INSTALLATION), destroyed=destroyed)
    remove_leftovers()
