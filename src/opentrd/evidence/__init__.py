"""The study wing: effect sizes, pairwise and network meta-analysis. It can be used without any patient."""

from opentrd.evidence.errors import EvidenceError

__all__ = ["EvidenceError"]
