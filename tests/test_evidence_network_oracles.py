"""Networks against R: metafor 3.8 on the same contrasts (tolerances: tau2 1e-5 relative, estimates 1e-6)."""

from __future__ import annotations

import math

import pytest

from network_oracles import NAMES, ORACLES, oracle, pairs, read_csv
from opentrd.evidence.network import NetworkResult, pool_network

MODELS = {"common": "common", "DL": "random_DL", "REML": "random_REML", "ML": "random_ML"}
# Where tau2 is practically zero the optimiser behind the oracle stops short of it.
NEAR_ZERO = 1e-8


def _pool(name: str, model: str) -> NetworkResult:
    expected = oracle(name)
    return pool_network(
        pairs(name),
        model=model,
        reference=expected["reference"],
        small_is_good=expected["small_values_good"],
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", NAMES)
def test_estimates_standard_errors_tau2(name: str, model: str) -> None:
    expected = oracle(name)[MODELS[model]]
    result = _pool(name, model)
    others = [treatment for treatment in oracle(name)["treatments"] if treatment != oracle(name)["reference"]]
    assert expected.get("treat", others) == others
    against = {row["treatment_1"]: row for row in result.league(reference=result.reference)}
    assert [against[n]["estimate"] for n in others] == pytest.approx(expected["b"], rel=1e-6, abs=1e-6)
    if "se" in expected:
        assert [against[n]["se"] for n in others] == pytest.approx(expected["se"], rel=1e-6, abs=1e-7)
    if model != "common":
        assert result.tau2 == pytest.approx(expected["tau2"], rel=1e-5, abs=NEAR_ZERO)
    if "P_score" in expected:
        assert result.table()["p_score"] == pytest.approx(expected["P_score"], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_whole_league(name: str) -> None:
    expected = oracle(name)
    order = expected["treatments"]
    league = _pool(name, "REML").league()
    assert len(league) == len(order) * (len(order) - 1)
    for row in league:
        i, j = order.index(row["treatment_1"]), order.index(row["treatment_2"])
        assert row["estimate"] == pytest.approx(expected["random_REML"]["TE"][i][j], rel=1e-6, abs=1e-6)
        assert row["se"] == pytest.approx(expected["random_REML"]["SE"][i][j], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_q_in_total_within_and_between_designs(name: str) -> None:
    expected = oracle(name)["Q"]
    result = _pool(name, "common")
    for part, q in (("", result.total), ("_within", result.within), ("_between", result.between)):
        assert q.df == expected[f"df{part}"]
        value = expected[part.strip("_") or "total"]
        assert q.value == pytest.approx(value, rel=1e-8, abs=1e-8)
        if q.df:
            assert q.p == pytest.approx(expected[f"p{part}"], rel=1e-6, abs=1e-12)
    found = {frozenset(design.split(":")): q for design, q in result.per_design.items() if q.df}
    for design, values in expected["per_design"].items():
        q = found[frozenset(design.split(":"))]
        assert (q.value, q.df) == (pytest.approx(values["Q"], rel=1e-8, abs=1e-8), values["df"])


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_arms_gives_what_the_contrasts_give(name: str) -> None:
    expected = oracle(name)
    path = ORACLES / f"nma_{name}_arms.csv"
    arms = [{"study": row["study"], "treatment": row["treat"], **_numbers(row)} for row in read_csv(path)]
    result = pool_network(
        arms, measure=expected["measure"], reference=expected["reference"], keep_double_zero=True
    )
    contrasts = pool_network(pairs(name), reference=expected["reference"])
    assert len(result.network.studies) == len(contrasts.network.studies)
    assert result.tau2 == pytest.approx(contrasts.tau2, rel=1e-9, abs=1e-12)
    assert list(result.effects) == pytest.approx(list(contrasts.effects), rel=1e-9, abs=1e-12)


def _numbers(row: dict[str, str]) -> dict[str, float]:
    names = {"event": "events", "n": "n", "mean": "mean", "sd": "sd", "time": "time"}
    return {
        names[key]: float(value)
        for key, value in row.items()
        if key in names and not math.isnan(float(value))
    }
