"""Small-study effects: Egger, Peters, Begg, fail-safe N, PET-PEESE.

Asymmetry of a funnel has many causes; none of these tests shows that studies were withheld.

Sources: Egger et al., BMJ 1997;315:629-634; Sterne & Egger in Publication Bias in Meta-Analysis, 2005 (random-effects
form); Begg & Mazumdar, Biometrics 1994;50:1088-1101; Rosenthal, Psychol Bull 1979;86:638-641; Orwin, J Educ Stat
1983;8:157-159; Rosenberg, Evolution 2005;59:464-468; Stanley & Doucouliagos, Res Synth Methods 2014;5:60-78 (PET-PEESE).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kendalltau, norm, t

from opentrd.evidence.effect_checks import Floats
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.models import pool_sets
from opentrd.evidence.pairwise.result import PairwiseResult, plain
from opentrd.evidence.table import Source, read_effects


def egger(
    result: PairwiseResult, *, method: str = "regression", test: str | None = None,
    predictor: ArrayLike | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Egger's test: does the effect depend on its standard error?

    ``method``: ``regression``, least squares with weights 1/v and a free residual scale (the test of 1997), or ``model``,
    the model of ``result`` with the standard error as a further moderator and its ``test`` (or another). ``predictor``: one
    value for each study in place of the standard error. That of an SMD contains the SMD itself, which feigns asymmetry; for
    it give sqrt(1/n_1 + 1/n_2) (Pustejovsky & Rodgers, Res Synth Methods 2019;10:57-71).
    Returns statistic, df, p_value, slope, and ``limit``: the effect of a study without sampling error, with its interval.
    Raises EvidenceError with fewer than three studies, or when all standard errors are equal.
    """
    se = np.sqrt(_enough(result).data.vi)
    if np.ptp(se) <= 1e-12 * se.max():
        raise EvidenceError(
            "all studies have the same standard error, so there is nothing to test", field="vi"
        )
    if method == "model":
        made = result.refit(mods=np.column_stack([result.x[:, 1:], se]), test=test or result.fitted.test)
        row = {
            "statistic": made.statistic[0, -1], "df": made.df[0], "p_value": made.p_value[0, -1],
            "slope": made.coefficients[0, -1], "limit": made.coefficients[0, 0],
            "limit_low": made.ci_low[0, 0], "limit_high": made.ci_high[0, 0],
        }  # fmt: skip
    elif method == "regression":
        row = _weighted_regression(result.data.yi, result.data.vi, se, result.fitted.level)
    else:
        raise EvidenceError("not known", field="method", value=method, expected="regression or model")
    return {"method": method} | {key: plain(value) for key, value in row.items()}


def peters(source: Source, measure: str = "OR", *, level: float = 0.95) -> dict[str, Any]:
    """Peters' test for ratios of counts: does the effect depend on 1/n, with weights that do not contain the effect?

    ``source``: a table with events_1, n_1, events_2, n_2. The standard error of a log ratio depends on the ratio, so Egger's
    test is too often positive for them. Peters et al., JAMA 2006;295:676-680. Returns statistic, df, p_value, slope.
    """
    table = read_effects(source, measure=measure)
    names = ("events_1", "n_1", "events_2", "n_2")
    a, n1, c, n2 = (table.raw.numbers(name) for name in names)
    if len(table) < 3:
        raise EvidenceError(
            f"{len(table)} studies are too few for a test of asymmetry", expected="at least 3"
        )
    events, others = a + c, n1 + n2 - a - c
    if not ((events > 0) & (others > 0)).all():
        row = table.raw.rows[int(np.flatnonzero((events == 0) | (others == 0))[0])]
        raise EvidenceError(
            "the study has no events, or only events", file=table.raw.file, row=row, field="events_1",
            advice="leave it out: it holds no information here",
        )  # fmt: skip
    made = _weighted_regression(table.yi, 1 / events + 1 / others, 1 / (n1 + n2), level)
    return {key: plain(made[key]) for key in ("statistic", "df", "p_value", "slope")}


def egger_sets(yi: ArrayLike, vi: ArrayLike) -> tuple[Floats, Floats]:
    """Egger's regression for many sets at once: statistic and p-value (B,) of estimates and variances (k, B).

    Both are nan for a set whose standard errors are all equal.
    """
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    y, v = (array if array.ndim == 2 else array[:, None] for array in (y, v))
    se = np.sqrt(v)
    flat = np.ptp(se, axis=0) <= 1e-9 * se.max(axis=0)
    # A set without anything to test gets a moderator that varies, and no answer.
    se = np.where(flat, np.arange(len(se))[:, None], se)
    made = pool_sets(y, v, model="common", test="t", mods=se[:, None, :], intervals=False)
    # The scale of the residuals is free: what Knapp-Hartung does at tau2 = 0.
    statistic = np.where(flat, np.nan, made.statistic[:, 1] / np.sqrt(made.q / made.q_df))
    return statistic, 2 * np.asarray(t.sf(np.abs(statistic), made.q_df))


