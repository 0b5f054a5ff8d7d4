"""Two tables that not every run has: definitions against a synthetic truth, and the parameters of a multiverse."""

from __future__ import annotations

from typing import Any

from opentrd.compare import Comparison, wilson
from opentrd.report.suppress import smallest_shown

Row = dict[str, Any]
Rows = list[Row]

# From so many true failures on they are one group.
MOST_FAILURES = 4
MEASURES = ("sensitivity", "specificity", "ppv", "npv")


def needed_failures(comparison: Comparison) -> int:
    """How many failed adequate trials in one episode make a person truly resistant: the knowledge row says it."""
    found = comparison.connection.execute(
        "SELECT CAST(needed AS BIGINT) FROM knowledge.definition WHERE definition = 'two_adequate_trials'"
    ).fetchall()
    return int(found[0][0])


def accuracy(comparison: Comparison) -> Rows:
    """One row a definition: its 2x3 table against the truth, and four measures with bounds and intervals.

    ``<measure>`` is that among the determined, with ``_determined_low`` and ``_determined_high``, its Wilson interval.
    ``<measure>_low`` and ``_high`` read the undetermined against and for the definition; ``_ci_low`` and ``_ci_high`` are the
    outer Wilson limits of the two. Fractions. Invented persons need no protection, so nothing is hidden.
    """
    needed = needed_failures(comparison)
    counts: dict[str, dict[str, int]] = {}
    for row in comparison.rows("true_count"):
        own = counts.setdefault(
            row["definition"],
            {
                f"{said}_{truth}": 0
                for truth in ("true", "false")
                for said in ("met", "undetermined", "not_met")
            },
        )
        truth = "true" if row["failures"] >= needed else "false"
        for said in ("met", "undetermined", "not_met"):
            own[f"{said}_{truth}"] += row[said]
    rows: Rows = []
    for name, cell in counts.items():
        tp, up, fn = cell["met_true"], cell["undetermined_true"], cell["not_met_true"]
        fp, uf, tn = cell["met_false"], cell["undetermined_false"], cell["not_met_false"]
        line: Row = {"definition": name, **cell}
        line.update(_determined("sensitivity", tp, tp + fn))
        line.update(_determined("specificity", tn, tn + fp))
        line.update(_determined("ppv", tp, tp + fp))
        line.update(_determined("npv", tn, tn + fn))
        line.update(_bounds("sensitivity", (tp, tp + up + fn), (tp + up, tp + up + fn)))
        line.update(_bounds("specificity", (tn, tn + uf + fp), (tn + uf, tn + uf + fp)))
        line.update(_bounds("ppv", (tp, tp + fp + uf), (tp + up, tp + up + fp)))
        line.update(_bounds("npv", (tn, tn + fn + up), (tn + uf, tn + uf + fn)))
        rows.append(line)
    return rows


def by_true_number(comparison: Comparison) -> Rows:
    """One row a definition and true number of failed adequate trials: the shares met, undetermined and not met."""
    sums: dict[tuple[str, int], Row] = {}
    for row in comparison.rows("true_count"):
        number = min(MOST_FAILURES, row["failures"])
        own = sums.setdefault(
            (row["definition"], number), dict.fromkeys(("persons", "met", "undetermined", "not_met"), 0)
        )
        for name in own:
            own[name] += row[name]
    return [
        {"definition": name, "true_failures": f"{number}{'+' if number == MOST_FAILURES else ''}", **own}
        for (name, number), own in sorted(sums.items())
    ]


def _bounds(name: str, low: tuple[int, int], high: tuple[int, int]) -> Row:
    lower, upper = wilson(*low), wilson(*high)
    return {
        f"{name}_low": _share(*low),
        f"{name}_high": _share(*high),
        f"{name}_ci_low": None if lower is None else round(lower[0], 4),
        f"{name}_ci_high": None if upper is None else round(upper[1], 4),
    }


def _determined(name: str, part: int, whole: int) -> Row:
    """The measure among the determined, with its Wilson interval."""
    limits = wilson(part, whole)
    return {
        name: _share(part, whole),
        f"{name}_determined_low": None if limits is None else round(limits[0], 4),
        f"{name}_determined_high": None if limits is None else round(limits[1], 4),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def effects(comparison: Comparison) -> Rows:
    """One row a parameter and reading: how much it alone moves prevalence (percentage points, one decimal)."""
    return [
        {
            **row,
            "mean_change": _tenth(row["mean_change"]),
            "largest_change": _tenth(row["largest_change"]),
            "variance_share": None if row["variance_share"] is None else round(row["variance_share"], 3),
        }
        for row in sorted(
            comparison.rows("parameter_effect"),
            key=lambda row: (row["reading"], -(row["mean_change"] or 0), row["parameter"]),
        )
    ]


def levels(comparison: Comparison) -> Rows:
    """One row a parameter, level and reading: mean, lowest and highest prevalence of its definitions, per cent."""
    return [
        {**row, **{name: _tenth(row[name]) for name in ("mean", "lowest", "highest")}}
        for row in comparison.rows("parameter_level")
    ]


def specifications(comparison: Comparison, min_count: int) -> Rows:
    """One row a definition of the multiverse: its parameters and its lowest and highest prevalence, per cent, in order.

    Percentages keep one decimal; where a count is small the percentage is None.
    """
    if "parameter_effect" not in comparison.tables:
        return []
    least = smallest_shown(min_count)
    result = comparison.connection.execute(
        "SELECT t.*, c.eligible_low AS _eligible_low, c.eligible_high AS _eligible_high, "
        "c.met_low AS _met_low, c.met_high AS _met_high "
        "FROM compare.variant_text AS t JOIN compare.variant_count AS c ON c.variant = t.variant "
        "ORDER BY c.met_low, c.met_high, t.variant"
    )
    names = [column[0] for column in result.description or ()]
    rows: Rows = []
    for values in result.fetchall():
        row = dict(zip(names, values, strict=True))
        low = _percent(row.pop("_met_low"), row.pop("_eligible_high"), least)
        high = _percent(row.pop("_met_high"), row.pop("_eligible_low"), least)
        rows.append({**row, "low_pct": low, "high_pct": high})
    return rows


def _percent(part: int | None, whole: int | None, least: int) -> float | None:
    if part is None or not whole or 0 < part < least:
        return None
    return _tenth(min(100.0, 100 * part / whole))


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
