"""Standings, roles, order, guideline lines and evidence of options, on records that a clinician could check."""

from __future__ import annotations

from typing import Any

import pytest

from opentrd import knowledge
from opentrd.engines import sqlite
from opentrd.knowledge.schema_option import option_findings
from option_cases import AS_OF, ago, born, cohort, listed, options, table
from typed_rows import Raw

DEPRESSED = {"condition": "major depressive disorder", "start_date": ago(500)}


def drug(
    agent: str, begin: int, end: int | None, dose: str = "", pct: str = "", stop: str = ""
) -> dict[str, str]:
    """An exposure from so many days before the assessment to so many days before it (None: still taken)."""
    return {
        "agent": agent,
        "start_date": ago(begin),
        "end_date": "" if end is None else ago(end),
        "ongoing": "true" if end is None else "",
        "daily_dose_mg": dose,
        "improvement_pct": pct,
        "stop_reason": stop,
    }


def history(*exposures: dict[str, str], **more: list[dict[str, str]]) -> Raw:
    return {"exposure": list(exposures), "condition": [DEPRESSED, *more.pop("condition", [])]} | more


FAILED = drug("sertraline", 400, 300, "100", "10")
ECT = {"procedure": "ECT", "date": ago(200), "end_date": ago(170), "sessions": "10", "improvement_pct": "20"}
PERSONS: dict[str, Raw] = {
    "17 years": {"person": [{"birth_date": born(17)}]},
    "18 years": {"person": [{"birth_date": born(18)}]},
    "perhaps 18 years": {"person": [{"birth_date": str(AS_OF.year - 18)}]},
    "no birth date": {"person": [{"birth_date": ""}]},
    "nothing": {},
    "failed": history(FAILED),
    "below the minimum": history(drug("sertraline", 400, 300, "25", "10")),
    "too short": history(drug("sertraline", 400, 380, "100", "10")),
    "not tolerated": history(drug("sertraline", 400, 380, "100", "", "intolerance")),
    "not taken": history(drug("sertraline", 400, 300, "100", "", "nonadherence")),
    "helped": history(drug("sertraline", 400, 300, "100", "60")),
    "dose not known": history(drug("sertraline", 400, 300, "", "10")),
    "outcome not recorded": history(drug("sertraline", 400, 300, "100")),
    "partial": history(FAILED, drug("venlafaxine", 280, None, "225", "40")),
    "none": history(FAILED, drug("venlafaxine", 280, None, "225", "10")),
    "two failed": history(FAILED, drug("venlafaxine", 280, 180, "225", "10")),
    "ten days": history(drug("sertraline", 10, None, "50")),
    "at the top": history(drug("citalopram", 100, None, "40", "30")),
    "stopped last week": history(drug("paroxetine", 300, 7, "20", "60")),
    "ineffective add-on": history(drug("sertraline", 300, None, "100", "30"), drug("aripiprazole", 200, None, "10", "5")),
    "suicidal": history(FAILED, condition=[{"condition": "suicidal ideation", "start_date": ago(3)}]),
    "psychotic": history(FAILED, condition=[{"condition": "psychotic depression", "start_date": ago(30)}]),
    "benzodiazepine": history(FAILED, drug("lorazepam", 400, None)),
    "course of ECT": history(FAILED, procedure=[ECT]),
    "ultrarapid": history(drug("escitalopram", 100, None, "20", "10"), genotype=[{"gene": "CYP2C19", "diplotype": "*17/*17"}]),
}  # fmt: skip


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    record = cohort(PERSONS, tmp_path_factory.mktemp("options") / "record")
    small = sqlite.SmallRun(record.connection, AS_OF)
    return {
        "options": options(record),
        "recommendation": table(record, "recommendation"),
        "scope": {person: rows[0] for person, rows in table(record, "option_scope").items()},
        "duckdb": {name: [row for rows in table(record, name).values() for row in rows] for name in ("option", "recommendation")},
        "sqlite": {name: small.table(name).to_pylist() for name in ("option", "recommendation")},
    }  # fmt: skip


def test_only_adults_have_options_and_the_others_hear_why(assessed: dict[str, Any]) -> None:
    for person, reason in {
        "17 years": "under 18 years: no option list",
        "perhaps 18 years": "age not known to be 18 years or more: no option list",
        "no birth date": "age not known to be 18 years or more: no option list",
    }.items():
        assert assessed["scope"][person]["reason"] == reason
        assert person not in assessed["options"] and person not in assessed["recommendation"]
    assert assessed["scope"]["18 years"]["reason"] is None and assessed["options"]["18 years"]


def test_every_adult_has_a_row_for_every_treatment_and_role(assessed: dict[str, Any]) -> None:
    roles = {
        (row["treatment"], row["role"])
        for row in knowledge.table("treatment_role").to_pylist()
        if row["role"] not in ("optimise", "stop")
    }
    for rows in assessed["options"].values():
        assert roles <= set(rows)
        assert {role for _, role in set(rows) - roles} <= {"optimise", "stop"}


