"""Addresses of the transfer room, one module per area of pages."""

from transfer.urls import cockpit, crossing, data

urlpatterns = [*cockpit.urlpatterns, *data.urlpatterns, *crossing.urlpatterns]
