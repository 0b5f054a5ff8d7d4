"""The models of pairwise meta-analysis, for many sets of studies at once.

Sources: Hartung & Knapp, Stat Med 2001;20:3875-3889, Knapp & Hartung, Stat Med 2003;22:2693-2710 (test, and for
moderators); Higgins & Thompson, Stat Med 2002;21:1539-1558 (I2, H2); Higgins, Thompson & Spiegelhalter, J R Stat Soc A
2009;172:137-159 (prediction interval); Viechtbauer, Stat Med 2007;26:37-52 (Q-profile).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, f, norm, t

from opentrd.evidence.arguments import check_level
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.algebra import Fit, Sets, fit, make_sets
from opentrd.evidence.pairwise.roots import Floats, Truths
from opentrd.evidence.pairwise.tau2 import MODELS, estimate_tau2, q_profile, typical_variance

TESTS = ("knapp-hartung", "knapp-hartung-adhoc", "t", "z")
# Sets are solved in pieces that stay in the processor's cache.
_CELLS_AT_ONCE = 8_000


@dataclass(frozen=True)
class PooledSets:
    """What a model says of each of B sets; every array has the set first.

    ``coefficients``, ``se``, ``statistic``, ``p_value``, ``ci_low``, ``ci_high``: (B, p), the intercept first; with no
    moderators it is the pooled estimate. ``covariance``: (B, p, p). ``df``: degrees of freedom of the test, infinite for
    z. ``tau2``, ``tau2_low``, ``tau2_high``: variance between studies with its Q-profile interval; ``i2`` (per cent),
    ``h2`` and their ends. ``q``, ``q_df``, ``q_p``: Cochran's test of (residual) heterogeneity. ``omnibus``,
    ``omnibus_df``, ``omnibus_p``: test of all moderators together (chi2 for z, else F). ``pi_low``,
    ``pi_high``: prediction interval by the distribution of the test (k - p df, or normal); ``pi_hts_low``,
    ``pi_hts_high``: by t with k - p - 1 df (Higgins, Thompson & Spiegelhalter); both nan with moderators and for the
    common effect. ``k``: studies. ``sets``: the studies behind it.
    """

    model: str
    test: str
    level: float
    sets: Sets
    k: Floats
    coefficients: Floats
    se: Floats
    covariance: Floats
    statistic: Floats
    p_value: Floats
    ci_low: Floats
    ci_high: Floats
    df: Floats
    tau2: Floats
    tau2_low: Floats
    tau2_high: Floats
    i2: Floats
    i2_low: Floats
    i2_high: Floats
    h2: Floats
    h2_low: Floats
    h2_high: Floats
    q: Floats
    q_df: Floats
    q_p: Floats
    omnibus: Floats
    omnibus_df: int
    omnibus_p: Floats
    pi_low: Floats
    pi_high: Floats
    pi_hts_low: Floats
    pi_hts_high: Floats

    @property
    def estimate(self) -> Floats:
        """The first coefficient of each set (B,): the pooled estimate when there are no moderators."""
        return self.coefficients[:, 0]


def resolve_test(model: str, test: str | None) -> str:
    """The test that goes with a model. Raises EvidenceError for a name that is not known or does not fit."""
    if model not in MODELS:
        raise EvidenceError(
            "this model is not known", field="model", value=model, expected="one of " + ", ".join(MODELS)
        )
    if test is None:
        return "z" if model == "common" else "knapp-hartung"
    if test not in TESTS:
        raise EvidenceError(
            "this test is not known", field="test", value=test, expected="one of " + ", ".join(TESTS)
        )
    if model == "common" and test.startswith("knapp-hartung"):
        raise EvidenceError(
            "the Knapp-Hartung test belongs to random-effects models", field="test", value=test, expected="z or t",
            advice="choose test z, or a random-effects model such as REML",
        )  # fmt: skip
    return test


def pool_sets(
    yi: ArrayLike, vi: ArrayLike, *, model: str = "REML", test: str | None = None, mods: ArrayLike | None = None,
    intercept: bool = True, has: ArrayLike | None = None, level: float = 0.95, intervals: bool = True,
) -> PooledSets:  # fmt: skip
    """Fit one model to many sets of studies in about the time of one.

    ``yi``, ``vi``: estimates and sampling variances, (k,) or (k, B). ``has``: which studies each set has, (k, B); others
    may hold anything. ``mods``: moderators (k,), (k, p) shared by the sets, or (k, p, B). ``model``: REML, DL, PM, ML, EB,
    SJ, HE or common. ``test``: ``knapp-hartung`` (the default but for common), ``knapp-hartung-adhoc`` (never narrower
    than z's standard error), ``t`` or ``z``. ``level``: of all intervals. ``intervals``: whether the Q-profile intervals
    are made. Raises EvidenceError for variances that are not above zero, and for other shapes.
    """
    test = resolve_test(model, test)
    check_level(level)
    sets = _sets(yi, vi, mods, has, intercept)
    size = max(1, _CELLS_AT_ONCE // sets.y.shape[1])
    try:
        parts = [
            _solve(sets.take(slice(at, at + size)), model, test, level, intercept, intervals)
            for at in range(0, len(sets.y), size)
        ]
    except np.linalg.LinAlgError:
        raise EvidenceError(
            "in one of the sets the moderators follow from each other, or there are too few studies for them",
            field="has", expected="more studies than coefficients in every set", advice="use fewer moderators",
        ) from None  # fmt: skip
    if len(parts) == 1:
        return parts[0]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name, value in vars(parts[0]).items()
        if isinstance(value, np.ndarray)
    }
    return PooledSets(**{**vars(parts[0]), **joined, "sets": sets})


def _sets(
    yi: ArrayLike, vi: ArrayLike, mods: ArrayLike | None, has: ArrayLike | None, intercept: bool
) -> Sets:
    try:
        y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    except (TypeError, ValueError):
        raise EvidenceError(
            "the values are not all numbers", field="yi, vi", expected="arrays of numbers"
        ) from None
    if y.ndim not in (1, 2) or v.ndim not in (1, 2) or len(y) != len(v):
        raise EvidenceError(
            "estimates and variances do not fit each other", value=f"{y.shape} and {v.shape}",
            expected="shapes (k,) or (k, B) with one k",
        )  # fmt: skip
    there: Truths = np.asarray(has, dtype=bool) if has is not None else np.ones(y.shape, dtype=bool)
    columns = [array if array.ndim == 2 else array[:, None] for array in (y, v)]
    there = there if there.ndim == 2 else there[:, None]
    try:
        y, v, there = np.broadcast_arrays(*columns, there)
    except ValueError:
        raise EvidenceError(
            "the numbers of sets differ", value=f"{columns[0].shape}, {columns[1].shape}"
        ) from None
    for name, bad in (("yi", ~np.isfinite(y)), ("vi", ~(np.isfinite(v) & (v > 0)))):
        where = np.argwhere(bad & there)
        if len(where):
            study, at = int(where[0][0]), int(where[0][1])
            raise EvidenceError(
                "the variance of a study must be above zero" if name == "vi" else "a number is missing",
                row=f"{study + 1} of set {at + 1}" if y.shape[1] > 1 else study + 1, field=name,
                value=str((y if name == "yi" else v)[study, at]),
                expected="a number above 0" if name == "vi" else "a number",
                advice="look it up again, or mark the study as absent (has=False)",
            )  # fmt: skip
    x = np.ones((len(y), 1 if intercept else 0))
    if mods is not None:
        extra = np.asarray(mods, dtype=float)
        extra = extra[:, None] if extra.ndim == 1 else extra
        if extra.ndim not in (2, 3) or len(extra) != len(y) or extra.shape[2:] not in ((), y.shape[1:]):
            raise EvidenceError(
                "the moderators do not fit the studies", field="mods", value=str(extra.shape),
                expected=f"shape ({len(y)},), ({len(y)}, p) or ({len(y)}, p, {y.shape[1]})",
            )  # fmt: skip
        if extra.ndim == 3:
            moved = np.moveaxis(extra, 2, 0)
            x = np.concatenate([np.broadcast_to(x, (len(moved), *x.shape)), moved], axis=2)
        else:
            x = np.hstack([x, extra])
        if not np.isfinite(x).all():
            raise EvidenceError(
                "a moderator has missing values", field="mods", expected="a number for each study"
            )
    return make_sets(y.T, v.T, there.T, x)


def _solve(sets: Sets, model: str, test: str, level: float, intercept: bool, intervals: bool) -> PooledSets:
    tau2 = estimate_tau2(sets, model)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _describe(sets, fit(sets, tau2), tau2, model, test, level, intercept, intervals)


def _describe(
    sets: Sets,
    fitted: Fit,
    tau2: Floats,
    model: str,
    test: str,
    level: float,
    intercept: bool,
    intervals: bool,
) -> PooledSets:
    count, p = len(sets.y), sets.p
    df = np.where(sets.df > 0, sets.df, np.nan)
    scale = np.ones(count)
    if test.startswith("knapp-hartung"):
        scale = fitted.q / df
        if test.endswith("adhoc"):
            scale = np.maximum(scale, 1.0)
    back = sets.back if sets.back.ndim == 3 else sets.back[None]
    coefficients = (back @ fitted.coefficients[..., None])[..., 0]
    inner = fitted.inverse * scale[:, None, None]
    covariance = back @ inner @ np.swapaxes(back, -1, -2)
    se = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    statistic = coefficients / se
    test_df = np.full(count, np.inf) if test == "z" else df
    half = _quantile(level, test_df)
    p_value = 2 * (norm.sf(np.abs(statistic)) if test == "z" else t.sf(np.abs(statistic), df[:, None]))
    ci_low, ci_high = coefficients - half[:, None] * se, coefficients + half[:, None] * se

    common = fit(sets, np.zeros(count))
    typical = typical_variance(sets)
    low, high = q_profile(sets, level) if intervals else (np.full(count, np.nan),) * 2
    if model == "common":
        h2 = common.q / df
        i2 = 100 * (1 - df / np.maximum(common.q, df))
        low, high = np.full(count, np.nan), np.full(count, np.nan)
    else:
        h2, i2 = 1 + tau2 / typical, 100 * tau2 / (tau2 + typical)

    rest = p - 1 if intercept else p
    omnibus, omnibus_p = _omnibus(sets, fitted, scale, rest, test, df)
    lone = p == 1 and intercept and model != "common"
    wide = np.sqrt(se[:, 0] ** 2 + tau2) if lone else np.full(count, np.nan)
    hts = _quantile(level, np.where(df > 1, df - 1, np.nan))
    middle = coefficients[:, 0]
    return PooledSets(
        model=model, test=test, level=level, sets=sets, k=sets.n,
        coefficients=coefficients, se=se, covariance=covariance, statistic=statistic, p_value=p_value,
        ci_low=ci_low, ci_high=ci_high, df=test_df,
        tau2=tau2, tau2_low=low, tau2_high=high,
        i2=i2, i2_low=100 * low / (low + typical), i2_high=100 * high / (high + typical),
        h2=h2, h2_low=1 + low / typical, h2_high=1 + high / typical,
        q=common.q, q_df=sets.df, q_p=chi2.sf(common.q, df),
        omnibus=omnibus, omnibus_df=rest, omnibus_p=omnibus_p,
        pi_low=middle - half * wide, pi_high=middle + half * wide,
        pi_hts_low=middle - hts * wide, pi_hts_high=middle + hts * wide,
    )  # fmt: skip


def _quantile(level: float, df: Floats) -> Floats:
    """The two-sided quantile of t with ``df`` (normal where infinite, nan where there is none)."""
    upper = (1 + level) / 2
    return np.asarray(np.where(np.isinf(df), norm.ppf(upper), t.ppf(upper, np.where(np.isinf(df), 1.0, df))))


def _omnibus(
    sets: Sets, fitted: Fit, scale: Floats, rest: int, test: str, df: Floats
) -> tuple[Floats, Floats]:
    """The Wald test of the last ``rest`` coefficients: chi2, or F under t.

    At given weights it is the weighted sum of squares that the moderators explain, over the scale.
    """
    if rest == 0:
        empty = np.full(len(sets.y), np.nan)
        return empty, empty
    w, left = fitted.weights, sets.y
    if rest < sets.p:
        left = left - ((w * left).sum(axis=1) / w.sum(axis=1))[:, None]
    chi = np.maximum((w * left**2).sum(axis=1) - fitted.q, 0.0) / np.where(scale > 0, scale, np.nan)
    if test == "z":
        return chi, np.asarray(chi2.sf(chi, rest))
    return chi / rest, np.asarray(f.sf(chi / rest, rest, df))
