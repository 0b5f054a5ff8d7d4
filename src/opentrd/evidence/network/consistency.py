"""Do the designs agree? The design-by-treatment interaction as fixed and as random effects, and the net heat matrix.

Sources: Higgins et al. 2012, DOI 10.1002/jrsm.1044 (interaction model); Law, Jackson, Turner, Rhodes and Viechtbauer 2016,
DOI 10.1186/s12874-016-0184-5 (random inconsistency, REML); Krahn, Binder and König 2013, DOI 10.1186/1471-2288-13-35 (net heat).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import brentq, minimize

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.designs import Q, design_columns, design_matrix, design_names
from opentrd.evidence.network.estimate import Rows, estimate_tau2
from opentrd.evidence.network.result import NetworkResult
from opentrd.evidence.network.structure import Array, heterogeneity_shape

_CYCLES = 200


@dataclass(frozen=True)
class Interaction:
    """The design-by-treatment interaction test.

    ``between``: chi-squared of consistency, allowing for the heterogeneity ``tau2`` that is left within designs (by the model of
    the result; None when no design has two studies, and ``between`` is then that of the common effect). At the common effect:
    ``common``, the part of each design in it (``per_design``), and what remains when a design is set apart (``detached``).
    p is None in a network without loops between designs.
    """

    tau2: float | None
    between: Q
    common: Q
    per_design: dict[str, float]
    detached: dict[str, Q]


def interaction(result: NetworkResult) -> Interaction:
    """Test whether the designs need effects of their own, beyond the heterogeneity within designs."""
    separate = Rows(result.network.effect, design_matrix(result.network), result.network.variance)
    tau2 = estimate_tau2(separate, result.model)
    df = result.rows.df - separate.df
    common = _second_stage(result, 0.0)
    parts = common.parts(None)
    at_tau2 = sum(_second_stage(result, tau2).parts(None).values()) if tau2 else sum(parts.values())
    detached = {
        design: Q.of(sum(common.parts(design).values()), df - common.rank_lost(design))
        for design in result.network.designs
    }
    return Interaction(tau2, Q.of(at_tau2, df), Q.of(sum(parts.values()), df), parts, detached)


@dataclass(frozen=True, eq=False)
class NetHeat:
    """Where inconsistency comes from.

    ``heat[d, e]``: by how much the inconsistency of design d falls when design e is set apart (positive: e disagrees with
    the evidence that d supports; negative: e supports it). ``hat[i, j]``: share of contrast j (of a design) in the network
    estimate of contrast i. ``designs`` names the rows of ``heat``, ``contrasts`` those of ``hat``.
    """

    designs: tuple[str, ...]
    heat: Array
    contrasts: tuple[str, ...]
    hat: Array

    def rows(self) -> list[dict[str, object]]:
        """One row per ordered pair of designs."""
        return [
            {"design": design, "detached": other, "heat": float(self.heat[i, j])}
            for i, design in enumerate(self.designs)
            for j, other in enumerate(self.designs)
        ]


def net_heat(result: NetworkResult, *, random: bool = False) -> NetHeat:
    """Net heat matrix at the common effect or, with ``random``, at the heterogeneity within designs.

    Designs whose detachment cannot change anything (they alone carry a treatment, say) are left out, as in the source.
    """
    tau2 = 0.0
    if random:
        separate = Rows(result.network.effect, design_matrix(result.network), result.network.variance)
        tau2 = estimate_tau2(separate, "REML" if result.model == "common" else result.model) or 0.0
    stage = _second_stage(result, tau2)
    whole = stage.parts(None)
    designs = tuple(name for name in result.network.designs if stage.rank_lost(name))
    heat = np.zeros((len(designs), len(designs)))
    for column, other in enumerate(designs):
        rest = stage.parts(other)
        heat[:, column] = [whole[name] - rest[name] for name in designs]
    weighted = stage.consistent.T @ stage.precision
    hat = stage.consistent @ np.linalg.solve(weighted @ stage.consistent, weighted)
    names = tuple(
        f"{design} ({treatment} - {first})" for design, treatment, first in design_columns(result.network)
    )
    return NetHeat(designs, heat, names, hat)


@dataclass(frozen=True)
class _Stage:
    """Second stage: direct effects of the designs, their precision, and their design matrix under consistency."""

    direct: Array
    precision: Array
    consistent: Array
    columns: dict[str, list[int]]

    def parts(self, without: str | None) -> dict[str, float]:
        """Quadratic residual of each design when the network is fitted to all designs but one."""
        keep = [place for design, places in self.columns.items() if design != without for place in places]
        half = np.linalg.cholesky(self.precision[np.ix_(keep, keep)]).T
        solution = np.linalg.lstsq(half @ self.consistent[keep], half @ self.direct[keep], rcond=None)[0]
        residual = self.direct - self.consistent @ solution
        return {
            design: 0.0
            if design == without
            else float(residual[places] @ self.precision[np.ix_(places, places)] @ residual[places])
            for design, places in self.columns.items()
        }

    def rank_lost(self, design: str) -> int:
        """Degrees of freedom of inconsistency that go when a design is set apart."""
        keep = [place for name, places in self.columns.items() if name != design for place in places]
        rank = int(np.linalg.matrix_rank(self.consistent[keep])) if keep else 0
        return len(self.columns[design]) - int(self.consistent.shape[1]) + rank


def _second_stage(result: NetworkResult, tau2: float) -> _Stage:
    network = result.network
    matrix = design_matrix(network)
    fit = Rows(network.effect, matrix, network.variance).fit(tau2)
    precision = (matrix * fit.weights[:, None]).T @ matrix
    columns: dict[str, list[int]] = {}
    consistent = np.zeros((matrix.shape[1], len(network.treatments)))
    for place, (design, treatment, first) in enumerate(design_columns(network)):
        columns.setdefault(design, []).append(place)
        consistent[place, network.treatments.index(treatment)] = 1.0
        consistent[place, network.treatments.index(first)] = -1.0
    keep = [place for place, name in enumerate(network.treatments) if name != result.reference]
    return _Stage(fit.coefficients, precision, consistent[:, keep], columns)


@dataclass(frozen=True, eq=False)
class RandomInconsistency:
    """Two variances by REML: ``tau2`` between studies of one design, ``tau2_inconsistency`` between designs.

    ``effects`` (treatments,) and ``covariance``: of each treatment minus the reference, allowing for both.
    """

    treatments: tuple[str, ...]
    tau2: float
    tau2_inconsistency: float
    effects: Array
    covariance: Array


def random_inconsistency(result: NetworkResult) -> RandomInconsistency:
    """Inconsistency as a random effect of each design. Raises EvidenceError when nothing is left to estimate it from."""
    rows = result.rows
    if rows.df < 2:
        raise EvidenceError(
            "the network has too few contrasts for two variances",
            expected="at least two more contrasts than effects",
            advice="report the common-effect model",
        )
    model = _TwoVariances(rows, _design_effects(result))
    tau2, inconsistency = model.solve()
    effects, covariance = model.estimate(tau2, inconsistency)
    size, place = len(result.treatments), result.place(result.reference)
    keep = [index for index in range(size) if index != place]
    full, square = np.zeros(size), np.zeros((size, size))
    full[keep] = effects
    square[np.ix_(keep, keep)] = covariance
    return RandomInconsistency(result.treatments, tau2, inconsistency, full, square)


def _design_effects(result: NetworkResult) -> Array:
    """Columns whose products are the covariance of random effects of designs with variance 1."""
    matrix, start, blocks = design_matrix(result.network), 0, []
    for design in result.network.designs:
        size = len(design_names(result.network, design)) - 1
        blocks.append(matrix[:, start : start + size] @ np.linalg.cholesky(heterogeneity_shape(size)))
        start += size
    return np.hstack(blocks)


@dataclass(frozen=True)
class _TwoVariances:
    """Restricted likelihood with V = diag(variance + a) + b Z Z', through Henderson's mixed-model equations."""

    rows: Rows
    random: Array

    def _parts(self, a: float, b: float) -> tuple[Array, Array, Array, Array]:
        both = np.hstack([self.rows.design, self.random * np.sqrt(b)])
        weights = 1.0 / (self.rows.variance + a)
        system = (both * weights[:, None]).T @ both
        fixed = self.rows.design.shape[1]
        system[range(fixed, len(system)), range(fixed, len(system))] += 1.0
        solution = np.linalg.solve(system, both.T @ (weights * self.rows.effect))
        return both, weights, system, weights * (self.rows.effect - both @ solution)

    def objective(self, a: float, b: float) -> tuple[float, Array]:
        """Restricted log-likelihood up to a constant, and its gradient in a and b."""
        both, weights, system, py = self._parts(a, b)
        value = 0.5 * (np.log(weights).sum() - np.linalg.slogdet(system)[1] - self.rows.effect @ py)
        crossed = (both * weights[:, None]).T @ self.random
        trace_a = weights.sum() - np.trace(np.linalg.solve(system, (both * (weights**2)[:, None]).T @ both))
        inner = (self.random * weights[:, None]).T @ self.random - crossed.T @ np.linalg.solve(
            system, crossed
        )
        gradient_b = float(np.sum((self.random.T @ py) ** 2) - np.trace(inner))
        return float(value), 0.5 * np.array([float(py @ py) - float(trace_a), gradient_b])

    def estimate(self, a: float, b: float) -> tuple[Array, Array]:
        """Effects and covariance at the two variances."""
        both, weights, system, _ = self._parts(a, b)
        inverse: Array = np.linalg.inv(system).astype(float)
        fixed = self.rows.design.shape[1]
        return (inverse @ (both.T @ (weights * self.rows.effect)))[:fixed], inverse[:fixed, :fixed]

    def _score_a(self, b: float, a: float) -> float:
        return float(self.objective(a, b)[1][0])

    def _score_b(self, a: float, b: float) -> float:
        return float(self.objective(a, b)[1][1])

    def solve(self) -> tuple[float, float]:
        """The maximum: a descent from several starts, then bracketed roots of the two scores in turn until they stand."""
        scale = max(float(np.median(self.rows.variance)), estimate_tau2(self.rows, "REML") or 0.0)
        best = (0.0, 0.0)
        top = self.objective(0.0, 0.0)[0]
        for start in ((1.0, 0.1), (0.1, 1.0), (0.5, 0.5), (0.01, 0.01)):
            found = minimize(
                lambda x: _negative(self.objective(x[0] * scale, x[1] * scale), scale),
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=[(0.0, None), (0.0, None)],
            )
            if -found.fun > top:
                top, best = -float(found.fun), (float(found.x[0] * scale), float(found.x[1] * scale))
        a, b = best
        for _ in range(_CYCLES):
            before = (a, b)
            a = _bracketed(partial(self._score_a, b), a, scale)
            b = _bracketed(partial(self._score_b, a), b, scale)
            if abs(a - before[0]) + abs(b - before[1]) <= 1e-12 * scale:
                break
        return a, b


def _negative(found: tuple[float, Array], scale: float) -> tuple[float, Array]:
    return -found[0], -found[1] * scale


def _bracketed(score: Callable[[float], float], near: float, scale: float) -> float:
    """The root of a score nearest to ``near``; 0 when the score falls from 0 on."""
    here = score(near)
    if here == 0.0:
        return near
    step = max(near, 1e-8 * scale) * 1e-3
    if here > 0:
        low, high = near, near + step
        while score(high) > 0:
            low, step = high, step * 2
            high += step
    else:
        low, high = max(0.0, near - step), near
        while low > 0 and score(low) < 0:
            high, step = low, step * 2
            low = max(0.0, low - step)
        if low == 0.0 and score(0.0) <= 0:
            return 0.0
    return float(brentq(score, low, high, xtol=1e-15 * scale, rtol=1e-13))
