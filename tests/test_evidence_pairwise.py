"""Pooling as its users meet it: laws that hold for any studies, closed forms, and what is said about bad input."""

from __future__ import annotations

import doctest
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from evidence_oracles import HERE
from opentrd.evidence import EvidenceError, pool, pool_sets, read_effects
from opentrd.evidence.pairwise.algebra import log_likelihood, make_sets
from opentrd.evidence.pairwise.tau2 import MODELS

Floats = NDArray[np.float64]
ROOT = Path(__file__).parents[1]
RANDOM = tuple(model for model in MODELS if model != "common")
CONTRACT = (
    "estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "tau2_low", "tau2_high", "i2", "h2", "q", "q_df",
    "q_p", "k",
)  # fmt: skip


@st.composite
def studies(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Between 2 and 12 studies with variances over four powers of ten."""
    k = draw(st.integers(2, 12))
    yi = draw(st.lists(st.floats(-5, 5), min_size=k, max_size=k))
    logs = draw(st.lists(st.floats(-3, 1), min_size=k, max_size=k))
    return np.array(yi), 10 ** np.array(logs)


@settings(max_examples=60, deadline=None)
@given(studies(), st.sampled_from(MODELS), st.floats(-3, 3), st.floats(0.1, 10))
def test_shift_and_scale(data: tuple[Floats, Floats], model: str, shift: float, scale: float) -> None:
    yi, vi = data
    one, other = (
        pool_sets(yi, vi, model=model, test="z"),
        pool_sets(shift + scale * yi, scale**2 * vi, model=model, test="z"),
    )
    # Two maxima of one height are told apart by rounding; the height itself is what has to agree.
    if model in ("ML", "REML") and not np.isclose(
        other.tau2[0], scale**2 * one.tau2[0], rtol=1e-4, atol=1e-6
    ):
        heights = [
            log_likelihood(one.sets, np.array([t]), restricted=model == "REML")[0]
            for t in (one.tau2[0], other.tau2[0] / scale**2)
        ]
        assert heights[0] == pytest.approx(heights[1], abs=1e-8)
        return
    assert_allclose(other.tau2, scale**2 * one.tau2, rtol=1e-4, atol=1e-6)
    assert_allclose(other.estimate, shift + scale * one.estimate, rtol=1e-5, atol=1e-5)
    assert_allclose(other.se, scale * one.se, rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(studies(), st.sampled_from(MODELS), st.randoms(use_true_random=False))
def test_the_order_of_the_studies_does_not_matter(
    data: tuple[Floats, Floats], model: str, random: Any
) -> None:
    order = list(range(len(data[0])))
    random.shuffle(order)
    one, other = (
        pool_sets(*data, model=model),
        pool_sets(data[0][order], data[1][order], model=model),
    )
    assert_allclose(other.tau2, one.tau2, rtol=1e-6, atol=1e-9)
    assert_allclose(other.estimate, one.estimate, rtol=1e-7, atol=1e-9)
    assert_allclose(other.q, one.q, rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(studies())
def test_what_holds_for_any_studies(data: tuple[Floats, Floats]) -> None:
    yi, vi = data
    found = {model: pool_sets(yi, vi, model=model) for model in MODELS}
    assert_allclose(found["PM"].tau2, found["EB"].tau2, rtol=1e-12, atol=0)
    for result in found.values():
        assert result.tau2[0] >= 0
        assert result.ci_low[0, 0] <= result.estimate[0] <= result.ci_high[0, 0]
        assert yi.min() - 1e-9 <= result.estimate[0] <= yi.max() + 1e-9
        assert not result.tau2_low[0] > result.tau2_high[0]
        assert 0 <= result.i2[0] <= 100
    # The tau2 of PM is where Q equals its degrees of freedom, so it lies in the Q-profile interval.
    reml = found["PM"]
    assert not reml.tau2[0] < reml.tau2_low[0]


@settings(max_examples=100, deadline=None)
@given(studies(), st.booleans())
def test_no_value_of_tau2_is_likelier_than_the_one_found(
    data: tuple[Floats, Floats], restricted: bool
) -> None:
    yi, vi = data
    found = pool_sets(yi, vi, model="REML" if restricted else "ML", intervals=False)
    best = log_likelihood(found.sets, found.tau2, restricted=restricted)[0]
    many = np.concatenate([[0.0], np.geomspace(1e-6, 200, 400)])
    wide = make_sets(
        np.tile(yi, (len(many), 1)), np.tile(vi, (len(many), 1)), np.ones((len(many), len(yi)), dtype=bool),
        np.ones((len(yi), 1)),
    )  # fmt: skip
    assert best >= log_likelihood(wide, many, restricted=restricted).max() - 1e-9


def test_a_likelihood_with_two_maxima_gives_the_higher_one() -> None:
    """Two precise studies that agree and two vague ones that do not: REML has a maximum at 0 and one far from it."""
    yi, vi = np.array([0.0, 0.1, 6.0, -6.0]), np.array([0.001, 0.001, 4.0, 4.0])
    grid = np.concatenate([[0.0], np.geomspace(1e-5, 100, 4000)])
    wide = make_sets(
        np.tile(yi, (len(grid), 1)),
        np.tile(vi, (len(grid), 1)),
        np.ones((len(grid), 4), dtype=bool),
        np.ones((4, 1)),
    )
    heights = log_likelihood(wide, grid, restricted=True)
    rising = np.diff(heights) > 0
    maxima = int(np.sum(rising[:-1] & ~rising[1:])) + int(not rising[0])
    assert maxima == 2
    assert pool_sets(yi, vi).tau2[0] == pytest.approx(grid[heights.argmax()], rel=0.01, abs=1e-5)


@pytest.mark.parametrize("model", RANDOM)
def test_with_equal_variances_tau2_has_a_closed_form(model: str) -> None:
    """All variances v: tau2 = s2 - v, with s2 over k - 1 (ML: over k); the estimate is the plain mean."""
    rng = np.random.default_rng(20240501)
    yi, v = rng.normal(0.4, 0.8, 15), 0.05
    result = pool_sets(yi, np.full(15, v), model=model, test="knapp-hartung")
    if model == "SJ":  # its weights change the ratio by tau2_0 / (v + tau2_0)
        start = np.var(yi)
        expected = start * np.sum((yi - yi.mean()) ** 2) / (v + start) / 14
    else:
        expected = np.var(yi, ddof=0 if model == "ML" else 1) - v
    assert result.tau2[0] == pytest.approx(expected, rel=1e-10)
    assert result.estimate[0] == pytest.approx(yi.mean())
    assert result.se[0, 0] == pytest.approx(np.std(yi, ddof=1) / np.sqrt(15))


def test_a_thousand_sets_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(7)
    vi = 0.02 + rng.chisquare(1, (20, 1000)) * 0.1
    yi = rng.normal(0, np.sqrt(vi + 0.05))
    for model in MODELS:
        together = pool_sets(yi, vi, model=model)
        assert np.isfinite(together.tau2).all() and np.isfinite(together.se).all()
        for at in (0, 17, 999):
            alone = pool_sets(yi[:, at], vi[:, at], model=model)
            assert_allclose(together.tau2[at], alone.tau2[0], rtol=1e-9, atol=1e-12)
            assert_allclose(together.ci_high[at], alone.ci_high[0], rtol=1e-9)


def test_sets_of_unequal_size() -> None:
    rng = np.random.default_rng(8)
    vi, yi = rng.uniform(0.01, 0.3, (12, 40)), rng.normal(0, 1, (12, 40))
    has = rng.random((12, 40)) < 0.7
    yi[~has], vi[~has] = np.nan, -1.0
    together = pool_sets(yi, vi, has=has)
    for at in range(40):
        alone = pool_sets(yi[has[:, at], at], vi[has[:, at], at])
        assert_allclose(together.tau2[at], alone.tau2[0], rtol=1e-9, atol=1e-12)
        assert_allclose(together.ci_low[at], alone.ci_low[0], rtol=1e-9)
        assert_allclose(together.tau2_high[at], alone.tau2_high[0], rtol=1e-9)


def test_moderators_of_their_own_for_each_set() -> None:
    rng = np.random.default_rng(9)
    vi, yi, x = rng.uniform(0.01, 0.3, (9, 5)), rng.normal(0, 1, (9, 5)), rng.normal(2000, 5, (9, 1, 5))
    together = pool_sets(yi, vi, mods=x)
    for at in range(5):
        alone = pool_sets(yi[:, at], vi[:, at], mods=x[:, :, at])
        assert_allclose(together.coefficients[at], alone.coefficients[0], rtol=1e-8)
        assert_allclose(together.tau2[at], alone.tau2[0], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("row", [("similar", 5, 0.1), ("unequal", 3, 0.5)])
def test_the_page_on_coverage_says_what_the_simulation_gives(row: tuple[str, int, float]) -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import simulate_pairwise

    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    start = f"| {row[0]} | {row[1]} | {row[2]:g} |"
    line = next(line for line in page.splitlines() if line.startswith(start))
    said = [float(part) for part in line.removeprefix(start).strip(" |").split("|")]
    # A set whose interval ends beside the truth may fall to the other side on another machine.
    assert_allclose(simulate_pairwise.cell(*row), said, atol=0.1)
    if row[0] == "similar":  # the binomial error of 95 % in 10,000 sets is 0.2
        assert said[1] == pytest.approx(95, abs=1.0)


def test_the_examples_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(ROOT / "docs" / "evidence-pairwise.md"), module_relative=False)
    assert tried > 5 and failed == 0


def test_the_result_has_the_keys_of_the_contract_and_is_json() -> None:
    result = pool(HERE / "bcg.csv", measure="RR")
    table = result.table()
    assert set(CONTRACT) <= set(table)
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert (table["k"], table["q_df"], table["measure"]) == (13, 12, "RR")
    rows = result.studies()
    assert [row["study"] for row in rows][:2] == ["Aronson", "Ferguson & Simes"]
    assert sum(row["weight"] for row in rows) == pytest.approx(100)
    assert result.predict()["ci_low"] == pytest.approx(table["ci_low"])


def test_text_as_a_moderator_names_its_reference() -> None:
    data = {
        "study": ["a", "b", "c", "d", "e", "f"], "yi": [0.1, 0.2, 0.8, 0.9, 0.5, 0.55], "vi": [0.01] * 6,
        "control": ["sham", "sham", "waiting list", "waiting list", "active", "active"],
    }  # fmt: skip
    result = pool(data, mods="control")
    assert result.terms == ("intercept", "control: sham", "control: waiting list")
    assert "control: compared with 'active'" in result.notes
    assert result.fitted.coefficients[0] == pytest.approx([0.525, -0.375, 0.325])


def test_rows_without_a_number_are_listed_when_asked() -> None:
    data = {"study": ["a", "b", "c"], "yi": [0.1, None, 0.3], "vi": [0.1, 0.1, 0.1], "dose": [10, 20, 30]}
    result = pool(data, missing="list")
    assert result.k == 2
    assert result.unread == (
        {"row": "3", "study": "b", "field": "yi", "reason": "the cell is empty; row not used"},
    )


def test_rows_without_a_moderator_are_listed_when_asked() -> None:
    data = {"study": list("abcd"), "yi": [1, 2, 3, 4], "vi": [1, 1, 1, 1], "arm": ["x", "y", "", "x"]}
    result = pool(data, mods="arm", missing="list")
    assert result.k == 3 and result.terms == ("intercept", "arm: y")
    assert result.unread[0]["row"] == "4" and result.unread[0]["field"] == "arm"
    assert "rows without a moderator that were left out: 1" in result.notes


def test_arrays_that_are_no_numbers_or_do_not_fit() -> None:
    for make, said in (
        (lambda: pool([1, 2], [1, "x"]), "row 3, field vi: this is not a number"),
        (lambda: pool([1, 2], [1]), "do not fit each other"),
        (lambda: pool(np.ones((3, 2)), np.ones((3, 2))), "pool_sets"),
        (lambda: pool_sets(["a"], [1]), "not all numbers"),
        (lambda: pool_sets(np.ones((3, 2)), np.ones((2, 2))), "do not fit each other"),
        (lambda: pool_sets(np.ones((3, 2)), np.zeros((3, 2))), "row 1 of set 1, field vi"),
        (lambda: pool_sets([1, 2, 3], [1, 1, 1], mods=[2, 3]), "the moderators do not fit the studies"),
        (lambda: pool_sets([1, 2, 3], [1, 1, 1], mods=[2, 2, 2]), "follow from each other"),
        (lambda: pool_sets([1, 2, 3], [1, 1, 1], mods=[2, 3, np.nan]), "a moderator has missing values"),
    ):
        with pytest.raises(EvidenceError) as error:
            make()
        assert said in str(error.value)


def test_dependent_rows_and_few_studies_are_said() -> None:
    result = pool({"study": ["a", "a", "b"], "yi": [0.1, 0.4, 0.3], "vi": [0.1, 0.1, 0.1]})
    assert any(note.startswith("a stands in several rows") for note in result.notes)
    assert any("3 studies" in note for note in result.notes)
    assert any("agree better than chance" in note for note in pool([0.1, 0.1, 0.1], [1, 1, 1]).notes)


GOOD = {"study": ["a", "b", "c"], "yi": [0.1, 0.2, 0.4], "vi": [0.1, 0.2, 0.1]}


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({"study": ["a"], "yi": [1], "vi": [1]}, {}, "only one study"),
        ({"study": [], "yi": [], "vi": []}, {}, "no study"),
        ({"vi": [0.1, 0, 0.1]}, {}, "row 3, field vi: the variance of a study must be above zero (found '0')"),
        ({"vi": [0.1, 0.1, -2]}, {}, "row 4, field vi: the variance of a study must be above zero (found '-2')"),
        ({"yi": [0.1, float("nan"), 0.1]}, {}, "row 3, field yi: study 'b': a number is missing"),
        ({"yi": [0.1, "high", 0.1]}, {}, "row 3, field yi: this is not a number (found 'high')"),
        ({"yi": [0.1, "0,3", 0.1]}, {}, "write a point for the decimal sign"),
        ({"yi": [0.1, float("inf"), 0.1]}, {}, "row 3, field yi: this is not a number"),
        ({"study": ["a", "", "c"]}, {}, "row 3, field study: the study has no name"),
        ({}, {"measure": "OR"}, "field events_1: the column is missing"),
        ({}, {"measure": "XX"}, "field measure: this measure is not known (found 'XX')"),
        ({}, {"model": "reml"}, "one of REML, DL, PM"),
        ({}, {"model": "common", "test": "knapp-hartung"}, "belongs to random-effects models"),
        ({}, {"test": "wald"}, "this test is not known"),
        ({}, {"mods": "dose"}, "field dose: the column is missing"),
        ({"dose": [1, 1, 1]}, {"mods": "dose"}, "the same value in every study"),
        ({"dose": [1, None, 2]}, {"mods": "dose"}, "row 3, field dose"),
        ({"arm": ["x", "y", ""]}, {"mods": "arm"}, "row 4, field arm: study 'c' has no value of the moderator"),
        ({"dose": [1, 2, 2], "week": [2, 4, 5]}, {"mods": "dose,week"}, "too few"),
        ({}, {"level": 95}, "between 0 and 1"),
    ],
)  # fmt: skip
def test_bad_input_says_where_and_what_to_do(
    change: dict[str, Any], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(EvidenceError) as error:
        pool({**GOOD, **change}, **arguments)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("study,yi,vi\n", "a header but no study"),
        ("study;yi;vi\na;1;2\n", "not separated by commas"),
        ("study,yi,yi\na,1,2\n", "field yi: the column stands there twice"),
        ("study,yi,vi\na,1,2\nb,1\n", "row 3: the row has 2 cells"),
        ("study,yi,vi\na,1,2\n\nb,x,1\n", "effects.csv, row 4, field yi: this is not a number"),
        ("study,yi\na,1\n", "field vi: the column is missing"),
        ("study,yi,ci_low,ci_high\na,-6.1,1.0,11.2\n", "outside its interval"),
        ("study,yi,ci_low,ci_high\na,1.5,0.9,4\n", "not in the middle"),
    ],
)
def test_a_bad_file_says_where_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "effects.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError) as error:
        read_effects(path)
    assert said in str(error.value)


def test_tables_in_memory_read_like_files() -> None:
    file = read_effects(HERE / "bcg.csv", measure="RR")
    frame = pd.read_csv(HERE / "bcg.csv")
    for table in (frame, pa.Table.from_pandas(frame), pl.from_pandas(frame), frame.to_dict("list")):
        made = read_effects(table, measure="RR")
        assert made.study == file.study
        assert_allclose(made.yi, file.yi)
    with pytest.raises(EvidenceError, match="cannot be read as a table"):
        read_effects(7)


def test_variances_may_come_as_standard_errors_or_intervals() -> None:
    yi = [0.1, 0.2, 0.4]
    names = {"study": ["a", "b", "c"], "yi": yi}
    se = read_effects({**names, "se": [0.3, 0.2, 0.1]})
    half = 1.959963984540054 * np.array([0.3, 0.2, 0.1])
    ends = {"ci_low": np.array(yi) - half, "ci_high": np.array(yi) + half}
    assert_allclose(se.vi, [0.09, 0.04, 0.01])
    assert_allclose(read_effects({**names, **ends}).vi, se.vi)


def test_cells_as_journals_print_them_and_rows_that_are_no_study() -> None:
    table: dict[str, list[object]] = {
        "study": ["a", "b", "c"],
        "yi": ["\u22120.5", "-0.2", "0.1"],
        "vi": [0.1, 0.1, 0.2],
    }
    assert pool(table).table() == pool({**table, "yi": ["-0.5", "-0.2", "0.1"]}).table()
    with pytest.raises(
        EvidenceError, match="row 4, field study: this is called like a sum of the other rows"
    ):
        pool({**table, "study": ["a", "b", "Total"]})
    with pytest.raises(EvidenceError, match="rename the column 'Study' to 'study'"):
        pool({"Study": table["study"], "yi": table["yi"], "vi": table["vi"]})
    counts = {
        "study": ["a", "b"],
        "events_1": [10.5, 5],
        "n_1": [50, 40],
        "events_2": [15, 9],
        "n_2": [50, 41],
    }
    assert "events_1 is no whole number in a: taken as it is" in pool(counts, measure="OR").notes
