"""Synthesis where pooling is impossible: what the Cochrane Handbook (chapter 12) and SWiM allow, and the data of its plots.

Counting votes by statistical significance is not offered: it is what these methods replace. Public:
:func:`summarise_estimates`, :func:`combine_p_values`, :func:`sign_test`, :func:`effect_direction`, :func:`harvest`,
:func:`albatross`, :func:`albatross_contours`.
"""

from opentrd.evidence.narrative.albatross import albatross, albatross_contours
from opentrd.evidence.narrative.combine import combine_p_values, one_sided, sign_test
from opentrd.evidence.narrative.direction import effect_direction, harvest
from opentrd.evidence.narrative.summary import summarise_estimates

__all__ = [
    "albatross",
    "albatross_contours",
    "combine_p_values",
    "effect_direction",
    "harvest",
    "one_sided",
    "sign_test",
    "summarise_estimates",
]
