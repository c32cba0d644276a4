"""The API of this room: the same acts as the pages, one module per noun."""

from transfer.api.addresses import urlpatterns

__all__ = ["urlpatterns"]
