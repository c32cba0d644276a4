"""Addresses of the whole product. Each room brings its own; here they are only put together."""

from django.urls import include, path

from handover import views
from handover.api.router import schema
from handover.api.router import urlpatterns as api_addresses

urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("api/v1/", include(api_addresses)),
    path("api/v1/schema/", schema, name="api-schema"),
    path("", include("access.urls")),
    path("", include("transfer.urls")),
]

handler400 = "handover.views.bad_request"
handler403 = "handover.views.forbidden"
handler404 = "handover.views.not_found"
handler500 = "handover.views.server_error"
