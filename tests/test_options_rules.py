"""Every guideline line, every rule of switching and adding, every match and every piece of evidence has its case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opentrd import knowledge
from option_cases import Row, ago, cohort, listed, options, table
from typed_rows import Raw

LINES = knowledge.table("guideline_line").to_pylist()
LOGIC = knowledge.table("switch_logic").to_pylist()
MATCHES = [row for row in knowledge.table("domain_match").to_pylist() if not row["measure_set"]]
EVIDENCE = knowledge.table("option_evidence").to_pylist()
STATES = {row["state"]: row for row in knowledge.table("circumstance").to_pylist()}
ROLES = {(row["treatment"], row["role"]) for row in knowledge.table("treatment_role").to_pylist()}
PARTS = knowledge.table("treatment_part").to_pylist()
COMBINED = {row["treatment"] for row in PARTS if row["part"] > 1}
SETS: dict[str, list[tuple[str, str]]] = {}
for _row in knowledge.table("safety_set").to_pylist():
    SETS.setdefault(_row["safety_set"], []).append((_row["kind"], _row["member"]))

TAKEN_NOW = {"response": "70", "partial_response": "40", "no_response": "10"}


def drug(agent: str, begin: int, end: int | None, dose: str, **outcome: str) -> dict[str, str]:
    ends = {"ongoing": "true"} if end is None else {"end_date": ago(end)}
    return {"agent": agent, "start_date": ago(begin), "daily_dose_mg": dose} | ends | outcome


def depressed(condition: str = "major depressive disorder") -> dict[str, str]:
    return {"condition": condition, "start_date": ago(900)}


FAILURES = [
    drug("sertraline", 800, 700, "100", improvement_pct="10"),
    drug("venlafaxine", 690, 590, "225", improvement_pct="10"),
    drug("mirtazapine", 580, 480, "30", improvement_pct="10"),
    drug("nortriptyline", 470, 370, "150", improvement_pct="10"),
]
SEVERITY = {"severe": "4", "not_severe": "3", "mild": "2", "life_threatening": "4"}
CONDITION = {
    "psychotic": "psychotic depression", "catatonic": "catatonia", "mixed": "depression with mixed features",
    "seasonal": "seasonal depression", "chronic": "chronic depression",
}  # fmt: skip


def in_state(state: str) -> Raw:
    """A record in which a circumstance holds."""
    kind, number = STATES[state]["kind"], STATES[state]["number"]
    if kind in ("failures", "used"):
        return {"exposure": FAILURES[:number], "condition": [depressed()]}
    if state in TAKEN_NOW or state in ("taken", "taking_antidepressant"):
        now = drug("duloxetine", 200, None, "60", improvement_pct=TAKEN_NOW.get(state, ""))
        return {"exposure": [now], "condition": [depressed()]}
    if state == "not_tolerated":
        return {
            "exposure": [drug("duloxetine", 200, 190, "60", stop_reason="intolerance")],
            "condition": [depressed()],
        }
    if kind == "severity":
        rated = {"measure": "maudsley severity", "date": ago(10), "value": SEVERITY[state]}
        return {"exposure": FAILURES[:1], "condition": [depressed()], "measurement": [rated]}
    if kind == "condition":
        return {"condition": [depressed(), depressed(CONDITION[state])]}
    if kind == "suicidality":
        return {"condition": [depressed(), {"condition": "suicidal ideation", "start_date": ago(3)}]}
    assert kind in ("procedure", "ect")
    course = {
        "procedure": "ECT",
        "date": ago(100),
        "end_date": ago(70),
        "sessions": "10",
        "improvement_pct": "80",
    }
    return {"condition": [depressed()], "procedure": [course]}


# What nobody can read from a record: true is never the answer.
LEFT_TO_THE_CLINICIAN = {"life_threatening"}
# Circumstances that a record never excludes.
NEVER_FALSE = {"ect_indicated", "suicidal"}


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    persons: dict[str, Raw] = {state: in_state(state) for state in STATES}
    persons["mild episode"] = in_state("mild")
    persons["no drug"] = {"condition": [depressed()]}
    record = cohort(persons, tmp_path_factory.mktemp("rules") / "record")
    return {
        "options": options(record),
        "recommendation": table(record, "recommendation"),
        "state": {person: {row["state"]: row["holds"] for row in rows} for person, rows in table(record, "option_state").items()},
    }  # fmt: skip


def treatments(target: str, role: str) -> list[str]:
    """The treatments that a target means, in a role."""
    members = SETS.get(target, [])
    named = {
        row["treatment"]
        for row in PARTS
        if (row["kind"], row["member"]) in members and row["treatment"] not in COMBINED
    }
    return sorted(name for name in named | {target} if (name, role) in ROLES)


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_circumstance_is_told_from_the_record(assessed: dict[str, Any], state: str) -> None:
    expected = None if state in LEFT_TO_THE_CLINICIAN else True
    assert assessed["state"][state][state] is expected
    if state in LEFT_TO_THE_CLINICIAN or STATES[state]["kind"] == "severity":
        other = "severe" if state in ("mild", "not_severe") else "mild episode"
        assert assessed["state"][other][state] is False
    elif STATES[state]["kind"] == "answer" and state not in ("taken", "taking_antidepressant"):
        other = "response" if state != "response" else "no_response"
        assert assessed["state"][other][state] in (False, None if state == "not_tolerated" else False)
        assert assessed["state"]["no drug"][state] is None
    else:
        assert assessed["state"]["no drug"][state] is (None if state in NEVER_FALSE else False)


@pytest.mark.parametrize("number", range(len(LINES)))
def test_every_guideline_line_stands_under_its_name(assessed: dict[str, Any], number: int) -> None:
    line = LINES[number]
    meant = treatments(line["target"], line["role"])
    assert meant, f"{line['target']} has no treatment in the role {line['role']}"
    state = line["asks"] or "no drug"
    columns = ("guideline", "line", "condition", "role")
    same = [
        row for row in assessed["recommendation"][state] if all(row[name] == line[name] for name in columns)
    ]
    rows = [row for row in same if row["treatment"] in meant]
    if line["role"] == "optimise":
        meant = ["duloxetine"]
    assert {row["treatment"] for row in rows} >= set(meant)
    row = next(row for row in rows if row["treatment"] == meant[0])
    assert row["applies"] is (None if line["asks"] in LEFT_TO_THE_CLINICIAN else True)
    assert (row["source"], row["knowledge_status"], row["level"]) == (
        line["source"],
        line["knowledge_status"],
        line["level"],
    )
    option = assessed["options"][state][meant[0], line["role"]]
    counts = row["applies"] and line["place"] < 9 and line["knowledge_status"] != "recalled"
    named = any(text.startswith(f"{line['guideline']}: {line['line']}") for text in listed(option["line"]))
    assert named or not counts
    assert (option["place"] or 9) <= line["place"] or not counts
    if line["place"] == 9:
        assert f"against: {line['guideline']}: {line['line']}" in option["guidance"]


@pytest.mark.parametrize("number", range(len(LOGIC)))
def test_every_rule_of_switching_and_adding_speaks(assessed: dict[str, Any], number: int) -> None:
    rule = LOGIC[number]
    text = f"{rule['stance']}: {rule['says']}"
    spoken_of = {"switch": ("escitalopram", "switch"), "add": ("aripiprazole", "add"), "course": ("tDCS", "course"),
                 "combine": ("SSRI + mirtazapine or trazodone", "combine")}[rule["role"]]  # fmt: skip
    assert text in assessed["options"][rule["state"]][spoken_of]["guidance"]
    assert text not in (assessed["options"]["no drug"][spoken_of]["guidance"] or "")
    assert text not in (assessed["options"][rule["state"]]["cannabis", "add"]["guidance"] or "")


@pytest.mark.parametrize("row", EVIDENCE, ids=lambda row: f"{row['evidence']}-{row['target']}")
def test_every_piece_of_evidence_is_shown_with_its_treatment(assessed: dict[str, Any], row: Row) -> None:
    option = assessed["options"]["no drug"][row["target"], row["role"]]
    assert row["evidence"] in listed(option["evidence"])
    effects = {effect["effect"]: effect for effect in knowledge.table("effect").to_pylist()}
    if row["effect"]:
        effect = effects[row["effect"]]
        assert (row["ci_low"], row["ci_high"]) == (effect["ci_low"], effect["ci_high"])
        assert row["source"] == effect["source"] and row["knowledge_status"] == effect["knowledge_status"]
        assert (effect["analysis"] == "exploratory") == (row["certainty"] == "exploratory")


@pytest.mark.parametrize("row", MATCHES, ids=lambda row: f"{row['domain']}-{row['target']}-{row['relation']}")
def test_every_match_is_a_hypothesis_of_that_domain(
    row: Row, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With only this domain supported the treatments of the row carry its words, and the label of its relation."""
    options_of, titles = _with_one_domain(row["domain"], tmp_path_factory)
    role = row["role"]
    meant = [
        key
        for key in options_of
        if key[0] in treatments(row["target"], key[1])
        and (key[1] == role or (role is None and key[1] != "stop"))
    ]
    assert meant
    text = (
        "weak strategy: " + row["says"]
        if row["relation"] == "weak"
        else f"{row['relation']}, {titles[row['domain']]}: {row['says']}"
    )
    for key in meant:
        option = options_of[key]
        assert text in (option["hypothesis"] or ""), key
        labels = {"match": ("match", "match and mismatch", "weak strategy"), "mismatch": ("mismatch", "match and mismatch"),
                  "weak": ("weak strategy", "match", "mismatch", None), "experimental": ("experimental", "match")}  # fmt: skip
        assert option["fit"] in labels[row["relation"]]


