"""Addresses of the whole product. Each room brings its own; here they are only put together."""

from django.urls import include, path

from handover import views
from handover.api.router import docs, schema
from handover.api.router import urlpatterns as api_addresses
from handover.dashboard.views import home

urlpatterns = [
    path("", home, name="home"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    path("api/v1/", include(api_addresses)),
    path("api/v1/schema/", schema, name="api-schema"),
    path("api/v1/docs/", docs, name="api-docs"),
    path("", include("access.urls")),
    path("", include("continuity.urls")),
    path("", include("governance.urls")),
    path("", include("clients.urls")),
    path("", include("transfer.urls")),
]

handler400 = "handover.views.bad_request"
handler403 = "handover.views.forbidden"
handler404 = "handover.views.not_found"
handler500 = "handover.views.server_error"
