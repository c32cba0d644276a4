"""Pages of imports, rejects, health and policies."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