# Each person is called as the domain that stands first.
ONE_DOMAIN_EACH = """
CREATE OR REPLACE TABLE assess.domain AS
SELECT * REPLACE (CASE WHEN domain = person_id THEN 1 ELSE 0 END AS present,
                  CASE WHEN domain = person_id THEN 1 ELSE 2 END AS rank_best)
FROM assess.domain
"""
_FIT: dict[str, dict[tuple[str, str], Row]] = {}


def _with_one_domain(
    domain: str, folders: pytest.TempPathFactory
) -> tuple[dict[tuple[str, str], Row], dict[str, str]]:
    """The options of somebody in whom one domain stands first: the table of domains is given, all else is as it comes."""
    from opentrd.assess.plan import steps

    titles = {row["domain"]: row["title"] for row in knowledge.table("domain").to_pylist()}
    if not _FIT:
        persons: dict[str, Raw] = {name: {"exposure": [drug("lorazepam", 400, None, "1")]} for name in titles}
        record = cohort(persons, folders.mktemp("domains") / "record")
        record.connection.execute(ONE_DOMAIN_EACH)
        assert steps()["option"].kind == "VIEW"  # made anew from the table above
        _FIT.update(options(record))  # type: ignore[arg-type]
    return _FIT[domain], titles  # type: ignore[return-value]


