"""Assessments of impact, and verifications of the log."""

from governance.models.assessment import ImpactAssessment
from governance.models.log_check import LogCheck

__all__ = ["ImpactAssessment", "LogCheck"]