def _weighted_regression(y: Floats, v: Floats, x: Floats, level: float) -> dict[str, float]:
    """Least squares of y on x with weights 1/v and a residual scale, as in ordinary regression."""
    made = pool_sets(y, v, model="common", test="t", mods=x, intervals=False, level=level)
    df = float(made.q_df[0])
    scale = float(np.sqrt(made.q[0] / df))
    se = made.se[0] * scale
    half = float(t.ppf((1 + level) / 2, df))
    statistic = made.coefficients[0] / se
    return {
        "statistic": statistic[1], "df": df, "p_value": 2 * t.sf(abs(statistic[1]), df),
        "slope": made.coefficients[0, 1], "limit": made.coefficients[0, 0], "limit_se": se[0],
        "limit_low": made.coefficients[0, 0] - half * se[0], "limit_high": made.coefficients[0, 0] + half * se[0],
        "limit_p_value": 2 * t.sf(abs(statistic[0]), df),
    }  # fmt: skip


def begg(result: PairwiseResult) -> dict[str, Any]:
    """Begg and Mazumdar's test: rank correlation of the standardised effects with their variances.

    The p-value is exact without ties, else by the normal approximation.
    """
    y, v = _enough(result).data.yi, result.data.vi
    total = 1 / np.sum(1 / v)
    deviate = (y - total * np.sum(y / v)) / np.sqrt(v - total)
    tied = len(np.unique(v)) < len(v) or len(np.unique(deviate)) < len(v)
    tau, p_value = kendalltau(deviate, v, method="asymptotic" if tied else "exact")
    return {"tau": plain(tau), "p_value": plain(p_value), "exact": not tied}


def fail_safe_n(
    result: PairwiseResult, *, method: str = "rosenthal", alpha: float = 0.05, target: float | None = None
) -> dict[str, Any]:
    """How many studies without effect would have to be hidden.

    ``rosenthal``: until Stouffer's combined one-sided test reaches ``alpha``; ``rosenberg``: until the common-effect test
    (two-sided) does; ``orwin``: until the plain mean falls to ``target`` (default: half of it). A number, not a proof.
    """
    y, v = result.data.yi, result.data.vi
    k = len(y)
    if method == "rosenthal":
        z = float(np.sum(y / np.sqrt(v)))
        p_value: float | None = float(norm.sf(abs(z) / np.sqrt(k)))
        number = z**2 / float(norm.isf(alpha)) ** 2 - k
    elif method == "rosenberg":
        w = 1 / v
        mean = float(np.sum(w * y) / w.sum())
        p_value = 2 * float(norm.sf(abs(mean) * np.sqrt(w.sum())))
        number = k / w.sum() * (float(np.sum(w * y) / norm.isf(alpha / 2)) ** 2 - w.sum())
    elif method == "orwin":
        mean = float(np.mean(y))
        goal = mean / 2 if target is None else target
        if goal == 0 or goal * mean <= 0 or abs(goal) >= abs(mean):
            raise EvidenceError(
                "the target must lie between 0 and the mean",
                field="target",
                value=goal,
                expected=f"0 to {mean:g}",
            )
        p_value, number = None, k * (mean - goal) / goal
    else:
        raise EvidenceError(
            "not known", field="method", value=method, expected="rosenthal, rosenberg or orwin"
        )
    return {
        "method": method,
        "fail_safe_n": max(0, int(np.ceil(number - 1e-9))),
        "p_value": p_value,
        "alpha": alpha,
    }


def pet_peese(result: PairwiseResult, *, alpha: float = 0.05) -> dict[str, Any]:
    """PET-PEESE: the effect of a study without sampling error, by regression on the standard error (PET), or on the
    variance (PEESE) when PET's one-sided test, in the direction of the effect, has p < alpha.

    Returns ``chosen`` and for both estimate, se, ci_low, ci_high and p_value. It extrapolates: with high heterogeneity or
    few studies it is unreliable (Stanley, Soc Psychol Personal Sci 2017;8:581-591).
    """
    y, v = _enough(result).data.yi, result.data.vi
    pet = _weighted_regression(y, v, np.sqrt(v), result.fitted.level)
    peese = _weighted_regression(y, v, v, result.fitted.level)
    sign = np.sign(np.sum(y / v))
    one_sided = float(t.sf(sign * pet["limit"] / pet["limit_se"], pet["df"]))
    names = {"estimate": "limit", "se": "limit_se", "ci_low": "limit_low", "ci_high": "limit_high"}
    names |= {"p_value": "limit_p_value", "slope": "slope"}
    rows = {
        name: {key: plain(found[own]) for key, own in names.items()}
        for name, found in (("pet", pet), ("peese", peese))
    }
    return {"chosen": "peese" if one_sided < alpha else "pet", "pet_one_sided_p": one_sided, **rows}


def _enough(result: PairwiseResult) -> PairwiseResult:
    if result.k < 3:
        raise EvidenceError(
            f"{result.k} studies are too few for a test of asymmetry", expected="at least 3; 10 to have any power",
            advice="describe the studies instead",
        )  # fmt: skip
    return result
