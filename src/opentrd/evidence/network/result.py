"""What a network meta-analysis gives back: tables, each with its rows as plain mappings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network import position, ranking
from opentrd.evidence.network.designs import Q
from opentrd.evidence.network.estimate import Rows, likelihood_interval
from opentrd.evidence.network.structure import Array, Network

ORIENTATION = "treatment_1 minus treatment_2"


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """A pooled network.

    ``effects`` (treatments,): effect of each treatment minus the reference, on the analysis scale (log for ratios), and
    ``covariance`` (treatments, treatments) of them, with zeros at the reference. ``tau2``: variance between studies of any one
    contrast; None when it cannot be estimated (no more rows than parameters), and then the effects are those of the common
    effect. ``tau2_low``, ``tau2_high``: its interval by the Q profile. ``i2``: share of Q beyond its df, 0 to 1. ``degrees``: for
    t quantiles, None for z.
    """

    network: Network
    model: str
    test: str
    level: float
    reference: str
    small_is_good: bool
    effects: Array
    covariance: Array
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    i2: float | None
    total: Q
    within: Q
    between: Q
    per_design: dict[str, Q]
    degrees: int | None
    certainty: dict[str, str]
    notes: tuple[str, ...]
    modifiers: tuple[str, ...] = position.MODIFIERS
    orientation: str = field(default=ORIENTATION)

    @property
    def treatments(self) -> tuple[str, ...]:
        """The treatments in the order of ``effects``."""
        return self.network.treatments

    @property
    def rows(self) -> Rows:
        """The independent rows under consistency, the column of the reference left out."""
        return consistent_rows(self.network, self.reference)

    def place(self, treatment: str) -> int:
        """Index of a treatment. Raises EvidenceError for one that is not in the network."""
        if treatment not in self.treatments:
            raise EvidenceError(
                f"the treatment {treatment!r} is not in the network", expected=", ".join(self.treatments)
            )
        return self.treatments.index(treatment)

    def model_errors(self) -> Array:
        """Standard errors of all differences by the model, before any Knapp-Hartung factor, shape (treatments, treatments)."""
        covariance = with_reference(
            self.rows.fit(self.tau2 or 0.0).covariance, self.place(self.reference), len(self.treatments)
        )
        return ranking.standard_errors(covariance)

    def league(self, reference: str | None = None) -> list[dict[str, Any]]:
        """One row per ordered pair: the effect of treatment_1 minus that of treatment_2, on the analysis scale.

        Columns: estimate, se, ci_low, ci_high, p, pi_low, pi_high (prediction interval with t on two df fewer than rows minus
        effects; None for the common effect), studies (that compare the two directly), direct_share (0 to 1, diagonal of
        the hat matrix; König, Krahn and Binder 2013, DOI 10.1002/sim.6001). ``reference``: only rows against this one.
        """
        errors = ranking.standard_errors(self.covariance)
        quantile = self._quantile()
        fit = self.rows.fit(self.tau2 or 0.0)
        laplacian = self.network.incidence.T @ (self.network.incidence * fit.weights[:, None])
        unscaled = self.model_errors()
        comparisons = self.network.comparisons
        only = None if reference is None else self.place(reference)
        rows = []
        for i, first in enumerate(self.treatments):
            for j, second in enumerate(self.treatments):
                if i == j or (only is not None and j != only):
                    continue
                estimate, se = float(self.effects[i] - self.effects[j]), float(errors[i, j])
                low, high = self._prediction(estimate, se)
                pair = (first, second) if (first, second) in comparisons else (second, first)
                rows.append(
                    {
                        "treatment_1": first,
                        "treatment_2": second,
                        "estimate": estimate,
                        "se": se,
                        "ci_low": estimate - quantile * se,
                        "ci_high": estimate + quantile * se,
                        "p": self._p(estimate, se),
                        "pi_low": low,
                        "pi_high": high,
                        "studies": len(comparisons.get(pair, ())),
                        "direct_share": min(1.0, max(0.0, float(-laplacian[i, j] * unscaled[i, j] ** 2))),
                    }
                )
        return rows

    def p_scores(self, draws: int = ranking.DRAWS, seed: int = ranking.SEED) -> list[dict[str, Any]]:
        """One row per treatment, the best first: P-score with its interval and that of the rank, certainty, position.

        The intervals come from ``draws`` seeded draws of the effects; certainty is ``not assessed`` unless it was given.
        """
        scores = ranking.p_scores(self.effects, self.covariance, small_is_good=self.small_is_good)
        low, high = ranking.p_score_interval(
            self.effects,
            self.covariance,
            small_is_good=self.small_is_good,
            level=self.level,
            draws=draws,
            seed=seed,
        )
        ranks = self.rankogram(draws, seed)
        rows = [
            {
                "treatment": row["treatment"],
                "p_score": float(scores[place]),
                "p_score_low": float(low[place]),
                "p_score_high": float(high[place]),
                "rank_low": int(ranks.rank_low[place]),
                "rank_high": int(ranks.rank_high[place]),
                "sucra": float(ranks.sucra[place]),
                "certainty": self.certainty[row["treatment"]],
                **{key: value for key, value in row.items() if key != "treatment"},
            }
            for place, row in enumerate(position.positions(self.network))
        ]
        return sorted(rows, key=lambda row: (-row["p_score"], row["treatment"]))

    def rankogram(self, draws: int = ranking.DRAWS, seed: int = ranking.SEED) -> ranking.Rankogram:
        """How often each treatment has each rank (1 = best) over seeded draws of the effects."""
        return ranking.rankogram(
            self.treatments,
            self.effects,
            self.covariance,
            small_is_good=self.small_is_good,
            level=self.level,
            draws=draws,
            seed=seed,
        )

    def transitivity(self) -> list[dict[str, Any]]:
        """One row per treatment: how definition, stage, baseline (or the chosen modifiers) are spread over its studies."""
        return position.transitivity(self.network, self.modifiers)

    def tau2_by_likelihood(self) -> tuple[float | None, float | None]:
        """Interval of tau2 by the profile likelihood; (None, None) unless the model is REML or ML and tau2 is known."""
        if self.tau2 is None or self.model not in ("REML", "ML"):
            return None, None
        return likelihood_interval(self.rows, self.tau2, restricted=self.model == "REML", level=self.level)

    def studies(self) -> list[dict[str, Any]]:
        """One row per study and pair: treatment_1 minus treatment_2 as the study reports it, and its standard error."""
        rows = []
        for study in self.network.studies:
            for i, first in enumerate(study.treatments):
                for second in study.treatments[:i]:
                    estimate, variance = study.pair(first, second)
                    rows.append(
                        {
                            "study": study.name,
                            "design": study.design,
                            "treatment_1": first,
                            "treatment_2": second,
                            "estimate": estimate,
                            "se": float(np.sqrt(variance)),
                        }
                    )
        return rows

    def table(self) -> dict[str, Any]:
        """Everything as one object that can be written as JSON; the transitivity table stands before the league table."""
        scores = self.p_scores()
        return {
            "measure": self.network.measure,
            "model": self.model,
            "test": self.test,
            "level": self.level,
            "reference": self.reference,
            "small_is_good": self.small_is_good,
            "k": len(self.network.studies),
            "comparisons": len(self.network.effect),
            "designs": len(self.network.designs),
            "treatments": list(self.treatments),
            "tau2": self.tau2,
            "tau2_low": self.tau2_low,
            "tau2_high": self.tau2_high,
            "i2": self.i2,
            **_named("q_total", self.total),
            **_named("q_within", self.within),
            **_named("q_between", self.between),
            "notes": list(self.notes),
            "transitivity": self.transitivity(),
            "orientation": self.orientation,
            "league": self.league(),
            "p_score": {row["treatment"]: row["p_score"] for row in scores},
            "ranking": scores,
        }

    def _quantile(self) -> float:
        upper = (1 + self.level) / 2
        return float(ndtri(upper) if self.degrees is None else stdtrit(self.degrees, upper))

    def _p(self, estimate: float, se: float) -> float | None:
        if se == 0:
            return None
        score = abs(estimate / se)
        return float(2 * (ndtr(-score) if self.degrees is None else stdtr(self.degrees, -score)))

    def _prediction(self, estimate: float, se: float) -> tuple[float | None, float | None]:
        df = self.total.df - 1
        if self.model == "common" or self.tau2 is None or df < 1:
            return None, None
        half = float(stdtrit(df, (1 + self.level) / 2)) * float(np.sqrt(self.tau2 + se**2))
        return estimate - half, estimate + half


def consistent_rows(network: Network, reference: str) -> Rows:
    """The independent rows of a network over all treatments but the reference."""
    keep = [place for place, name in enumerate(network.treatments) if name != reference]
    return Rows(network.effect, network.incidence[:, keep], network.variance)


def with_reference(matrix: Array, place: int, size: int) -> Array:
    """A covariance (or a vector) over all treatments, with zeros at the reference."""
    keep = [index for index in range(size) if index != place]
    if matrix.ndim == 1:
        full = np.zeros(size)
        full[keep] = matrix
    else:
        full = np.zeros((size, size))
        full[np.ix_(keep, keep)] = matrix
    return full


def _named(name: str, q: Q) -> dict[str, Any]:
    return {name: q.value, f"{name}_df": q.df, f"{name}_p": q.p}
