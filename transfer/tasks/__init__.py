"""Tasks of the transfer room, one module per noun; importing them here lets Celery find them."""

from transfer.tasks import imports

__all__ = ["imports"]
