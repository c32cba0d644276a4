"""Pages of rehearsals, breaks, runbook, mandate, cutover, certificate and pack."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
