"""Effect sizes: from the numbers of a study to an estimate and its sampling variance.

Ratios are on the log scale. Group 1 is compared with group 2 (1 minus 2, 1 to 2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opentrd.evidence import effect_binary, effect_continuous, effect_single
from opentrd.evidence.arguments import check_words
from opentrd.evidence.effect_checks import Columns, Floats
from opentrd.evidence.errors import EvidenceError


@dataclass(frozen=True)
class Measure:
    """One effect measure.

    ``name``: as in ``--measure``; ``label``: in words; ``columns``: the raw columns it needs; ``scale``: ``log`` (back by
    exp), ``logit``, ``z`` (back by tanh), ``identity`` or ``own``; ``zero_cells``: its policy unless another is chosen,
    or None where zero cells need no policy.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    scale: str
    compute: Callable[[Columns, str], tuple[Floats, Floats]]
    zero_cells: str | None = None

    def back(self, value: ArrayLike) -> Floats:
        """A pooled value on the scale that people read: ratios, proportions, correlations, alpha."""
        y = np.asarray(value, dtype=float)
        ways: dict[str, Callable[[Floats], Floats]] = {
            "log": lambda x: np.asarray(np.exp(x)),
            "logit": lambda x: 1 / (1 + np.exp(-x)),
            "z": lambda x: np.asarray(np.tanh(x)),
            "arcsine": lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2,
            "alpha log": lambda x: 1 - np.exp(-x),
            "alpha cube": lambda x: 1 - (1 - x) ** 3,
        }
        way = ways.get(self.scale)
        return y if way is None else np.asarray(way(y))


_TWO = effect_binary.COLUMNS
_MEANS = effect_continuous.COLUMNS
_ONE = ("events", "n")
_RATES = ("events_1", "time_1", "events_2", "time_2")
_ALPHA = ("alpha", "items", "n")
_CHANGE = ("mean_before", "mean_after", "sd_before", "r", "n")
_CHANGES = ("mean_before", "sd_before", "mean_after", "sd_after", "r", "n")

MEASURES = {
    measure.name: measure
    for measure in (
        Measure("OR", "odds ratio", _TWO, "log", effect_binary.odds_ratio, "only"),
        Measure("RR", "risk ratio", _TWO, "log", effect_binary.risk_ratio, "only"),
        Measure("RD", "risk difference", _TWO, "identity", effect_binary.risk_difference, "variance"),
        Measure("AS", "arcsine risk difference", _TWO, "identity", effect_binary.arcsine_difference, "none"),
        Measure("PETO", "odds ratio by Peto's method", _TWO, "log", effect_binary.peto, "none"),
        Measure("MD", "mean difference", _MEANS, "identity", effect_continuous.mean_difference),
        Measure(
            "SMD", "standardised mean difference (Hedges' g)", _MEANS, "identity",
            effect_continuous.standardised_mean_difference,
        ),
        Measure("ROM", "ratio of means", _MEANS, "log", effect_continuous.ratio_of_means),
        Measure(
            "SMCR", "standardised mean change (raw scores)", _CHANGE, "identity",
            effect_continuous.mean_change_raw,
        ),
        Measure(
            "SMCC", "standardised mean change (change scores)", _CHANGES, "identity",
            effect_continuous.mean_change_standardised,
        ),
        Measure("COR", "correlation", ("r", "n"), "identity", effect_single.correlation),
        Measure("ZCOR", "correlation by Fisher's z", ("r", "n"), "z", effect_single.fisher_z),
        Measure("PR", "proportion", _ONE, "identity", effect_single.proportion, "only"),
        Measure("PLO", "proportion by its log odds", _ONE, "logit", effect_single.logit_proportion, "only"),
        Measure("PAS", "proportion by arcsine", _ONE, "arcsine", effect_single.arcsine_proportion),
        Measure("PFT", "proportion by double arcsine", _ONE, "own", effect_single.double_arcsine),
        Measure("IRR", "incidence rate ratio", _RATES, "log", effect_single.rate_ratio, "only"),
        Measure("IRD", "incidence rate difference", _RATES, "identity", effect_single.rate_difference, "none"),
        Measure("HR", "hazard ratio from O - E", ("o_minus_e", "v"), "log", effect_single.log_hazard_ratio),
        Measure("ARAW", "Cronbach's alpha", _ALPHA, "identity", effect_single.alpha_raw),
        Measure("AHW", "Cronbach's alpha by cube root", _ALPHA, "alpha cube", effect_single.alpha_cube_root),
        Measure("ABT", "Cronbach's alpha by log", _ALPHA, "alpha log", effect_single.alpha_log),
    )
}  # fmt: skip


def measure_named(name: str) -> Measure:
    """The measure of that name, in any case of letters. Raises EvidenceError with the list of all."""
    check_words(measure=name)
    found = MEASURES.get(str(name).upper())
    if found is None:
        raise EvidenceError(
            "this measure is not known", field="measure", value=name, expected="one of " + ", ".join(MEASURES)
        )
    return found


def effect_sizes(
    measure: str, columns: Columns | None = None, *, zero_cells: str | None = None, **numbers: ArrayLike
) -> tuple[Floats, Floats]:
    """Estimates and sampling variances, each of shape (k,).

    ``measure``: a name of :data:`MEASURES`. The numbers are given by name (``events_1=..., n_1=...``) or as ``columns``.
    ``zero_cells``: what is done about a zero cell (:mod:`opentrd.evidence.effect_binary`); by default what the measure
    says. Raises EvidenceError with row, field, value and what to do.
    """
    chosen = measure_named(measure)
    given = columns if columns is not None else Columns.of(numbers)
    for name in chosen.columns:
        if name not in given.values:
            raise EvidenceError(
                "the column is missing", file=given.file, field=name,
                expected=f"{chosen.name} needs {', '.join(chosen.columns)}",
                advice=f"there are: {', '.join(given.values) or 'none'}",
            )  # fmt: skip
    return chosen.compute(given, _policy(chosen, zero_cells))


def _policy(measure: Measure, zero_cells: str | None) -> str:
    if zero_cells is None:
        return measure.zero_cells or "none"
    fits = {
        True: effect_binary.POLICIES if measure.name == "RD" else tuple(p for p in effect_binary.POLICIES if p != "variance"),
        False: ("only", "all", "always", "none"),
    }[measure.columns == _TWO]  # fmt: skip
    if measure.zero_cells is None or zero_cells not in fits:
        raise EvidenceError(
            f"this zero-cell policy does not fit {measure.name}", field="zero_cells", value=zero_cells,
            expected="no policy" if measure.zero_cells is None else "one of " + ", ".join(fits),
        )  # fmt: skip
    return zero_cells
