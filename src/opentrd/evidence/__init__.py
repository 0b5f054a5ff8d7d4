"""The study wing: effect sizes, pairwise and network meta-analysis. It can be used without any patient.

Public here: :func:`read_effects` (a table of studies), :func:`effect_sizes` (estimates from raw numbers), :func:`pool`
(one meta-analysis), :func:`pool_sets` (many at once), :class:`EvidenceError` (what is wrong with an input, where, and what
to do).
"""

from opentrd.evidence.effect import MEASURES, Measure, effect_sizes
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.models import PooledSets, pool_sets
from opentrd.evidence.pairwise.pool import pool
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence.table import EffectTable, read_effects

__all__ = [
    "MEASURES",
    "EffectTable",
    "EvidenceError",
    "Measure",
    "PairwiseResult",
    "PooledSets",
    "effect_sizes",
    "pool",
    "pool_sets",
    "read_effects",
]
