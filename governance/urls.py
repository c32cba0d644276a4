"""Addresses of this room."""

from django.urls import path

from governance.views import assessments, disposal, log

urlpatterns = [
    path("audit/", log.explorer, name="governance-log"),
    path("audit/verify/", log.start_check, name="governance-check-start"),
    path("audit/checks/<uuid:pk>/progress/", log.check_progress, name="governance-check-progress"),
    path("audit/checkpoint/", log.checkpoint, name="governance-checkpoint"),
    path("audit/leaves/", log.leaves, name="governance-leaves"),
    path("audit/<uuid:pk>/", log.event, name="governance-event"),
    path("audit/<uuid:pk>/proof/", log.proof, name="governance-proof"),
    path("assessments/<uuid:pk>/", assessments.assessments, name="governance-assessments"),
    path("assessments/<uuid:pk>/new/", assessments.draft, name="governance-assessment-new"),
    path(
        "assessments/versions/<uuid:pk>/approve/", assessments.approve, name="governance-assessment-approve"
    ),
    path("disposal/<uuid:pk>/", disposal.plans, name="governance-disposal"),
    path("disposal/<uuid:pk>/new/", disposal.draft, name="governance-disposal-new"),
    path("disposal/versions/<uuid:pk>/approve/", disposal.approve, name="governance-disposal-approve"),
    path("disposal/versions/<uuid:pk>/report/", disposal.report, name="governance-disposal-report"),
    path("disposal/versions/<uuid:pk>/paper/", disposal.paper, name="governance-disposal-paper"),
]
