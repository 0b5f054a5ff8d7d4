"""Effect sizes of two groups in which events are counted: RR, OR, RD, arcsine difference, Peto's odds ratio.

Sources: Fleiss & Berlin in The Handbook of Research Synthesis and Meta-Analysis, 2009; Yusuf et al., Prog Cardiovasc Dis
1985;27:335-371 (Peto); Ruecker et al., Stat Med 2009;28:721-738 (arcsine); Sweeting et al., Stat Med 2004;23:1351-1375
(correction by the size of the other group).

What is done about a zero cell is a choice, and it is named:

=============== =====================================================================================================
``only``        1/2 is added to the four cells of each study that has a zero cell (the default for RR, OR, AS)
``all``         1/2 is added to the four cells of every study if any study has a zero cell
``always``      1/2 is added to the four cells of every study
``opposite``    studies with a zero cell: group 1 gets n_1 / (n_1 + n_2), group 2 the rest, to events and to non-events
``variance``    only for RD (its default): the difference stays as it is; where the variance would be 0, 1/2 is added for it
``none``        nothing is added; a study whose effect is then not defined is an error
=============== =====================================================================================================
"""

from __future__ import annotations

import numpy as np

from opentrd.evidence.effect_checks import Columns, Floats
from opentrd.evidence.errors import EvidenceError

POLICIES = ("only", "all", "always", "opposite", "variance", "none")
COLUMNS = ("events_1", "n_1", "events_2", "n_2")

Cells = tuple[Floats, Floats, Floats, Floats]


def cells(columns: Columns) -> Cells:
    """Events and non-events of group 1, events and non-events of group 2, checked."""
    columns.counts("events_1", "n_1")
    columns.counts("events_2", "n_2")
    a, c = columns["events_1"], columns["events_2"]
    return a, columns["n_1"] - a, c, columns["n_2"] - c


def corrected(four: Cells, policy: str) -> Cells:
    """The four cells after the zero-cell policy; see the head of this file."""
    if policy not in POLICIES:
        raise EvidenceError(
            "this zero-cell policy is not known", field="zero_cells", value=policy,
            expected="one of " + ", ".join(POLICIES),
        )  # fmt: skip
    a, b, c, d = four
    zero = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    if policy in ("none", "variance") or (policy == "all" and not zero.any()):
        return four
    if policy == "opposite":
        share = (a + b) / (a + b + c + d)
        one, two = np.where(zero, share, 0.0), np.where(zero, 1 - share, 0.0)
        return a + one, b + one, c + two, d + two
    add = np.where(zero, 0.5, 0.0) if policy == "only" else np.full(len(a), 0.5)
    return a + add, b + add, c + add, d + add


def _defined(columns: Columns, yi: Floats, vi: Floats) -> tuple[Floats, Floats]:
    columns.require(
        np.isfinite(yi) & np.isfinite(vi) & (vi > 0), "events_1",
        "with a zero cell the effect or its variance is not defined", "events and non-events in both groups",
        'choose a zero-cell policy, such as zero_cells="only", or a measure that needs none (Peto, Mantel-Haenszel)',
    )  # fmt: skip
    return yi, vi


def risk_ratio(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Log risk ratio, group 1 to group 2."""
    a, b, c, d = corrected(cells(columns), policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a / (a + b)) - np.log(c / (c + d))
        vi = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    return _defined(columns, yi, vi)


def odds_ratio(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Log odds ratio, group 1 to group 2."""
    a, b, c, d = corrected(cells(columns), policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a) - np.log(b) - np.log(c) + np.log(d)
        vi = 1 / a + 1 / b + 1 / c + 1 / d
    return _defined(columns, yi, vi)


def risk_difference(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Risk difference, group 1 minus group 2."""
    four = cells(columns)
    a, b, c, d = corrected(four, policy)
    vi = a * b / (a + b) ** 3 + c * d / (c + d) ** 3
    if policy == "variance":
        e, f, g, h = (cell + 0.5 for cell in four)
        vi = np.where(vi > 0, vi, e * f / (e + f) ** 3 + g * h / (g + h) ** 3)
    return _defined(columns, a / (a + b) - c / (c + d), vi)


def arcsine_difference(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Difference of the arcsine-transformed risks; defined with zero cells, so nothing needs to be added."""
    a, b, c, d = corrected(cells(columns), policy)
    yi = np.arcsin(np.sqrt(a / (a + b))) - np.arcsin(np.sqrt(c / (c + d)))
    return yi, 1 / (4 * (a + b)) + 1 / (4 * (c + d))


def peto(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Peto's log odds ratio: (O - E) / V and 1 / V. A study without events, or with events only, has no information."""
    a, b, c, d = corrected(cells(columns), policy)
    n1, n2, m1, m2 = a + b, c + d, a + c, b + d
    n = n1 + n2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n1 * n2 * m1 * m2 / (n**2 * (n - 1))
        yi, vi = (a - n1 * m1 / n) / variance, 1 / variance
    columns.require(
        variance > 0, "events_1", "no events, or only events, in both groups: the study holds no information",
        "events and non-events", 'leave the study out and say so, or choose zero_cells="only"',
    )  # fmt: skip
    return yi, vi
