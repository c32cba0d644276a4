"""Addresses of the clients room. They hold ids and field names, never a value."""

from django.urls import path

from clients.views import lists, records

urlpatterns = [
    path("clients/", lists.clients, name="clients-list"),
    path("clients/search/", lists.search, name="clients-search"),
    path("clients/<uuid:pk>/", records.record, name="clients-record"),
    path(
        "clients/<uuid:pk>/fields/<slug:part>/<uuid:row>/<slug:field>/", records.reveal, name="clients-reveal"
    ),
    path("clients/<uuid:pk>/documents/<uuid:document_id>/", records.document, name="clients-document"),
]
