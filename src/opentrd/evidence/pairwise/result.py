"""What one pairwise meta-analysis gives, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from opentrd.evidence.effect_checks import Floats
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.models import PooledSets, pool_sets
from opentrd.evidence.table import EffectTable


@dataclass(frozen=True)
class PairwiseResult:
    """One model fitted to one table of studies.

    ``data``: the studies; ``x``: intercept and moderators (k, p); ``terms``: their names; ``fitted``: the numbers, as one
    set; ``notes``: what a reader has to know; ``unread``: rows that were left out, with the reason.
    """

    data: EffectTable
    x: Floats
    terms: tuple[str, ...]
    fitted: PooledSets
    notes: tuple[str, ...] = ()

    @property
    def unread(self) -> tuple[dict[str, str], ...]:
        """Rows that were left out (row, study, field, reason)."""
        return self.data.unread

    @property
    def estimate(self) -> float:
        """The pooled effect; with moderators the intercept: the effect where every moderator is 0."""
        return float(self.fitted.coefficients[0, 0])

    @property
    def se(self) -> float:
        """Standard error of :attr:`estimate`, by the test chosen."""
        return float(self.fitted.se[0, 0])

    @property
    def tau2(self) -> float:
        """Variance between studies, on the square of the scale of the effect."""
        return float(self.fitted.tau2[0])

    @property
    def k(self) -> int:
        """Number of studies (rows) pooled."""
        return len(self.data)

    def refit(self, **changes: Any) -> PooledSets:
        """The same model on the same studies, with other arguments of :func:`pool_sets`."""
        arguments: dict[str, Any] = {
            "yi": self.data.yi, "vi": self.data.vi,
            "model": self.fitted.model, "test": self.fitted.test, "mods": self.x[:, 1:],
            "level": self.fitted.level, "intervals": False,
        }  # fmt: skip
        return pool_sets(**{**arguments, **changes})

    def table(self) -> dict[str, Any]:
        """The result under the names of the effects contract; a value that there is none of is None.

        ``i2`` in per cent. ``pi_low``, ``pi_high``: prediction interval by the distribution of the test (k - p degrees of
        freedom, or normal under z); ``pi_hts_low``, ``pi_hts_high``: by k - p - 1 (Higgins, Thompson & Spiegelhalter).
        """
        f = self.fitted
        names = (
            "tau2", "tau2_low", "tau2_high", "i2", "i2_low", "i2_high", "h2", "h2_low", "h2_high", "q", "q_df", "q_p",
        )  # fmt: skip
        row: dict[str, Any] = {
            "estimate": f.coefficients[0, 0], "se": f.se[0, 0], "ci_low": f.ci_low[0, 0], "ci_high": f.ci_high[0, 0],
            "pi_low": f.pi_low[0], "pi_high": f.pi_high[0],
            "pi_hts_low": f.pi_hts_low[0], "pi_hts_high": f.pi_hts_high[0],
            "statistic": f.statistic[0, 0], "df": f.df[0], "p_value": f.p_value[0, 0],
        }  # fmt: skip
        row |= {name: getattr(f, name)[0] for name in names}
        if len(self.terms) > 1:
            row |= {"omnibus": f.omnibus[0], "omnibus_p": f.omnibus_p[0]}
        made: dict[str, Any] = {name: plain(value) for name, value in row.items()}
        made["q_df"], made["k"] = int(f.q_df[0]), self.k
        if len(self.terms) > 1:
            made["omnibus_df"] = f.omnibus_df
            made["coefficients"] = self.coefficients()
        made |= {"model": f.model, "test": f.test, "level": f.level, "measure": self.data.measure}
        return made | {"notes": list(self.notes)}

    def coefficients(self) -> list[dict[str, Any]]:
        """One row for each coefficient: term, estimate, se, statistic, df, p_value, ci_low, ci_high."""
        f = self.fitted
        columns = {
            "estimate": f.coefficients, "se": f.se, "statistic": f.statistic, "p_value": f.p_value,
            "ci_low": f.ci_low, "ci_high": f.ci_high,
        }  # fmt: skip
        return [
            {"term": term, "df": plain(f.df[0])}
            | {name: plain(array[0, i]) for name, array in columns.items()}
            for i, term in enumerate(self.terms)
        ]

    def studies(self) -> list[dict[str, Any]]:
        """One row for each study: row in the file, study, yi, vi, se, ci_low, ci_high, weight (per cent), fitted,
        residual, and the residual over its standard error."""
        f, data = self.fitted, self.data
        half = float(norm.ppf((1 + f.level) / 2))
        weight = 1 / (data.vi + self.tau2)
        fitted = self.x @ f.coefficients[0]
        plain_cov = np.linalg.inv((self.x.T * weight) @ self.x)
        left = np.maximum(1 / weight - np.einsum("ki,ij,kj->k", self.x, plain_cov, self.x), 0.0)
        se = np.sqrt(data.vi)
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = {
                "yi": data.yi, "vi": data.vi, "se": se, "ci_low": data.yi - half * se,
                "ci_high": data.yi + half * se, "weight": 100 * weight / weight.sum(), "fitted": fitted,
                "residual": data.yi - fitted, "standardised_residual": (data.yi - fitted) / np.sqrt(left),
            }  # fmt: skip
        return [
            {"row": data.raw.rows[i], "study": name}
            | {key: plain(column[i]) for key, column in columns.items()}
            for i, name in enumerate(data.study)
        ]

    def predict(self, moderators: ArrayLike | None = None) -> dict[str, float | None]:
        """The mean effect at one value of each moderator (in the order of ``terms``), with its interval and the
        prediction interval for a new study."""
        values = np.asarray([] if moderators is None else moderators, dtype=float).ravel()
        if len(values) != len(self.terms) - 1:
            raise EvidenceError(
                "give one value for each moderator", field="moderators", value=len(values),
                expected=", ".join(self.terms[1:]) or "none",
            )  # fmt: skip
        f, at = self.fitted, np.concatenate([[1.0], values])
        mean, variance = float(at @ f.coefficients[0]), float(at @ f.covariance[0] @ at)
        upper = (1 + f.level) / 2
        half = float(norm.ppf(upper) if np.isinf(f.df[0]) else t.ppf(upper, f.df[0]))
        se, wide = float(np.sqrt(variance)), float(np.sqrt(variance + self.tau2))
        new = wide if f.model != "common" else np.nan
        return {
            "estimate": mean, "se": se, "ci_low": mean - half * se, "ci_high": mean + half * se,
            "pi_low": plain(mean - half * new), "pi_high": plain(mean + half * new),
        }  # fmt: skip


def plain(value: Any) -> float | None:
    """A number as JSON knows it: None where there is none."""
    number = float(value)
    return number if np.isfinite(number) else None
