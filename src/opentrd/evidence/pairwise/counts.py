"""Pooling of counts without estimates for single studies: Mantel-Haenszel and Peto.

Sources: Mantel & Haenszel, J Natl Cancer Inst 1959;22:719-748; Robins, Breslow & Greenland, Biometrics 1986;42:311-323
(variance of the odds ratio); Greenland & Robins, Biometrics 1985;41:55-68 (risk ratio); Sato, Greenland & Robins,
Biometrics 1989;45:1323-1324 (risk difference); Yusuf et al., Prog Cardiovasc Dis 1985;27:335-371 (Peto).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2, norm

from opentrd.evidence.arguments import check_level
from opentrd.evidence.effect import effect_sizes
from opentrd.evidence.effect_binary import COLUMNS, cells
from opentrd.evidence.effect_checks import Columns, Floats, Truths
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.result import plain
from opentrd.evidence.table import Source, read_table


@dataclass(frozen=True)
class CountResult:
    """A common effect pooled from counts. ``method``: ``mantel-haenszel`` or ``peto``; ratios as logarithms; ``q``:
    heterogeneity of the single studies around it; ``notes``: which studies held no information."""

    method: str
    measure: str
    estimate: float
    se: float
    level: float
    q: float
    q_df: int
    k: int
    notes: tuple[str, ...] = ()

    def table(self) -> dict[str, Any]:
        """The result under the names of the effects contract, as far as a common effect has them."""
        half = float(norm.ppf((1 + self.level) / 2)) * self.se
        excess = self.q - self.q_df
        return {
            "estimate": self.estimate, "se": self.se, "ci_low": self.estimate - half, "ci_high": self.estimate + half,
            "p_value": 2 * float(norm.sf(abs(self.estimate / self.se))),
            "q": self.q, "q_df": self.q_df, "q_p": plain(chi2.sf(self.q, self.q_df)) if self.q_df else None,
            "i2": 100 * max(0.0, excess / self.q) if self.q > 0 else 0.0,
            "h2": plain(self.q / self.q_df) if self.q_df else None,
            "k": self.k, "model": self.method, "measure": self.measure, "level": self.level,
            "notes": list(self.notes),
        }  # fmt: skip


def mantel_haenszel(source: Source, measure: str = "OR", *, level: float = 0.95) -> CountResult:
    """Pool a common odds ratio, risk ratio or risk difference of group 1 to group 2.

    ``source``: a table with study, events_1, n_1, events_2, n_2. Nothing is added to zero cells: the sums need no
    correction; only Q, which needs an estimate for each study, adds 1/2 in studies with a zero cell and leaves out
    studies without events (or with events only). Raises EvidenceError when no study holds information.
    """
    check_level(level)
    if measure not in ("OR", "RR", "RD"):
        raise EvidenceError(
            "Mantel-Haenszel does not pool this measure",
            field="measure",
            value=measure,
            expected="OR, RR, RD",
        )
    columns, study = _columns(source)
    a, b, c, d = cells(columns)
    n1, n2 = a + b, c + d
    n = n1 + n2
    silent = (a + c == 0) | ((b + d == 0) & (measure == "OR"))
    if measure == "OR":
        up, down = a * d / n, b * c / n
        _some(float(up.sum()), float(down.sum()), columns)
        p, q = (a + d) / n, (b + c) / n
        r, s = up.sum(), down.sum()
        variance = (p * up).sum() / (2 * r**2) + (p * down + q * up).sum() / (2 * r * s)
        variance += (q * down).sum() / (2 * s**2)
        estimate = np.log(r / s)
    elif measure == "RR":
        r, s = (a * n2 / n).sum(), (c * n1 / n).sum()
        _some(float(r), float(s), columns)
        estimate = np.log(r / s)
        variance = ((n1 * n2 * (a + c) - a * c * n) / n**2).sum() / (r * s)
    else:
        silent = np.zeros(len(n), dtype=bool)
        weight = n1 * n2 / n
        estimate = (weight * (a / n1 - c / n2)).sum() / weight.sum()
        first = (c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + (n1 / n) * (n2 / n) * (n2 - n1) / 2).sum()
        second = ((a * (n2 - c) + c * (n1 - a)) / (2 * n)).sum()
        variance = (estimate * first + second) / weight.sum() ** 2
        _some(float(variance), 1.0, columns)
    used = ~silent
    kept = Columns({name: columns[name][used] for name in COLUMNS}, columns.file)
    yi, vi = effect_sizes(measure, kept, zero_cells="only")
    return _result("mantel-haenszel", measure, float(estimate), float(variance), level, yi, vi, study, silent)


def peto(source: Source, *, level: float = 0.95) -> CountResult:
    """Pool a common odds ratio by Peto's method, (O - E) over V; best for rare events and groups of equal size.

    Studies without events, or with events only, hold no information: a note names them.
    """
    check_level(level)
    columns, study = _columns(source)
    a, b, c, d = cells(columns)
    silent = (a + c == 0) | (b + d == 0)
    _some(float((~silent).sum()), 1.0, columns)
    kept = Columns({name: columns[name][~silent] for name in COLUMNS}, columns.file)
    yi, vi = effect_sizes("PETO", kept)
    weight = 1 / vi
    estimate = float((weight * yi).sum() / weight.sum())
    return _result("peto", "PETO", estimate, float(1 / weight.sum()), level, yi, vi, study, silent)


def _columns(source: Source) -> tuple[Columns, tuple[str, ...]]:
    raw = read_table(source)
    study = raw.text("study")
    return Columns({name: raw.numbers(name) for name in COLUMNS}, raw.file, raw.rows), study


def _some(up: float, down: float, columns: Columns) -> None:
    if not (up > 0 and down > 0):
        raise EvidenceError(
            "the studies hold no information on this measure: no events in one of the groups", file=columns.file,
            advice="choose the risk difference, or report the counts",
        )  # fmt: skip


def _result(
    method: str, measure: str, estimate: float, variance: float, level: float, yi: Floats, vi: Floats,
    study: tuple[str, ...], silent: Truths,
) -> CountResult:  # fmt: skip
    q = float(((yi - estimate) ** 2 / vi).sum())
    names = [name for name, none in zip(study, silent, strict=True) if none]
    notes = (f"no information on this measure: {', '.join(names)}",) if names else ()
    return CountResult(
        method, measure, estimate, float(np.sqrt(variance)), level, q, len(yi) - 1, len(study), notes
    )
