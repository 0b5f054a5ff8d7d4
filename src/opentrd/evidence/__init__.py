"""The study wing: effect sizes, pairwise and network meta-analysis. It can be used without any patient.

Public here:

- a table of studies: :func:`read_effects`; estimates from raw numbers: :func:`effect_sizes`, with the measures in
  :data:`MEASURES`; what papers print instead: the module :mod:`opentrd.evidence.convert`;
- pooling: :func:`pool` (one meta-analysis, with moderators), :func:`pool_sets` (many at once), :func:`subgroups`,
  :func:`mantel_haenszel`, :func:`peto`;
- dependent effects: :func:`cluster_robust`, :func:`pool_multilevel`, :func:`pool_bivariate`,
  :func:`variance_intervals`;
- what a result rests on: :func:`leave_one_out`, :func:`influence`, :func:`cumulative`;
- small-study effects: :func:`egger`, :func:`peters`, :func:`begg`, :func:`trim_fill`, :func:`fail_safe_n`, :func:`pet_peese`,
  :func:`selection_model`, :func:`funnel`;
- :class:`EvidenceError`: what is wrong with an input, where, and what to do.

Every result is a plain frozen object whose ``table()`` (and rows) are dictionaries that JSON can hold; pages and plots are
made elsewhere, from these. Networks are in :mod:`opentrd.evidence.network`.
"""

from opentrd.evidence.effect import MEASURES, Measure, effect_sizes
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.asymmetry import begg, egger, egger_sets, fail_safe_n, pet_peese, peters
from opentrd.evidence.pairwise.counts import CountResult, mantel_haenszel, peto
from opentrd.evidence.pairwise.funnel import funnel
from opentrd.evidence.pairwise.models import PooledSets, pool_sets
from opentrd.evidence.pairwise.multilevel import MultilevelResult, pool_bivariate, pool_multilevel
from opentrd.evidence.pairwise.pool import pool
from opentrd.evidence.pairwise.profile import variance_intervals
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence.pairwise.robust import Robust, cluster_robust
from opentrd.evidence.pairwise.selection import Selection, selection_model
from opentrd.evidence.pairwise.sensitivity import cumulative, influence, leave_one_out
from opentrd.evidence.pairwise.subgroups import Subgroups, subgroups
from opentrd.evidence.pairwise.trim_fill import TrimFill, trim_fill
from opentrd.evidence.table import EffectTable, read_effects

__all__ = [
    "MEASURES",
    "CountResult",
    "EffectTable",
    "EvidenceError",
    "Measure",
    "MultilevelResult",
    "PairwiseResult",
    "PooledSets",
    "Robust",
    "Selection",
    "Subgroups",
    "TrimFill",
    "begg",
    "cluster_robust",
    "cumulative",
    "effect_sizes",
    "egger",
    "egger_sets",
    "fail_safe_n",
    "funnel",
    "influence",
    "leave_one_out",
    "mantel_haenszel",
    "pet_peese",
    "peters",
    "peto",
    "pool",
    "pool_bivariate",
    "pool_multilevel",
    "pool_sets",
    "read_effects",
    "selection_model",
    "subgroups",
    "trim_fill",
    "variance_intervals",
]
