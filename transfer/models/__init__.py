"""Facts about transfers; one module per noun."""

from transfer.models.agreement import Agreement, Approval, Clause, ClauseBreach, Signature
from transfer.models.breaks import Break, ReturnFile, Run
from transfer.models.cases import ClientCase
from transfer.models.certificate import (
    Certificate,
    CertificateDraft,
    CertificateSignature,
    CertificateTile,
    PackDocument,
)
from transfer.models.diligence import DiligenceProfile
from transfer.models.figures import CaseCount, KeptFigures
from transfer.models.gates import GateException
from transfer.models.imports import (
    ClientSum,
    Extract,
    Finding,
    ImportChunk,
    ImportKey,
    ImportRun,
    Reject,
)
from transfer.models.mandate import ExtensionSignature, Mandate, MandateExtension, MandateSignature
from transfer.models.mapping import ExtractMapping
from transfer.models.pieces import DeliveryPiece, ReturnPiece
from transfer.models.policy import FieldPolicy
from transfer.models.recalls import Recall
from transfer.models.runbook import OutsideParty, RunbookStep
from transfer.models.transfer import Transfer

__all__ = [
    "Agreement",
    "Approval",
    "Break",
    "CaseCount",
    "Certificate",
    "CertificateDraft",
    "CertificateSignature",
    "CertificateTile",
    "Clause",
    "ClauseBreach",
    "ClientCase",
    "ClientSum",
    "DeliveryPiece",
    "DiligenceProfile",
    "ExtensionSignature",
    "Extract",
    "ExtractMapping",
    "FieldPolicy",
    "Finding",
    "GateException",
    "ImportChunk",
    "ImportKey",
    "ImportRun",
    "KeptFigures",
    "Mandate",
    "MandateExtension",
    "MandateSignature",
    "OutsideParty",
    "PackDocument",
    "Recall",
    "Reject",
    "ReturnFile",
    "ReturnPiece",
    "Run",
    "RunbookStep",
    "Signature",
    "Transfer",
]
