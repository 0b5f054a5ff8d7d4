"""What is pooled on another scale is said on the scale that people read: proportions, correlations, ratios, reliability."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import opentrd
from opentrd.cli import app
from opentrd.evidence.effect import MEASURES
from opentrd.report import evidence as evidence_page
from opentrd.report import evidence_words as words
from opentrd.report.evidence_svg import Axis

EVENTS = {
    "study": list("abcdef"), "events": [3, 12, 40, 0, 95, 30], "n": [20, 48, 310, 15, 420, 90], "year": [2001, 4, 8, 10, 15, 19]
}  # fmt: skip
RUN = CliRunner()


@given(st.integers(1, 400), st.floats(0, 1))
def test_the_double_arcsine_of_one_study_goes_back_to_its_proportion(n: int, share: float) -> None:
    events = round(share * n)
    yi, _ = opentrd.evidence.effect_sizes("PFT", events=[events], n=[n])
    assert words.back(float(yi[0]), words.DoubleArcsine(n)) == pytest.approx(events / n, abs=1e-7)


def test_a_pooled_double_arcsine_is_said_as_a_proportion_with_a_warning() -> None:
    pooled = opentrd.pool(EVENTS, measure="PFT")
    measure = words.read_as(pooled.result.data)
    assert isinstance(measure, words.DoubleArcsine)
    assert measure.n == pytest.approx(6 / sum(1 / n for n in EVENTS["n"]))
    row = pooled.table()
    # Miller 1978, written out for the pooled value.
    t, n = 2 * row["estimate"], measure.n
    by_hand = 0.5 * (
        1
        - math.copysign(1, math.cos(t))
        * math.sqrt(1 - (math.sin(t) + (math.sin(t) - 1 / math.sin(t)) / n) ** 2)
    )
    assert words.shown(row["estimate"], measure) == f"{by_hand:.3f}"
    assert any("harmonic mean" in note and "Schwarzer 2019" in note for note in row["notes"])
    page = evidence_page.page(pooled.result)
    assert (
        f"{by_hand:.3f} (" in page and "0.150 (0.021 to 0.346)" in page
    )  # the study by its own size: 3 of 20
    assert ">p</dt>" not in page  # a proportion has no value of no effect


def test_without_sizes_a_double_arcsine_is_left_and_said_to_be_one() -> None:
    pooled = opentrd.pool([0.3, 0.4, 0.5], [0.01, 0.02, 0.01], measure="PFT")
    assert (
        words.measure_words(words.read_as(pooled.result.data))
        == "proportion by double arcsine, not turned back"
    )
    pooled = opentrd.pool({"study": list("ab"), "yi": [0.3, 0.4], "vi": [0.01, 0.02]}, measure="PFT")
    assert words.read_as(pooled.result.data) == "PFT"


@pytest.mark.parametrize(
    "measure", [name for name, one in MEASURES.items() if one.scale not in ("identity", "own")]
)
def test_ticks_of_a_transformed_axis_are_values_as_people_read_them(measure: str) -> None:
    low, high = (0.3, 1.2) if measure in ("PAS", "AHW") else (-2.0, 1.0)
    ticks = Axis(low, high, measure).ticks()
    assert len(ticks) >= 2 and [at for at, _ in ticks] == sorted(at for at, _ in ticks)
    for at, label in ticks:
        assert low <= at <= high
        assert float(label.replace("−", "-")) == pytest.approx(words.back(at, measure), rel=6e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("measure", "table", "expected"),
    [
        ("PLO", EVENTS, (0, 1)),
        ("PAS", EVENTS, (0, 1)),
        ("PFT", EVENTS, (0, 1)),
        ("ZCOR", {"study": list("abc"), "r": [0.8, 0.9, 0.95], "n": [20, 30, 40]}, (-1, 1)),
        ("ABT", {"study": list("abc"), "alpha": [0.8, 0.9, 0.85], "items": [10, 10, 10], "n": [50, 60, 70]}, (0.6, 1)),
        ("AHW", {"study": list("abc"), "alpha": [0.8, 0.9, 0.85], "items": [10, 10, 10], "n": [50, 60, 70]}, (0.6, 1)),
    ],
)  # fmt: skip
def test_the_command_prints_natural_values(
    tmp_path: Path, measure: str, table: dict[str, Any], expected: tuple[float, float]
) -> None:
    path = tmp_path / "t.csv"
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    said = RUN.invoke(app, ["pool", str(path), "--measure", measure]).output
    line = next(one for one in said.splitlines() if one.strip().startswith("estimate"))
    numbers = [float(part) for part in line.replace("(", " ").replace(")", " ").split()[1:4] if part != "to"]
    assert all(expected[0] <= number <= expected[1] for number in numbers), line
    pooled = opentrd.pool(table, measure=measure)
    assert numbers[0] == pytest.approx(
        words.back(pooled.table()["estimate"], words.read_as(pooled.result.data)), abs=6e-4
    )
    assert (", p " in line) == (measure == "ZCOR")


def test_regression_and_funnel_of_proportions_are_drawn_as_proportions() -> None:
    pooled = opentrd.pool(EVENTS, measure="PFT", mods="year")
    drawn = str(pooled.plot("regression"))
    assert "proportion by double arcsine" in drawn
    plain = opentrd.pool(EVENTS, measure="PLO")
    assert np.isfinite(plain.table()["estimate"]) and ">0.2<" in str(plain.plot("funnel"))
