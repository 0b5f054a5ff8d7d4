"""Network meta-analysis: every treatment against every other, through direct and indirect evidence.

``pool_network`` takes an effects table and gives a ``NetworkResult``; its ``table()``, ``league()`` and ``p_scores()`` are plain
rows. Effects are on the analysis scale (log for ratios) and always treatment_1 minus treatment_2. With a result in hand:
``side`` and ``node_splits`` (direct against indirect evidence), ``interaction``, ``random_inconsistency`` and ``net_heat`` (do
the designs agree), ``contribution`` (which comparison and study an estimate rests on), ``regress_network`` (a characteristic
of the studies).
``nodes``, ``edges`` and ``adjusted_funnel`` give what a plot needs. ``pool_components`` pools combinations as sums of their parts.
"""

from opentrd.evidence.network.build import build_network
from opentrd.evidence.network.components import ComponentResult, pool_components
from opentrd.evidence.network.consistency import interaction, net_heat, random_inconsistency
from opentrd.evidence.network.contribution import contribution
from opentrd.evidence.network.figures import adjusted_funnel, edges, nodes
from opentrd.evidence.network.pool import pool_network
from opentrd.evidence.network.regression import RegressionResult, regress_network
from opentrd.evidence.network.result import NetworkResult
from opentrd.evidence.network.splitting import node_splits, side
from opentrd.evidence.network.structure import Network, Study

__all__ = [
    "ComponentResult",
    "Network",
    "NetworkResult",
    "RegressionResult",
    "Study",
    "adjusted_funnel",
    "build_network",
    "contribution",
    "edges",
    "interaction",
    "net_heat",
    "node_splits",
    "nodes",
    "pool_components",
    "pool_network",
    "random_inconsistency",
    "regress_network",
    "side",
]
