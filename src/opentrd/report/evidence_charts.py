"""The charts of a pairwise meta-analysis: forest, funnel with contours, leave-one-out, cumulative, subgroups, regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from opentrd.evidence import EvidenceError, TrimFill, funnel
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence.table import EffectTable
from opentrd.report import charts
from opentrd.report import evidence_words as words
from opentrd.report.evidence_svg import Axis, Drawing, intervals

Row = Mapping[str, Any]
# Shades of the contours, from p below 0.01 to p of 0.10 and more.
_SHADES = {0.99: "#d6dbe1", 0.95: "#e8ebee", 0.90: "#ffffff"}
_OUTSIDE = "#c2c9d1"
FUNNEL_WIDTH, FUNNEL_HEIGHT = 560, 330


def axis_title(measure: str | None) -> str:
    """The title of an axis of effects."""
    said = words.measure_words(measure)
    return f"{said} (logarithmic scale)" if words.is_ratio(measure) else said


def names_of(data: EffectTable) -> list[str]:
    """The names of the rows; one that stands there more than once is told apart by its year, else by its row in the file."""
    years = data.raw.columns.get("year")
    found = []
    for i, name in enumerate(data.study):
        if data.study.count(name) == 1:
            found.append(name)
            continue
        alike = [j for j, other in enumerate(data.study) if other == name]
        apart = (
            years is not None
            and all(years[j] for j in alike)
            and len({years[j] for j in alike}) == len(alike)
        )
        found.append(f"{name} ({years[i]})" if apart and years else f"{name} (row {data.raw.rows[i]})")
    return found


def forest(result: PairwiseResult, prefix: str = "forest") -> Drawing:
    """Each study with its weight, then the pooled effect and where a new study would lie."""
    measure, level = words.read_as(result.data), result.fitted.level
    heads, cells = _raw_cells(result)
    names = names_of(result.data)
    rows: list[dict[str, Any]] = [
        {
            "name": names[place], "estimate": row["yi"], "ci_low": row["ci_low"], "ci_high": row["ci_high"],
            "weight": row["weight"], "cells": cells[place], "measure": words.read_as(result.data, place),
        }
        for place, row in enumerate(result.studies())
    ]  # fmt: skip
    table = result.table()
    if len(result.terms) == 1:
        rows.append({**_pooled(table), "name": f"Pooled, {result.k} rows", "kind": "pooled"})
        if table["pi_low"] is not None:
            rows.append(
                {
                    "name": "A new study (prediction)", "estimate": table["estimate"],
                    "ci_low": table["pi_low"], "ci_high": table["pi_high"], "kind": "prediction",
                }
            )  # fmt: skip
    return intervals(
        rows, measure=measure, prefix=prefix, title="Forest plot",
        description="Each study with its interval and weight, and the pooled effect; the same numbers are in the tables.",
        heads=heads, name_head="Study", value_head=f"Effect ({100 * level:g} % interval)", weight_head="Weight",
        axis_title=axis_title(measure), level=level,
    )  # fmt: skip


def _pooled(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("estimate", "ci_low", "ci_high")}


def _raw_cells(result: PairwiseResult) -> tuple[list[str], list[list[str]]]:
    """What the effects were computed from, in short: events of persons, or mean (SD) of persons, for each group."""
    columns = result.data.raw.columns
    names = set(columns)

    def cell(name: str, place: int) -> str:
        return columns[name][place]

    rows = range(len(result.data))
    if result.data.measure and {"events_1", "n_1", "events_2", "n_2"} <= names:
        made = [[f"{cell(f'events_{g}', i)}/{cell(f'n_{g}', i)}" for g in (1, 2)] for i in rows]
        return ["Group 1", "Group 2"], made
    if result.data.measure and {"mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2"} <= names:
        made = [
            [f"{cell(f'mean_{g}', i)} ({cell(f'sd_{g}', i)}), {cell(f'n_{g}', i)}" for g in (1, 2)]
            for i in rows
        ]
        return ["Group 1: mean (SD), n", "Group 2: mean (SD), n"], made
    return [], [[] for _ in rows]


def one_by_one(
    result: PairwiseResult, rows: Sequence[Row], *, name: str, title: str, said: str, prefix: str
) -> Drawing:
    """Rows of estimates (leave-one-out, cumulative, subgroups) above the pooled effect."""
    measure = words.read_as(result.data)
    # Leave-one-out has one row for each row of the table, in its order.
    apart = names_of(result.data) if prefix == "without" and len(rows) == len(result.data) else None
    shown = [
        {"name": f"{said}{apart[i] if apart else row[name]}", **_pooled(row)}
        for i, row in enumerate(rows)
        if row.get("estimate") is not None
    ]
    whole = {**_pooled(result.table()), "name": f"All {result.k} rows", "kind": "pooled"}
    return intervals(
        [*shown, whole], measure=measure, prefix=prefix, title=title,
        description=f"{title}: one line for each row of the table.", name_head="",
        value_head=f"Effect ({100 * result.fitted.level:g} % interval)", axis_title=axis_title(measure),
    )  # fmt: skip


def contour_funnel(result: PairwiseResult, filled: TrimFill | None = None, prefix: str = "funnel") -> Drawing:
    """Effect against standard error, over shades of significance; studies added by trim and fill are open."""
    import altair as alt

    found = funnel(result, levels=(0.99, 0.95, 0.90), filled=filled, steps=60)
    measure = words.read_as(result.data)
    ratio = words.is_ratio(measure)
    tallest = max(row["se"] for row in found["region"])
    edges = [row["yi"] for row in found["points"]] + [
        row[end] for row in found["region"] for end in ("low", "high")
    ]
    low, high = min(edges), max(edges)
    margin = 0.03 * (high - low) or 0.5
    low, high = low - margin, high + margin
    if ratio:  # what a computer can hold as a ratio
        low, high = max(low, -300.0), min(high, 300.0)

    def x_of(value: float) -> float:
        clipped = min(max(value, low), high)
        return float(np.exp(clipped)) if ratio else clipped

    domain = [x_of(low), x_of(high)]
    scale = (
        alt.Scale(type="log", domain=domain, nice=False) if ratio else alt.Scale(domain=domain, nice=False)
    )
    x = alt.X("low:Q", title=axis_title(measure), scale=scale, axis=_axis(measure, low, high))
    y_scale = alt.Scale(domain=[tallest, 0], nice=False)
    y = alt.Y("se:Q", title="standard error", scale=y_scale, axis=alt.Axis(tickCount=5, grid=False))
    back = [
        {"se": 0.0, "low": domain[0], "high": domain[1]},
        {"se": tallest, "low": domain[0], "high": domain[1]},
    ]
    layers: list[Any] = [
        alt.Chart(alt.InlineData(values=back))
        .mark_area(orient="horizontal", color=_OUTSIDE if words.null_value(measure) == 0.0 else "#ffffff")
        .encode(x=x, x2="high:Q", y=y)
    ]
    if words.null_value(measure) == 0.0:
        for level, shade in _SHADES.items():
            values = [
                {"se": row["se"], "low": x_of(row["low"]), "high": x_of(row["high"])}
                for row in found["contours"] if row["level"] == level
            ]  # fmt: skip
            layers.append(
                alt.Chart(alt.InlineData(values=values))
                .mark_area(orient="horizontal", color=shade, clip=True).encode(x=x, x2="high:Q", y=y)
            )  # fmt: skip
    region = [
        {"se": row["se"], "low": x_of(row[end]), "side": end}
        for end in ("low", "high") for row in found["region"] if low <= row[end] <= high
    ]  # fmt: skip
    layers.append(
        alt.Chart(alt.InlineData(values=region)).mark_line(color=charts.SOLID, strokeDash=[4, 3], strokeWidth=1.2)
        .encode(x=x, y=y, detail="side:N", order="se:Q")
    )  # fmt: skip
    centre = [{"se": 0.0, "low": x_of(result.estimate)}, {"se": tallest, "low": x_of(result.estimate)}]
    layers.append(
        alt.Chart(alt.InlineData(values=centre))
        .mark_line(color=charts.SOLID, strokeWidth=1.2)
        .encode(x=x, y=y)
    )
    points = [
        {"se": row["se"], "low": x_of(row["yi"]), "fill": "#ffffff" if row["added"] else charts.SOLID}
        for row in found["points"]
    ]
    layers.append(
        alt.Chart(alt.InlineData(values=points))
        .mark_point(filled=True, size=52, stroke=charts.SOLID, strokeWidth=1.3, opacity=1)
        .encode(x=x, y=y, fill=alt.Fill("fill:N", scale=None, legend=None))
    )
    chart = alt.layer(*layers).properties(width=FUNNEL_WIDTH, height=FUNNEL_HEIGHT)
    return Drawing(
        charts.from_altair(
            charts.base_config(chart), prefix, "Funnel plot with contours of significance",
            "Each study by its effect and standard error. White: p of 0.10 and more against no effect; then p below "
            "0.10, below 0.05, below 0.01 in darker shades. Dashed: where 95 % of studies would lie by chance alone.",
        )
    )  # fmt: skip


def _axis(measure: str | None, low: float, high: float) -> Any:
    """The axis of effects of a funnel: of transformed measures labelled with the values that people read."""
    import altair as alt

    if words.is_ratio(measure) or not words.is_transformed(measure):
        return alt.Axis(tickCount=6, grid=False)
    ticks = Axis(low, high, measure).ticks()
    label = "".join(f"abs(datum.value - {place!r}) < 1e-9 ? '{said}' : " for place, said in ticks) + "''"
    return alt.Axis(values=[place for place, _ in ticks], labelExpr=label, grid=False)


def regression(result: PairwiseResult, prefix: str = "regression") -> Drawing:
    """Effects against one numeric moderator, with the line of the model and its interval."""
    import altair as alt

    if len(result.terms) != 2 or ":" in result.terms[1]:
        raise EvidenceError(
            "a regression is drawn for one numeric moderator", field="mods", value=", ".join(result.terms[1:]),
            advice="read the table of coefficients",
        )  # fmt: skip
    measure, moderator = words.read_as(result.data), result.x[:, 1]
    ratio = words.is_ratio(measure)

    def shown(value: float | None, own: str | None = measure) -> float | None:
        return value if value is None else words.back(min(max(value, -300.0), 300.0) if ratio else value, own)

    grid = np.linspace(moderator.min(), moderator.max(), 60)
    line = []
    for at in grid:
        row = result.predict([at])
        line.append({"x": float(at), **{key: shown(row[key]) for key in ("estimate", "ci_low", "ci_high")}})
    points = [
        {"x": float(at), "estimate": shown(row["yi"], words.read_as(result.data, i)), "weight": row["weight"]}
        for i, (at, row) in enumerate(zip(moderator, result.studies(), strict=True))
    ]
    scale = alt.Scale(type="log", nice=False) if ratio else alt.Scale(zero=False)
    x = alt.X(
        "x:Q",
        title=result.terms[1],
        scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(grid=False, tickCount=6, format="~g"),
    )
    title = axis_title(measure) if ratio else words.measure_words(measure)
    y = alt.Y("estimate:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6))
    low = alt.Y("ci_low:Q", title=title, scale=scale)
    band = (
        alt.Chart(alt.InlineData(values=line)).mark_area(color=charts.PALE).encode(x=x, y=low, y2="ci_high:Q")
    )
    path = (
        alt.Chart(alt.InlineData(values=line)).mark_line(color=charts.SOLID, strokeWidth=1.8).encode(x=x, y=y)
    )
    dots = (
        alt.Chart(alt.InlineData(values=points))
        .mark_point(filled=True, color=charts.SOLID, opacity=0.75)
        .encode(x=x, y=y, size=alt.Size("weight:Q", legend=None, scale=alt.Scale(range=[20, 260], zero=True)))
    )
    chart = alt.layer(band, path, dots).properties(width=FUNNEL_WIDTH, height=300)
    return Drawing(
        charts.from_altair(
            charts.base_config(chart), prefix, f"Effect by {result.terms[1]}",
            "Each study by the moderator and its effect, larger with more weight, and the line of the model with its interval.",
        )
    )  # fmt: skip
