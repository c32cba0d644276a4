"""The papers of the regulator's pack: each module registers its own when it is imported."""

from transfer.certificate.papers import breaks, decisions, handover, notices

__all__ = ["breaks", "decisions", "handover", "notices"]
