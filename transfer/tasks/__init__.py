"""Tasks of the transfer room, one module per noun; importing them here lets Celery find them."""

from transfer.tasks import cutover, imports, runs

__all__ = ["cutover", "imports", "runs"]
