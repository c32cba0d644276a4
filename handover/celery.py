"""The Celery application with the only beat table. Messages carry ids; the rows are the queue."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handover.settings")

app = Celery("handover")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "reap-imports": {"task": "transfer.tasks.imports.reap_imports", "schedule": settings.IMPORT_REAP_SECONDS},
    "reap-log-checks": {"task": "governance.tasks.reap_log_checks", "schedule": 20.0},
    "reap-continuity": {"task": "continuity.tasks.reap_continuity", "schedule": 20.0},
    "reap-runs": {"task": "transfer.tasks.runs.reap_runs", "schedule": 10.0},
    "sweep-files": {"task": "handover.tasks.sweep_files", "schedule": 900.0},
}
