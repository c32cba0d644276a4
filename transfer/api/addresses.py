"""Where everything of a transfer stands in the API."""

from typing import Final

from rest_framework.routers import SimpleRouter

from transfer.api.agreements import AgreementViewSet, BreachViewSet
from transfer.api.breaks import BreakViewSet
from transfer.api.cases import CaseViewSet
from transfer.api.certificates import CertificateDraftViewSet, CertificateViewSet
from transfer.api.consents import ArchiveViewSet, ConsentViewSet, ProfileViewSet, RecallViewSet
from transfer.api.crossing import (
    CutoverViewSet,
    MandateExtensionViewSet,
    MandateViewSet,
    PartyViewSet,
    RunbookViewSet,
)
from transfer.api.custody import CustodyMoveViewSet
from transfer.api.health import HealthViewSet, PolicyViewSet
from transfer.api.imports import ExtractViewSet, ImportRunViewSet
from transfer.api.mappings import MappingViewSet
from transfer.api.notices import NoticeViewSet
from transfer.api.runs import RunViewSet
from transfer.api.statements import StatementViewSet
from transfer.api.transfers import ExceptionViewSet, TransferViewSet

PARTS: Final = {
    "exceptions": ExceptionViewSet,
    "agreements": AgreementViewSet,
    "breaches": BreachViewSet,
    "extracts": ExtractViewSet,
    "mappings": MappingViewSet,
    "imports": ImportRunViewSet,
    "health": HealthViewSet,
    "policies": PolicyViewSet,
    "notices": NoticeViewSet,
    "cases": CaseViewSet,
    "runs": RunViewSet,
    "breaks": BreakViewSet,
    "runbook": RunbookViewSet,
    "parties": PartyViewSet,
    "mandates": MandateViewSet,
    "mandate-extensions": MandateExtensionViewSet,
    "cutover": CutoverViewSet,
    "custody-moves": CustodyMoveViewSet,
    "certificate-drafts": CertificateDraftViewSet,
    "certificates": CertificateViewSet,
    "consents": ConsentViewSet,
    "recalls": RecallViewSet,
    "archives": ArchiveViewSet,
    "profile": ProfileViewSet,
    "statements": StatementViewSet,
}

router = SimpleRouter(use_regex_path=False)
router.register("transfers", TransferViewSet, basename="api-transfer")
for name, viewset in PARTS.items():
    router.register(f"transfers/<uuid:transfer>/{name}", viewset, basename=f"api-transfer-{name}")

urlpatterns = router.urls