@pytest.mark.parametrize(
    ("person", "standing", "says"),
    [
        ("failed", "already tried", "tried: adequate, without response: sertraline"),
        ("below the minimum", "no recorded obstacle", "for: tried below the minimum dose only: sertraline"),
        ("too short", "no recorded obstacle", "for: tried too short only: sertraline"),
        ("not tolerated", "caution", "history: ended for intolerance: sertraline"),
        ("not taken", "no recorded obstacle", "for: tried, but not taken as prescribed: sertraline"),
        ("helped", "no recorded obstacle", "for: helped before: sertraline"),
        ("dose not known", "no recorded obstacle", "tried: without response; whether dose and time sufficed is not known: sertraline"),
        ("outcome not recorded", "no recorded obstacle", "tried: outcome not recorded: sertraline"),
    ],
)  # fmt: skip
def test_what_was_tried(assessed: dict[str, Any], person: str, standing: str, says: str) -> None:
    option = assessed["options"][person]["sertraline", "switch"]
    assert option["standing"] == standing
    assert says in (option["cautions" if standing == "caution" else "reasons"] or "")
    assert PERSONS[person]["exposure"][0]["start_date"] in (option["reasons"] or option["cautions"])


def test_switch_or_add_follows_response_and_tolerability(assessed: dict[str, Any]) -> None:
    partial, none = assessed["options"]["partial"], assessed["options"]["none"]
    adds = "partial response and tolerated: CANMAT 2023 adds before it switches"
    assert f"for: {adds}" in partial["aripiprazole", "add"]["guidance"]
    assert f"against: {adds}" in partial["escitalopram", "switch"]["guidance"]
    assert (
        "against: no response: CANMAT 2023 switches before it adds" in none["aripiprazole", "add"]["guidance"]
    )
    assert "for: CANMAT 2023 prefers a switch after no response" in none["escitalopram", "switch"]["guidance"]
    assert partial["aripiprazole", "add"]["rank_best"] < partial["escitalopram", "switch"]["rank_best"]
    assert none["escitalopram", "switch"]["rank_best"] < none["aripiprazole", "add"]["rank_best"]
    assert (
        "after troublesome side effects"
        in assessed["options"]["not tolerated"]["escitalopram", "switch"]["guidance"]
    )


def test_timing_and_dose_of_what_is_taken(assessed: dict[str, Any]) -> None:
    early = assessed["options"]["ten days"]["sertraline", "optimise"]
    assert early["standing"] == "caution" and "too early to judge" in early["cautions"]
    slow = assessed["options"]["none"]["venlafaxine", "optimise"]
    assert "for: less than 20 % improvement after 28 days" in slow["reasons"]
    top = assessed["options"]["at the top"]["citalopram", "optimise"]
    assert top["standing"] == "already tried" and "top of the CANMAT range, 40 mg" in top["reasons"]
    room = assessed["options"]["ten days"]["sertraline", "optimise"]
    assert "for: below the top of the CANMAT range, 200 mg a day" in room["reasons"]
    assert ("sertraline", "optimise") not in assessed["options"]["failed"]


def test_what_may_be_stopped(assessed: dict[str, Any]) -> None:
    add_on = assessed["options"]["ineffective add-on"]["aripiprazole", "stop"]
    assert add_on["standing"] == "no recorded obstacle" and "without response" in add_on["reasons"]
    ended = assessed["options"]["stopped last week"]["paroxetine", "stop"]
    assert ended["standing"] == "caution" and "may be withdrawal and not relapse" in ended["cautions"]
    assert ("prolonged benzodiazepine", "stop") in assessed["options"]["benzodiazepine"]
    assert not [key for key in assessed["options"]["nothing"] if key[1] == "stop"]


def test_suicidality_puts_its_treatments_first_among_equally_safe_ones(assessed: dict[str, Any]) -> None:
    suicidal, other = assessed["options"]["suicidal"], assessed["options"]["failed"]
    for treatment, role in (
        ("ketamine", "add"),
        ("esketamine", "add"),
        ("lithium", "add"),
        ("ECT", "course"),
    ):
        assert suicidal[treatment, role]["suicide_path"] and not other[treatment, role]["suicide_path"]
        assert suicidal[treatment, role]["rank_best"] < suicidal["escitalopram", "switch"]["rank_best"]
    assert not any(row["suicide_path"] for row in other.values())


def test_guidelines_that_disagree_stand_side_by_side(assessed: dict[str, Any]) -> None:
    lines = {
        (row["guideline"], row["line"], row["applies"])
        for row in assessed["recommendation"]["two failed"]
        if (row["treatment"], row["role"]) == ("esketamine", "add")
    }
    assert {
        ("NICE NG222 (2022)", "not recommended", True),
        ("CANMAT 2023", "second", True),
        ("FDA label", "licensed", True),
    } <= lines
    option = assessed["options"]["two failed"]["esketamine", "add"]
    assert "against: NICE NG222 (2022): not recommended" in option["guidance"]
    assert "CANMAT 2023: second (level 1)" in listed(option["line"])


