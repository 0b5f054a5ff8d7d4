"""Networks against R: metafor 3.8 on the same contrasts (tolerances: tau2 1e-5 relative, estimates 1e-6)."""

from __future__ import annotations

import math

import pytest

from network_oracles import DATA, NAMES, ORACLES, oracle, pairs, read_csv
from opentrd.evidence.network import (
    NetworkResult,
    interaction,
    pool_components,
    pool_network,
    random_inconsistency,
    side,
)

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
    if "tau2_ci" in expected:  # its search stops at about four digits
        assert result.tau2_by_likelihood() == pytest.approx(expected["tau2_ci"], rel=2e-3, abs=1e-6)
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


@pytest.mark.parametrize("name", NAMES)
def test_random_inconsistency_and_back_calculation(name: str) -> None:
    expected, result = oracle(name), _pool(name, "REML")
    found, inconsistency = random_inconsistency(result), expected["inconsistency_random"]
    assert found.tau2 == pytest.approx(inconsistency["tau2_het"], rel=1e-4, abs=NEAR_ZERO)
    assert found.tau2_inconsistency == pytest.approx(inconsistency["tau2_inc"], rel=1e-4, abs=NEAR_ZERO)
    others = [treatment for treatment in expected["treatments"] if treatment != expected["reference"]]
    effects = dict(zip(found.treatments, found.effects, strict=True))
    assert [effects[name] for name in others] == pytest.approx(inconsistency["b"], abs=1e-6)
    rows = {frozenset((row["treatment_1"], row["treatment_2"])): row for row in side(result)}
    assert len(rows) == len(expected["side_backcalc"]["rows"])
    for row in expected["side_backcalc"]["rows"]:
        ours = rows[frozenset((row["treat1"], row["treat2"]))]
        sign = 1 if ours["treatment_1"] == row["treat1"] else -1
        assert (sign * ours["direct"], ours["se_direct"]) == (
            pytest.approx(row["direct"], abs=1e-6),
            pytest.approx(row["se_direct"], abs=1e-6),
        )
        if row.get("diff") is None:
            assert ours["difference"] is None and ours["reason"]
        else:
            assert sign * ours["difference"] == pytest.approx(row["diff"], abs=1e-5)
            assert ours["p"] == pytest.approx(row["p"], abs=1e-5)


def _linde(outcome: str) -> list[dict[str, object]]:
    """The wide table of Linde 2015 as arms."""
    return [
        {"study": f"{row['id']} {row['author']} {row['year']}", "treatment": row[f"treatment{arm}"],
         "events": float(row[f"{outcome}{arm}"]), "n": float(row[f"n{arm}"])}
        for row in read_csv(DATA / "nma-primary-care-linde-and-headtohead" / "linde2015.csv")
        for arm in (1, 2, 3)
        if row[f"{outcome}{arm}"]
    ]  # fmt: skip


def test_linde_2015_as_published() -> None:
    """Linde et al., Ann Fam Med 2015;13:69-79 (DOI 10.1370/afm.1687), abstract.

    Response: TCA, SSRI, SNRI, low-dose SARI and hypericum better than placebo with odds ratios from 1.69 to 2.03, and no
    significant difference among them; the paper's model is Bayesian, so the bounds hold to 0.02 and 0.05 only.
    """
    result = pool_network(_linde("resp"), measure="OR", reference="Placebo", keep_double_zero=True)
    against = {row["treatment_1"]: row for row in result.league(reference="Placebo")}
    better = {name for name, row in against.items() if row["ci_low"] > 0}
    assert better == {"TCA", "SSRI", "SNRI", "Low-dose SARI", "Hypericum"}
    ratios = [math.exp(against[name]["estimate"]) for name in better]
    assert min(ratios) == pytest.approx(1.69, abs=0.02) and max(ratios) == pytest.approx(2.03, abs=0.05)
    assert all(
        row["p"] > 0.05 for row in result.league() if {row["treatment_1"], row["treatment_2"]} <= better
    )
    assert result.tau2 == pytest.approx(oracle("linde2015_resp")["random_REML"]["tau2"], rel=1e-5)


