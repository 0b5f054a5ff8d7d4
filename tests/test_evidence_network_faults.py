"""What a network table can have wrong: each fault is named with its place, its value and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opentrd.evidence import EvidenceError, effect_sizes
from opentrd.evidence.network import node_splits, pool_components, pool_network, regress_network, side

Rows = list[dict[str, Any]]


def _contrast(
    study: str, first: str, second: str, yi: Any = 0.5, vi: Any = 0.1, **more: Any
) -> dict[str, Any]:
    return {"study": study, "treatment_1": first, "treatment_2": second, "yi": yi, "vi": vi, **more}


def _arm(study: str, treatment: str, events: Any = 10, n: Any = 50, **more: Any) -> dict[str, Any]:
    return {"study": study, "treatment": treatment, "events": events, "n": n, **more}


def _scored(
    study: str, treatment: str, mean: Any = 10.0, sd: Any = 5.0, n: Any = 40, **more: Any
) -> dict[str, Any]:
    return {"study": study, "treatment": treatment, "mean": mean, "sd": sd, "n": n, **more}


GOOD = [_contrast("a", "A", "B"), _contrast("b", "B", "C"), _contrast("c", "A", "C", 1.1)]
THREE = [_contrast("t", "A", "B", 0.5), _contrast("t", "B", "C", 0.5), _contrast("t", "A", "C", 1.0)]


def _said(rows: Any, **options: Any) -> str:
    with pytest.raises(EvidenceError) as error:
        pool_network(rows, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*GOOD, _contrast("d", "X", "Y")],
         ["disconnected", "2 parts", "part 1: A, B, C", "part 2: X, Y", "pool_components"]),
        ([*GOOD, _contrast("a", "B", "A", -0.5)], ["row 5", "study a", "twice", "first in row 2", "duplicate arms"]),
        ([*GOOD, _contrast("d", "A", "A")], ["row 5", "treatment_2", "with itself"]),
        ([*GOOD, _contrast("d", "A", "B", vi=0)], ["row 5", "vi", "variance of zero", "above 0"]),
        ([*GOOD, _contrast("d", "A", "B", vi=-0.2)], ["row 5", "vi", "negative variance", "-0.2"]),
        ([*GOOD, _contrast("d", "A", "B", yi="low")], ["row 5", "yi", "text", "'low'"]),
        ([*GOOD, _contrast("d", "A", "B", yi=float("inf"))], ["row 5", "yi", "finite"]),
        ([*GOOD, _contrast("d", "A", "B", yi=None)], ["row 5", "yi", "no number", "fill it in"]),
        ([*GOOD, _contrast("d", "A", "")], ["row 5", "treatment_2", "empty"]),
        ([GOOD[0]], ["1 study", "(a)", "at least two studies"]),
        ([], ["no rows"]),
        ([*GOOD, THREE[0], THREE[1]], ["row 5", "study t has 3 arms", "A against C missing", "all 3 pairs"]),
        ([*GOOD, THREE[0], THREE[1], _contrast("t", "A", "C", 0.2)],
         ["study t contradict each other", "yi", "rounding"]),
        ([*GOOD, THREE[0], THREE[1], _contrast("t", "A", "C", 1.0, vi=9.0)],
         ["variances of the pairs of study t", "vi", "A - C 9"]),
        ([*GOOD, _contrast("d", "A", "B", measure="RR"), _contrast("e", "A", "B", measure="OR")],
         ["row 6", "measure", "two effect measures", "RR in row 5"]),
        ([_contrast("a", "A", "B", measure="SMD", score="change"), _contrast("b", "A", "B", measure="SMD", score="final")],
         ["row 3", "score", "change and final", "change in row 2 (a)", "mean difference"]),
        ([*GOOD, _contrast("d", "A", "B", design="crossover")], ["row 5", "design", "crossover", "paired", "adjusted"]),
        ([*GOOD, _contrast("d", "A", "B", design="cluster")], ["row 5", "icc", "cluster_size"]),
        ([*GOOD, _contrast("d", "A", "B", design="cluster", icc=2, cluster_size=9)], ["row 5", "icc 2"]),
        ([*GOOD, _contrast("d", "A", "B", design="n of 1")], ["row 5", "design", "parallel, cluster, crossover"]),
        ([_contrast("a", "A", "B", sample="x"), _contrast("b", "A", "C", sample="x")],
         ["row 3", "sample", "a (row 2)", "count twice"]),
    ],
)  # fmt: skip
def test_contrasts(rows: Rows, words: list[str]) -> None:
    said = _said(rows)
    for word in words:
        assert word in said, said


@pytest.mark.parametrize(
    ("rows", "measure", "words"),
    [
        ([_arm("a", "A"), _arm("a", "B"), _arm("b", "A"), _arm("b", "A")], "OR",
         ["row 5", "b has A twice", "first in row 4", "duplicate arms"]),
        ([_arm("a", "A"), _arm("a", "B"), _arm("b", "A")], "OR", ["row 4", "one arm only"]),
        ([_arm("a", "A", 60), _arm("a", "B")], "OR", ["row 2", "events", "60 of 50"]),
        ([_arm("a", "A", -1), _arm("a", "B")], "RR", ["row 2", "events", "-1", "at least 0"]),
        ([_arm("a", "A", 1, 0), _arm("a", "B")], "RR", ["row 2", "n", "above 0"]),
        ([_arm("a", "A"), _arm("a", "B")], None, ["without a measure", "--measure"]),
        ([_arm("a", "A"), _arm("a", "B")], "HR", ["'HR'", "OR, RR, RD"]),
        ([_arm("a", "A"), _arm("a", "B")], "MD", ["column mean, sd is missing"]),
        ([_scored("a", "A", sd=0), _scored("a", "B")], "MD", ["row 2", "sd", "above 0"]),
        ([_scored("a", "A", mean=-1), _scored("a", "B")], "ROM", ["row 2", "means above 0"]),
        ([_scored("a", "A", n=1), _scored("a", "B")], "SMD", ["study a", "too small"]),
        ([_scored("a", "A", scale="MADRS"), _scored("a", "B", scale="HAM-D")], "MD",
         ["row 3", "scale", "two scales", "SMD"]),
        ([_scored("a", "A", score="change"), _scored("a", "B", score="final")], "SMD", ["row 3", "score"]),
        ([_scored("a", "A", design="crossover"), _scored("a", "B", design="crossover")], "MD",
         ["row 2", "crossover", "correlation"]),
        ([_arm("a", "A", design="crossover"), _arm("a", "B")], "OR", ["row 2", "crossover", "first period"]),
    ],
)  # fmt: skip
def test_arms(rows: Rows, measure: str | None, words: list[str]) -> None:
    said = _said(rows, measure=measure)
    for word in words:
        assert word in said, said


def test_a_file_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "effects.csv"
    path.write_text("study,treatment_1,treatment_2,yi,vi\na,A,B,0.1,0.2\nb,A,B,x,0.2\n", encoding="utf-8")
    assert _said(path).startswith("effects.csv, row 3, field yi: text in a cell for numbers (found 'x').")
    path.write_text("study,treatment_1,yi\na,A,0.1\n", encoding="utf-8")
    assert "column treatment_2, vi is missing" in _said(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "PM"}, "common, DL, REML, ML"),
        ({"test": "t"}, "z or knapp-hartung"),
        ({"test": "knapp-hartung", "model": "common"}, "belongs to random-effects models"),
        ({"level": 95}, "between 0 and 1"),
        ({"reference": "D"}, "A, B, C"),
        ({"certainty": {"D": "low"}}, "D, which the network does not have"),
    ],
)
def test_options(options: dict[str, Any], words: str) -> None:
    assert words in _said(GOOD, **options)


def test_rounded_pairs_of_one_study_pass() -> None:
    """Two decimals leave gaps of up to 0.015 in a triangle: not a contradiction."""
    rows = [
        *GOOD,
        _contrast("t", "A", "B", 0.34),
        _contrast("t", "B", "C", 0.33),
        _contrast("t", "A", "C", 0.68),
    ]
    assert len(pool_network(rows).network.studies) == 4
    rows[-1]["yi"] = 0.69
    assert "contradict each other" in _said(rows)


def test_names_that_could_be_taken_for_each_other() -> None:
    """Two spellings are two treatments, and a note says so; a colon in a name does not merge two designs."""
    rows = [
        _contrast("a", "SSRI", "placebo"),
        _contrast("b", "ssri ", "placebo"),
        _contrast("c", "ssri", "SSRI"),
    ]
    assert pool_network(rows).notes == ("'SSRI' and 'ssri' are taken as different treatments",)
    rows = [
        _contrast("a", "A:B", "C"),
        _contrast("b", "A", "B:C"),
        _contrast("c", "A", "C"),
        _contrast("d", "A", "C"),
    ]
    assert len(pool_network(rows).per_design) == 3


def test_a_study_without_events_is_left_out_with_a_note() -> None:
    rows = [
        _arm("a", "A"),
        _arm("a", "B", 15),
        _arm("b", "A", 8),
        _arm("b", "B"),
        _arm("z", "A", 0),
        _arm("z", "B", 0),
    ]
    result = pool_network(rows, measure="OR")
    assert result.notes == ("study z has no event and is left out",)
    kept = pool_network(rows, measure="OR", keep_double_zero=True)
    assert len(kept.network.studies) == 3 and "1/2 is added" in kept.notes[0]
    assert "an empty cell in study e" in _said(
        [*rows[:4], _arm("e", "A", 0), _arm("e", "B", 3)], measure="OR", zero_cells="none"
    )


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "MD", "SMD", "ROM", "IRR"])
def test_two_arms_give_the_effect_sizes_of_the_pairwise_part(measure: str) -> None:
    rng = np.random.default_rng(5)
    numbers: dict[str, list[float]] = {}
    rows: Rows = []
    for study in range(6):
        for group in (1, 2):
            if measure in ("OR", "RR", "RD"):
                arm = {
                    "events": float(rng.integers(0 if study == 3 else 1, 20)),
                    "n": float(rng.integers(25, 60)),
                }
            elif measure == "IRR":
                arm = {"events": float(rng.integers(1, 20)), "time": float(rng.integers(25, 60))}
            else:
                arm = {"mean": rng.uniform(5, 20), "sd": rng.uniform(2, 5), "n": float(rng.integers(10, 60))}
            rows.append({"study": str(study), "treatment": "AB"[group - 1], **arm})
            for name, value in arm.items():
                numbers.setdefault(f"{name}_{group}", []).append(value)
    if measure in ("OR", "RR", "RD"):  # one empty cell, corrected in the same way
        rows[6]["events"], numbers["events_1"][3] = 0.0, 0.0
    yi, vi = effect_sizes(measure, **{name: np.array(values) for name, values in numbers.items()})
    studies = pool_network(rows, measure=measure).network.studies
    assert [study.pair("A", "B")[0] for study in studies] == pytest.approx(list(yi))
    assert [study.pair("A", "B")[1] for study in studies] == pytest.approx(list(vi))


def test_clusters_shared_controls_and_crossover() -> None:
    plain = [_arm("a", "A", 20, 100), _arm("a", "B", 30, 100), _arm("b", "A", 10, 50), _arm("b", "B", 12, 50)]
    clusters = [{**row, "design": "cluster", "icc": 0.05, "cluster_size": 21} for row in plain[:2]] + plain[
        2:
    ]
    one, other = pool_network(plain, measure="OR"), pool_network(clusters, measure="OR")
    assert other.network.studies[0].covariance == pytest.approx(2 * one.network.studies[0].covariance)
    assert other.network.studies[0].effects == pytest.approx(one.network.studies[0].effects)
    shared = [_arm("a1", "A", 20, 100), _arm("a1", "P", 30, 100, sample="x"),
              _arm("a2", "B", 25, 100), _arm("a2", "P", 30, 100, sample="x")]  # fmt: skip
    split = pool_network(shared, measure="OR")
    assert split.notes[0] == "P of sample x is split between 2 studies"
    assert split.network.studies[0].covariance[0, 0] == pytest.approx(1 / 20 + 1 / 80 + 1 / 15 + 1 / 35)
    crossed = [
        _scored("c", t, m, 6.0, 25, design="crossover", correlation=0.5) for t, m in (("A", 9.0), ("B", 12.0))
    ]
    paired = pool_network([*crossed, _scored("d", "A"), _scored("d", "B")], measure="MD").network.studies[0]
    assert paired.covariance[0, 0] == pytest.approx((36 + 36 - 2 * 0.5 * 36) / 25)
    adjusted = [*GOOD, _contrast("d", "A", "B", vi=0.3, design="crossover", adjusted="true")]
    assert pool_network(adjusted).network.studies[3].covariance[0, 0] == pytest.approx(0.3)


def test_what_cannot_be_split_or_explained_says_so() -> None:
    star = pool_network([_contrast("a", "A", "P"), _contrast("b", "B", "P"), _contrast("c", "B", "P", 0.9)])
    for row in [*side(star), *node_splits(star)]:
        assert row["p"] is None and row["reason"].startswith("no indirect evidence")
    rows = [{**row, "year": 2000 + place} for place, row in enumerate(GOOD)]
    with pytest.raises(EvidenceError, match="no value"):
        regress_network(pool_network(rows), "stage")
    with pytest.raises(EvidenceError, match="text in a covariate"):
        regress_network(pool_network([{**row, "year": "early"} for row in rows]), "year")
    with pytest.raises(EvidenceError, match="all studies have the same value"):
        regress_network(pool_network([{**row, "year": 1} for row in rows]), "year")
    with pytest.raises(EvidenceError, match="no slope can be estimated"):
        regress_network(
            star_with_year := pool_network([{**r, "year": i} for i, r in enumerate(GOOD[:2])]), "year"
        )
    assert star_with_year.total.df == 0


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (GOOD, {"inactive": "Z"}, "'Z' is in no treatment"),
        (GOOD, {"interactions": [("A", "B")]}, "no treatment combines A and B"),
        ([_contrast("a", "A+", "B"), _contrast("b", "A+", "B")], {}, "empty part"),
        ([_contrast("a", "A+A", "B"), _contrast("b", "A+A", "B")], {}, "names a component twice"),
        ([_contrast("a", "A*C", "B"), _contrast("b", "A*C", "B")], {}, "an asterisk in the name"),
        (
            [_contrast("a", "A", "A+P"), _contrast("b", "A", "A+P")],
            {"inactive": "P"},
            "no component can be estimated",
        ),
        (GOOD, {"model": "PM"}, "common, DL, REML, ML"),
    ],
)
def test_components(rows: Rows, options: dict[str, Any], words: str) -> None:
    with pytest.raises(EvidenceError, match=".*".join(words.split(", ")[:1])):
        pool_components(rows, **options)


@pytest.mark.parametrize(
    "rows",
    [[*GOOD, _contrast("Total", "A", "B")], [_arm("a", "A"), _arm("a", "B"), _arm("Overall:", "A"), _arm("Overall:", "B")]],
    ids=["contrasts", "arms"],
)  # fmt: skip
def test_a_row_that_sums_up_the_others_is_no_study(rows: Rows) -> None:
    said = _said(rows) if "yi" in rows[0] else _said(rows, measure="OR")
    assert "called like a sum of the other rows" in said and "field study" in said
