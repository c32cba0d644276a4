"""Pages of transfers, agreement, gates, notices and cases."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
