"""Assessments of impact, disposal plans, and verifications of the log."""

from governance.models.assessment import ImpactAssessment
from governance.models.disposal import DisposalPlan
from governance.models.log_check import LogCheck

__all__ = ["DisposalPlan", "ImpactAssessment", "LogCheck"]
