"""The room's part of the API: the log, impact assessments, disposal plans."""

from rest_framework.routers import BaseRouter

from governance.api.assessments import AssessmentViewSet
from governance.api.disposal import DisposalPlanViewSet
from governance.api.log import LogViewSet


def register(router: BaseRouter) -> None:
    """The room's part of the API."""
    router.register("log", LogViewSet, basename="log")
    router.register("assessments", AssessmentViewSet, basename="assessment")
    router.register("disposal-plans", DisposalPlanViewSet, basename="disposal-plan")
