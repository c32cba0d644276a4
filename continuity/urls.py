"""Addresses of this room."""

from django.urls import path

from continuity import views

urlpatterns = [
    path("backups/", views.home, name="continuity-home"),
    path("backups/start/", views.start_backup, name="continuity-start"),
    path("backups/<uuid:pk>/", views.backup, name="continuity-backup"),
    path("backups/<uuid:pk>/progress/", views.backup_progress, name="continuity-backup-progress"),
    path("backups/<uuid:pk>/drill/", views.start_drill, name="continuity-drill-start"),
    path("backups/drills/<uuid:pk>/", views.drill, name="continuity-drill"),
    path("backups/drills/<uuid:pk>/progress/", views.drill_progress, name="continuity-drill-progress"),
]
