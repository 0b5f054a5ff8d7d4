"""The way back to the sources, for definitions by score and for variants of instruments."""

from __future__ import annotations

from pathlib import Path

import pytest

import opentrd

PATIENTS = Path(__file__).parents[1] / "examples" / "patients"


@pytest.fixture(scope="module")
def assessment() -> opentrd.Assessment:
    return opentrd.assess(opentrd.read(PATIENTS), engine="duckdb")


def test_a_cut_off_leads_to_the_score_and_its_trials(assessment: opentrd.Assessment) -> None:
    edges = assessment.explain("verdict", "hagg_2020_mgh_s", "anna")
    named = {(edge["table"], edge["key"]) for edge in edges}
    assert ("score_rule", "hagg_2020_mgh_s") in named
    assert ("stage", "mgh_s_register/total") in named
    assert any(edge["table"] == "trial" and edge["of_table"] == "stage" for edge in edges)
    assert all(edge["row"] is not None for edge in edges)


@pytest.mark.parametrize(
    "instrument", ["european_staging_model", "maudsley_register", "thase_rush_strict_order", "atr"]
)
def test_every_instrument_names_its_trials_and_its_rule(
    assessment: opentrd.Assessment, instrument: str
) -> None:
    edges = assessment.explain("stage", instrument, "anna")
    tables = {edge["table"] for edge in edges}
    assert {"trial", "exposure", "instrument_rule"} <= tables


def test_a_gate_is_part_of_the_argument(assessment: opentrd.Assessment) -> None:
    edges = assessment.explain("verdict", "comp006", "anna")
    gates = [edge for edge in edges if edge["table"] == "definition_gate"]
    assert [edge["row"]["gate"] for edge in gates] == ["no_procedure"]