def test_therapy_formats_as_netmeta_prints_them() -> None:
    """Harrer, Cuijpers, Furukawa and Ebert, Doing Meta-Analysis with R (2021), chapter 12: netmeta's printed output.

    The data set has been edited since (one comparison differs in the second decimal), so the figures hold to about 1e-3.
    """
    rows = [
        {"study": row["author"], "treatment_1": row["treat1"], "treatment_2": row["treat2"],
         "yi": float(row["TE"]), "sei": float(row["seTE"])}
        for row in read_csv(DATA / "dmetar-teaching" / "TherapyFormats.csv")
    ]  # fmt: skip
    result = pool_network(rows, model="DL", reference="cau", small_is_good=True)
    assert (len(result.network.studies), len(result.network.designs), len(result.treatments)) == (182, 17, 7)
    assert (result.total.value, result.total.df) == (pytest.approx(1696.84, rel=1e-3), 177)
    assert (result.within.value, result.within.df) == (pytest.approx(1595.02, rel=1e-3), 165)
    assert (result.between.value, result.between.df) == (pytest.approx(101.83, rel=1e-3), 12)
    assert result.i2 == pytest.approx(0.896, abs=5e-4)
    assert result.tau2 == pytest.approx(0.27, abs=5e-3)
    test = interaction(result)
    assert (test.between.value, test.between.p) == (
        pytest.approx(3.83, abs=0.02),
        pytest.approx(0.9864, abs=5e-4),
    )
    assert test.tau2 == pytest.approx(0.2919, abs=5e-5)
    for design, value, df in (("ind:wlc", 77.09, 11), ("tel:wlc", 95.37, 11), ("gsh:ind:wlc", 101.71, 10)):
        assert (test.detached[design].value, test.detached[design].df) == (pytest.approx(value, rel=2e-3), df)
    for design, value, df in (
        ("cau:grp", 82.5, 20),
        ("cau:gsh", 0.7, 7),
        ("cau:ind", 100.0, 29),
        ("cau:tel", 11.4, 5),
    ):
        assert (result.per_design[design].value, result.per_design[design].df) == (
            pytest.approx(value, abs=0.05),
            df,
        )
    split = {
        (row["treatment_1"], row["treatment_2"]): row
        for row in side(pool_network(rows, model="common", reference="cau"))
    }
    for name, direct, indirect in (
        ("grp", -0.3727, -0.8623), ("gsh", -0.5684, -0.3437), ("ind", -0.7037, -0.4859), ("tel", -0.7471, -0.3865),
    ):  # fmt: skip
        row = split["cau", name]
        assert -row["direct"] == pytest.approx(direct, abs=5e-5)
        assert -row["indirect"] == pytest.approx(indirect, abs=1e-3)


def test_linde_2016_contrasts_and_arms_and_components() -> None:
    """93 trials of 22 treatments with combinations: two tables of one network, and a test of additivity."""
    folder = DATA / "nma-primary-care-linde-and-headtohead"
    arms = [
        {"study": row["id"], "treatment": row["int"], "events": row["resp"], "n": row["n"]}
        for row in read_csv(folder / "linde2016.csv")
    ]
    contrasts = [
        {"study": row["id"], "treatment_1": row["treat1.long"], "treatment_2": row["treat2.long"],
         "yi": row["lnOR"], "sei": row["selnOR"]}
        for row in read_csv(folder / "linde2016_contrasts.csv")
    ]  # fmt: skip
    one, other = pool_network(arms, measure="OR"), pool_network(contrasts)
    assert (len(one.network.studies), len(one.treatments)) == (93, 22)
    assert one.total.value == pytest.approx(other.total.value, rel=1e-6)
    assert one.tau2 == pytest.approx(other.tau2, rel=1e-5)
    result = pool_components(arms, measure="OR", inactive="Placebo")
    assert (result.additive.df, result.standard.df, result.difference.df) == (90, 87, 3)
    assert result.standard.value == pytest.approx(one.total.value, rel=1e-9)
    assert {row["reason"] for row in result.components()} == {None}