def test_a_recalled_line_never_recommends(assessed: dict[str, Any]) -> None:
    option = assessed["options"]["two failed"]["olanzapine + fluoxetine", "combine"]
    assert option["place"] is None and option["standing"] == "outside guideline lines"
    assert "for: FDA label: licensed (recalled: does not count)" in option["guidance"]


def test_a_line_that_asks_for_more_says_so(assessed: dict[str, Any]) -> None:
    one, two = (assessed["options"][person]["rTMS", "course"] for person in ("failed", "two failed"))
    assert "against: CANMAT 2023, first, asks for: treatment-resistant depression" in one["guidance"]
    assert one["place"] == 2 and two["place"] == 1
    assert assessed["options"]["psychotic"]["antidepressant + antipsychotic", "combine"]["place"] == 1
    assert assessed["options"]["failed"]["antidepressant + antipsychotic", "combine"]["place"] is None


def test_what_is_left_out_says_why(assessed: dict[str, Any]) -> None:
    for rows in assessed["options"].values():
        for option in rows.values():
            if option["standing"] in ("blocked", "not known", "already tried"):
                assert option["reasons"], option
            if option["standing"] == "caution":
                assert option["cautions"], option
            if option["standing"] in ("outside guideline lines", "investigational"):
                assert option["guidance"], option


def test_a_treatment_stands_once_in_each_role(assessed: dict[str, Any]) -> None:
    keys = [(row["person_id"], row["treatment"], row["role"]) for row in assessed["duckdb"]["option"]]
    assert len(keys) == len(set(keys)) > 3000


def test_ties_stay_ties_and_the_order_is_that_of_the_page(assessed: dict[str, Any]) -> None:
    weights = {"already tried": 2, "not known": 3, "blocked": 4, "caution": 1}
    for rows in assessed["options"].values():
        ordered = sorted(rows.values(), key=lambda row: row["rank_best"])
        assert ordered[0]["rank_best"] == 1 and ordered[-1]["rank_worst"] == len(ordered)
        shared: dict[int, set[int]] = {}
        for row in ordered:
            shared.setdefault(row["rank_best"], set()).add(row["rank_worst"])
        assert all(len(worst) == 1 for worst in shared.values())
        order = [weights.get(row["standing"], 0) for row in ordered]
        assert order == sorted(order)


def test_lists_are_sorted(assessed: dict[str, Any]) -> None:
    kinds = (
        "against: ", "blocked: ", "blocked perhaps: ", "for: ", "not known: ", "tried: ",
        "history: ", "pharmacogenetics: ", "safety: ", "safety, perhaps: ",
    )  # fmt: skip
    for rows in assessed["options"].values():
        for option in rows.values():
            assert listed(option["unchecked"]) == sorted(listed(option["unchecked"]))
            assert listed(option["evidence"]) == sorted(listed(option["evidence"]))
            for column in ("reasons", "cautions", "guidance"):
                starts = [
                    text.split(": ")[0] + ": " for text in listed(option[column]) if text.startswith(kinds)
                ]
                assert starts == sorted(starts), option


def test_evidence_is_called_what_it_is(assessed: dict[str, Any]) -> None:
    rows = {
        row["evidence"]: row
        for row in knowledge.table("option_evidence").to_pylist()
        if row["target"] == "infliximab"
    }
    assert "8/13 vs 3/9" in rows["raison2013_02"]["says"] and "p = 0.19" in rows["raison2013_02"]["says"]
    assert rows["raison2013_02"]["certainty"] == "exploratory"
    stances = {
        row["stance"] for row in knowledge.table("option_evidence").to_pylist() if row["target"] == "lithium"
    }
    assert {"for", "against"} <= stances
    option = assessed["options"]["failed"]["infliximab", "add"]
    assert option["standing"] == "investigational" and listed(option["evidence"]) == [
        "raison2013_02",
        "raison2013_03",
    ]


def test_pharmacogenetic_advice_is_a_caution(assessed: dict[str, Any]) -> None:
    with_gene, without = (
        assessed["options"][person]["citalopram", "switch"]["cautions"] or ""
        for person in ("ultrarapid", "failed")
    )
    assert "pharmacogenetics: CPIC" in with_gene and "pharmacogenetics" not in without


def test_a_failed_course_is_already_tried(assessed: dict[str, Any]) -> None:
    assert assessed["options"]["course of ECT"]["ECT", "course"]["standing"] == "already tried"


@pytest.mark.parametrize("name", ["option", "recommendation"])
def test_sqlite_gives_the_same(assessed: dict[str, Any], name: str) -> None:
    assert sorted(map(str, assessed["sqlite"][name])) == sorted(map(str, assessed["duckdb"][name]))


def test_a_target_that_nothing_is_called_is_found() -> None:
    row = {"rule": "r", "target": "no such set", "kind": "exposure", "subject": "no such set"}
    found = option_findings(
        {"safety_rule": [row], "safety_rule_part": [row], "treatment": [], "safety_set": []}
    )
    assert (
        len(found) == 2
        and "no treatment and no safety set" in found[0]
        and "no safety set of agents" in found[1]
    )
    assert "no part in safety_rule_part.csv" in option_findings({"safety_rule": [row]})[1]