def test_infliximab_matches_by_the_value_of_crp(tmp_path: Path) -> None:
    def crp(value: str, sign: str = "") -> Raw:
        return {
            "measurement": [{"measure": "CRP", "date": ago(5), "value": value, "unit": "mg/L", "sign": sign}]
        }

    persons = {"7": crp("7"), "5": crp("5"), "below 5": crp("5", "<"), "below 10": crp("10", "<"), "none": {}}
    fits = {
        person: rows["infliximab", "add"]["fit"]
        for person, rows in options(cohort(persons, tmp_path / "record")).items()
    }
    assert fits == {"7": "match", "5": "mismatch", "below 5": "mismatch", "below 10": None, "none": None}


def test_a_fit_only_breaks_ties_inside_one_guideline_place(tmp_path_factory: pytest.TempPathFactory) -> None:
    options_of, _ = _with_one_domain("noradrenergic", tmp_path_factory)
    duloxetine, sertraline = options_of["duloxetine", "switch"], options_of["sertraline", "switch"]
    assert (duloxetine["fit"], sertraline["fit"]) == ("match", "mismatch")
    assert duloxetine["place"] == sertraline["place"] == 1
    assert duloxetine["rank_best"] < sertraline["rank_best"]
    assert all(
        row["rank_best"] > sertraline["rank_best"]
        for row in options_of.values()
        if row["standing"] == "no recorded obstacle" and row["place"] == 2
    )


def test_a_folder_of_nothing_but_persons_is_no_error(tmp_path: Path) -> None:
    found = options(cohort({"p": {}}, tmp_path / "record", kept=("person",)))["p"]
    assert len(found) == len({key for key in ROLES if key[1] not in ("optimise", "stop")})
    assert all(row["safety"] == "no recorded obstacle" for row in found.values())
