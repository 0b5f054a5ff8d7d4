"""The Python interface of the evidence wing: a wrong argument is the wing's own error, with its name, value and what is expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import opentrd
from opentrd import evidence
from opentrd.evidence import EvidenceError
from opentrd.evidence.network import pool_components, pool_network

PAIRWISE: dict[str, Any] = {
    "study": list("abcd"), "yi": [0.1, 0.2, 0.4, 0.3], "vi": [0.02, 0.03, 0.02, 0.01], "year": [1, 2, 3, 4]
}  # fmt: skip
NETWORK: dict[str, Any] = {
    "study": list("abc"), "treatment_1": list("ABA"), "treatment_2": list("BCC"), "yi": [0.1, 0.2, 0.3], "vi": [0.1] * 3
}  # fmt: skip
COUNTS = {"study": list("ab"), "events_1": [3, 4], "n_1": [10, 10], "events_2": [5, 6], "n_2": [10, 10]}
ODD: tuple[Any, ...] = (5, True, b"x", [1], {"a": 1}, object())


def _fails(call: Callable[[], Any], field: str) -> None:
    with pytest.raises(EvidenceError) as problem:
        call()
    assert problem.value.field == field and "Expected:" in str(problem.value)
    assert " object at 0x" not in str(problem.value)


@pytest.mark.parametrize("table", [PAIRWISE, NETWORK], ids=["pairwise", "network"])
@pytest.mark.parametrize("argument", ["measure", "model", "test", "zero_cells", "missing", "reference"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_names(table: dict[str, Any], argument: str, value: Any) -> None:
    _fails(lambda: opentrd.pool(table, **{argument: value}), argument)


@pytest.mark.parametrize("level", ["0.95", None, 0, 1, 95, True, [0.95], float("nan")])
def test_level(level: Any) -> None:
    for call in (
        lambda: opentrd.pool(PAIRWISE, level=level), lambda: opentrd.pool(NETWORK, level=level),
        lambda: evidence.pool(PAIRWISE, level=level), lambda: evidence.pool_multilevel(PAIRWISE, level=level),
        lambda: evidence.mantel_haenszel(COUNTS, level=level), lambda: evidence.peto(COUNTS, level=level),
        lambda: pool_components(NETWORK, level=level), lambda: pool_network(NETWORK, level=level),
    ):  # fmt: skip
        _fails(call, "level")


@pytest.mark.parametrize(
    "mods", [5, True, object(), b"x", float("nan")], ids=lambda value: type(value).__name__
)
def test_moderators(mods: Any) -> None:
    _fails(lambda: opentrd.pool(PAIRWISE, mods=mods), "mods")


@pytest.mark.parametrize("value", [5, True, [1], b"x", "low"], ids=str)
def test_certainty(value: Any) -> None:
    _fails(lambda: opentrd.pool(NETWORK, certainty=value), "certainty")


def test_a_word_that_is_no_certainty_is_refused_with_its_place(tmp_path: Path) -> None:
    _fails(lambda: opentrd.pool(NETWORK, certainty={"A": "quite good"}), "certainty")
    path = tmp_path / "net.csv"
    path.write_text("study,treatment_1,treatment_2,yi,vi,certainty\na,A,B,1,1,Very-low\nb,A,B,1,1,bad\n")
    with pytest.raises(
        EvidenceError, match=r"net\.csv, row 3, field certainty.*'bad'.*very low, low, moderate, high"
    ):
        opentrd.pool(path)
    path.write_text("study,treatment_1,treatment_2,yi,vi,certainty\na,A,B,1,1,Very-low\nb,A,B,1,1,\n")
    pooled = opentrd.pool(path)
    assert {row["certainty"] for row in pooled.ranking().table()} == {"very low"}


@pytest.mark.parametrize("value", [5, None, b"x", object()], ids=lambda value: type(value).__name__)
def test_where_to_write(value: Any) -> None:
    for table in (PAIRWISE, NETWORK):
        pooled = opentrd.pool(table)
        _fails(lambda pooled=pooled: pooled.report(value), "path")
        _fails(lambda pooled=pooled: pooled.studies().report(value), "path")
        _fails(lambda pooled=pooled: pooled.plot().save(value), "path")


def test_a_report_goes_into_a_folder_and_not_onto_a_file(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("mine")
    pooled = opentrd.pool(PAIRWISE)
    for place in (file, file / "below"):
        _fails(lambda place=place: pooled.report(place), "path")
        _fails(lambda place=place: pooled.studies().report(str(place)), "path")
    assert file.read_text() == "mine"
    _fails(lambda: pooled.report(tmp_path, colour="red"), "colour")
    _fails(lambda: pooled.report(tmp_path, name=5), "name")
    _fails(lambda: pooled.report(tmp_path, question=5), "question")


def test_other_arguments() -> None:
    pooled, network = opentrd.pool(PAIRWISE), opentrd.pool(NETWORK)
    assert isinstance(pooled, opentrd.evidence_face.PooledPairwise)
    assert isinstance(network, opentrd.evidence_face.PooledNetwork)
    _fails(lambda: pooled.subgroups([1]), "by")  # type: ignore[arg-type]
    _fails(lambda: pooled.cumulative(object()), "order")  # type: ignore[arg-type]
    _fails(lambda: network.regression([1]), "covariate")  # type: ignore[arg-type]
    _fails(lambda: evidence.cluster_robust(pooled.result, 5), "cluster")  # type: ignore[arg-type]
    _fails(lambda: pool_components(NETWORK, interactions=5), "interactions")  # type: ignore[arg-type]
    _fails(lambda: pool_components(NETWORK, separator=""), "separator")
    _fails(lambda: opentrd.pool({"study": ["a"], "yi": 5}), "yi")


def test_variance_error_and_interval_are_read_in_pairwise_tables_and_networks() -> None:
    half = 1.959963984540054
    for table in (PAIRWISE, NETWORK):
        rest = {name: values for name, values in table.items() if name != "vi"}
        se = [float(np.sqrt(v)) for v in table["vi"]]
        low = [y - half * s for y, s in zip(table["yi"], se, strict=True)]
        high = [y + half * s for y, s in zip(table["yi"], se, strict=True)]
        whole = opentrd.pool(table).contract()
        key = "estimate" if table is PAIRWISE else "league"
        for columns in ({"se": se}, {"sei": se}, {"ci_low": low, "ci_high": high}):
            again = opentrd.pool({**rest, **columns}).contract()
            first, second = (one[key] if key == "estimate" else one[key][0]["se"] for one in (whole, again))
            assert second == pytest.approx(first, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"se": 0.0}, "se"), ({"sei": -1.0}, "sei"), ({"ci_low": 0.5, "ci_high": 0.4}, "ci_low"), ({"ci_low": 0.2, "ci_high": 0.9}, "yi"),
     ({"ci_low": -0.9, "ci_high": 0.12}, "yi")],
)  # fmt: skip
def test_errors_and_intervals_of_a_network_that_cannot_be(change: dict[str, float], field: str) -> None:
    rest = {name: values for name, values in NETWORK.items() if name != "vi"}
    table = {**rest, **{name: [value] * 3 for name, value in change.items()}}
    _fails(lambda: opentrd.pool(table), field)
