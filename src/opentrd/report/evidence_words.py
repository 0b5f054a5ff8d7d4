"""How numbers of the evidence wing are said: estimates on the scale that people read, intervals, p, heterogeneity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from opentrd.evidence.effect import MEASURES
from opentrd.evidence.effect_single import from_double_arcsine, harmonic_mean
from opentrd.evidence.table import EffectTable, is_number

Row = Mapping[str, Any]
NONE = "none"
_MODELS = {
    "common": "common effect", "REML": "random effects (REML)", "DL": "random effects (DerSimonian-Laird)",
    "PM": "random effects (Paule-Mandel)", "ML": "random effects (ML)", "EB": "random effects (empirical Bayes)",
    "SJ": "random effects (Sidik-Jonkman)", "HE": "random effects (Hedges)",
}  # fmt: skip
_TESTS = {
    "z": "z test", "t": "t test", "knapp-hartung": "Knapp-Hartung test",
    "knapp-hartung-adhoc": "Knapp-Hartung test (never narrower than z)",
}  # fmt: skip


def measure_words(measure: str | None) -> str:
    """The measure in words; ``effect as given`` when the table does not say."""
    if measure is None:
        return "effect as given"
    known = MEASURES.get(measure.upper())
    if known is not None and known.scale == "own" and not isinstance(measure, DoubleArcsine):
        return f"{known.label}, not turned back"
    return known.label if known else measure


def is_ratio(measure: str | None) -> bool:
    """Whether the measure is a ratio, pooled as its logarithm."""
    known = MEASURES.get((measure or "").upper())
    return known is not None and known.scale == "log"


def null_value(measure: str | None) -> float | None:
    """The value of no effect on the analysis scale; None where there is none (proportions, reliability)."""
    known = MEASURES.get((measure or "").upper())
    if known is None or known.scale in ("log", "identity", "z"):
        return None if known is not None and known.name in ("PR", "ARAW") else 0.0
    return None


class DoubleArcsine(str):
    """The name ``PFT`` with the sample size ``n`` that the way back to a proportion needs: of a study its own, of a pooled
    value the harmonic mean of all (Miller, Am Stat 1978;32:138)."""

    n: float

    def __new__(cls, n: float) -> DoubleArcsine:
        """The measure for one sample size."""
        made = super().__new__(cls, "PFT")
        made.n = n
        return made


def read_as(data: EffectTable, row: int | None = None) -> str | None:
    """The measure of a table with what its way back needs; ``row``: for one study instead of pooled values."""
    if data.measure != "PFT" or "n" not in data.raw.columns or not data.raw.is_numeric("n"):
        return data.measure
    n = data.raw.numbers("n")
    if not (np.isfinite(n) & (n > 0)).all():
        return data.measure
    return DoubleArcsine(float(n[row]) if row is not None else float(harmonic_mean(n)))


def is_transformed(measure: str | None) -> bool:
    """Whether values are pooled on another scale than people read, and can be said on theirs."""
    known = MEASURES.get((measure or "").upper())
    if known is None or known.scale == "identity":
        return False
    return known.scale != "own" or isinstance(measure, DoubleArcsine)


def back(value: float, measure: str | None) -> float:
    """A value of the analysis scale on the scale that people read."""
    known = MEASURES.get((measure or "").upper())
    if isinstance(measure, DoubleArcsine):
        return float(from_double_arcsine(value, measure.n))
    with np.errstate(over="ignore"):
        return value if known is None else float(known.back(value))


# Measures whose second decimal is fine enough; differences of risks and correlations need a third.
_TWO_DECIMALS = ("MD", "SMD")


def number(value: float | None, decimals: int = 3) -> str:
    """A number with a true minus sign: ``decimals`` places, fewer where it is large, more digits where it is tiny."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size and (size < 0.5 * 10.0**-decimals or size >= 1e6):
        text = f"{value:.1g}" if size < 1 else f"{value:.3g}"
    else:
        text = f"{value:.{min(decimals, 3 if size < 1 else 2 if size < 100 else 1 if size < 1000 else 0)}f}"
    return text.replace("-", "−")


def statistic(value: float) -> str:
    """A test statistic: rounding to nothing is 0."""
    return "0" if value < 0.0005 else number(value)


def shown(value: float | None, measure: str | None) -> str:
    """A value of the analysis scale, said on the scale that people read."""
    if value is None:
        return NONE
    return number(back(value, measure), 2 if is_ratio(measure) or measure in _TWO_DECIMALS else 3)


def interval(low: float | None, high: float | None, measure: str | None) -> str:
    """``0.33 to 0.73``; ``none`` where there is no interval."""
    if low is None or high is None:
        return NONE
    return f"{shown(low, measure)} to {shown(high, measure)}"


def plain_interval(low: float | None, high: float | None) -> str:
    """An interval as it stands, without a way back."""
    return interval(low, high, None)


def estimate(row: Row, measure: str | None) -> str:
    """``0.49 (0.33 to 0.73)``."""
    return f"{shown(row['estimate'], measure)} ({interval(row['ci_low'], row['ci_high'], measure)})"


def p(value: float | None) -> str:
    """``0.012``, ``< 0.001``."""
    if value is None or not math.isfinite(value):
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def count(value: float | None) -> str:
    """A count; ``not given`` when it is not known."""
    return "not given" if value is None else f"{value:,.0f}"


def text(value: Any) -> str:
    """Any cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, float) else str(value)


_HEADS = {
    "events_1": "events, group 1", "n_1": "persons, group 1", "events_2": "events, group 2", "n_2": "persons, group 2",
    "ci_low": "from", "ci_high": "to", "p_value": "p", "se": "SE", "weight": "weight, %", "yi": "estimate", "vi": "variance",
    "tau2": "tau²", "tau2_low": "tau² from", "tau2_high": "tau² to", "i2": "I², %", "h2": "H²", "q": "Q", "q_p": "p of Q",
    "q_df": "df of Q", "df": "df", "k": "studies", "rstudent": "residual in SE", "dffits": "DFFITS",
    "cooks_distance": "Cook's distance",
    "tau2_without": "tau² without", "q_without": "Q without", "p_score": "P-score", "p_score_low": "P-score from",
    "p_score_high": "P-score to", "pi_low": "new study from", "pi_high": "new study to", "standardised_residual": "residual in SE",
    "statistic": "test statistic", "sucra": "SUCRA", "cov_ratio": "covariance ratio", "hat": "leverage",
}  # fmt: skip


def head(column: str) -> str:
    """The head of a column of a table in words."""
    return _HEADS.get(column, column.replace("_", " "))


def cell(column: str, value: Any) -> str:
    """A cell of a table by its column: p as p, shares of weight with one decimal, else as :func:`text`."""
    if column in ("p", "p_value", "q_p") and isinstance(value, float | None):
        return p(value) if value is not None else ""
    return f"{value:.1f}" if column == "weight" and isinstance(value, float) else text(value)


def numeric(rows: Sequence[Row], column: str) -> bool:
    """Whether a column holds numbers only, and so is set to the right."""
    values = [row.get(column) for row in rows if row.get(column) not in (None, "")]
    return bool(values) and all(not isinstance(one, bool) and is_number(str(one)) for one in values)


def model_words(row: Row) -> str:
    """Model and test in words."""
    model, test = str(row["model"]), str(row.get("test") or "z")
    return f"{_MODELS.get(model, model)}, {_TESTS.get(test, test)}"


def heterogeneity(row: Row) -> str:
    """tau² with its interval, I2 and Q of a pairwise result."""
    q = f"Q {statistic(row['q'])} on {row['q_df']} df, p {p(row['q_p'])}"
    if row["model"] == "common":
        return f"not part of the model; I² {number(row['i2'], 0)} %; {q}"
    ends = interval(row["tau2_low"], row["tau2_high"], None)
    return f"tau² {number(row['tau2'])} ({ends}), I² {number(row['i2'], 0)} %; {q}"


def network_heterogeneity(row: Row) -> str:
    """tau² with its interval and the parts of Q of a network."""
    parts = "; ".join(
        f"{name} {statistic(row[key])} on {row[f'{key}_df']} df, p {p(row[f'{key}_p'])}"
        for name, key in (("Q", "q_total"), ("within designs", "q_within"), ("between designs", "q_between"))
    )
    if row["model"] == "common":
        return parts
    tau2 = "cannot be estimated" if row["tau2"] is None else number(row["tau2"])
    return f"tau² {tau2} ({interval(row['tau2_low'], row['tau2_high'], None)}); {parts}"


def position(row: Row, most: int = 99) -> str:
    """Where a treatment sits in the network; more than ``most`` comparators are counted only."""
    if row["only_through"]:
        return f"hangs on {row['only_through']} alone"
    beside = str(row["comparators"]).split("; ")
    return f"beside {', '.join(beside)}" if len(beside) <= most else f"beside {len(beside)} others"
