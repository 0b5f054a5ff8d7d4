"""Every safety rule has its case, made from its own rows: with the fact, without it, and where nothing could be recorded."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from opentrd import knowledge
from option_cases import AS_OF, KEPT, Row, ago, born, cohort, listed, options, table
from typed_rows import Raw

RULES = {row["rule"]: row for row in knowledge.table("safety_rule").to_pylist()}
PARTS = knowledge.table("safety_rule_part").to_pylist()
SETS: dict[tuple[str, str], list[str]] = {}
for _row in knowledge.table("safety_set").to_pylist():
    SETS.setdefault((_row["safety_set"], _row["kind"]), []).append(_row["member"])
OWN: dict[str, list[str]] = {}
COMBINED: set[str] = set()
for _row in knowledge.table("treatment_part").to_pylist():
    OWN.setdefault(_row["treatment"], []).append(_row["member"])
    if _row["part"] > 1:
        COMBINED.add(_row["treatment"])
ROLES: dict[str, str] = {}
for _row in knowledge.table("treatment_role").to_pylist():
    if _row["role"] in ("switch", "add", "course", "combine"):
        ROLES.setdefault(_row["treatment"], _row["role"])
UNITS = {row["measure"]: row["unit"] for row in knowledge.table("measure").to_pylist()}
DECIDED_BY_THE_PERSON = ("age", "sex")


def _treatment(rule: Row) -> str:
    """A treatment that the rule speaks of: the one it names, else the first with a member of its set."""
    if rule["target"] == "any agent":
        return "sertraline"
    if rule["target"] in ROLES:
        return rule["target"]
    members = {name for kind in ("agent", "procedure") for name in SETS.get((rule["target"], kind), [])}
    return next(name for name in sorted(ROLES) if set(OWN.get(name, [])) & members and name not in COMBINED)


def _fact(part: Row, treatment: str) -> Raw:
    """Rows that make one part of a rule true."""
    kind, subject = part["kind"], part["subject"]
    if kind == "exposure":
        agent = next(name for name in SETS[subject, "agent"] if name not in OWN.get(treatment, []))
        return {"exposure": [{"agent": agent, "start_date": ago(60), "end_date": "", "ongoing": "true"}]}
    if kind == "condition":
        return {"condition": [{"condition": SETS[subject, "condition"][0], "start_date": ago(5)}]}
    if kind == "procedure":
        return {"procedure": [{"procedure": SETS[subject, "procedure"][0], "date": ago(5)}]}
    if kind == "measure":
        measure = SETS[subject, "measure"][0]
        value = part["min_value"] + 1 if part["min_value"] is not None else part["max_value"] - 1
        return {
            "measurement": [
                {"measure": measure, "date": ago(5), "value": str(value), "unit": UNITS[measure] or ""}
            ]
        }
    if kind == "phenotype":
        gene, level = SETS[subject, "phenotype"][-1].split()
        return {"genotype": [{"gene": gene, "phenotype": f"{level.capitalize()} Metabolizer"}]}
    if kind == "age":
        strict = int(part["strictly"])
        age = part["min_value"] + strict if part["min_value"] is not None else part["max_value"] - strict
        return {"person": [{"birth_date": born(int(age))}]}
    if kind == "sex":
        return {"person": [{"sex": subject}]}
    assert kind == "allergy"
    return {"condition": [{"condition": f"allergy: {OWN[treatment][0]}", "start_date": ago(5)}]}


def _together(facts: list[Raw]) -> Raw:
    raw: Raw = {}
    for fact in facts:
        for name, rows in fact.items():
            raw[name] = (
                [raw["person"][0] | rows[0]] if name == "person" and name in raw else raw.get(name, []) + rows
            )
    return raw


def _cases() -> list[tuple[str, int]]:
    return sorted({(part["rule"], part["alternative"]) for part in PARTS})


def _name(rule: str, alternative: int) -> str:
    return f"{rule}-{alternative}"


COMPUTABLE = [
    case
    for case in _cases()
    if all(part["kind"] not in ("always", "not computable") for part in PARTS if part["rule"] == case[0])
]


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The options of one person per case who has the fact, and of one who has nothing, with and without tables kept."""
    persons: dict[str, Raw] = {"nothing": {}}
    for rule, alternative in COMPUTABLE:
        parts = [part for part in PARTS if part["rule"] == rule and part["alternative"] == alternative]
        persons[_name(rule, alternative)] = _together(
            [_fact(part, _treatment(RULES[rule])) for part in parts]
        )
    folder = tmp_path_factory.mktemp("safety")
    record = cohort(persons, folder / "kept")
    return {
        "with": options(record),
        "hits": table(record, "option_unit_hit"),
        "not kept": options(
            cohort({"nothing": {"person": [{"sex": ""}]}}, folder / "bare", kept=("person",))
        ),
    }


@pytest.mark.parametrize(("rule", "alternative"), COMPUTABLE)
def test_a_recorded_fact_gives_the_standing_of_its_rule(
    assessed: dict[str, Any], rule: str, alternative: int
) -> None:
    fact = RULES[rule]
    treatment = _treatment(fact)
    option = assessed["with"][_name(rule, alternative)][treatment, ROLES[treatment]]
    column = {"block": "reasons", "caution": "cautions", "monitor": "monitoring"}[fact["effect"]]
    assert fact["says"] in option[column], option
    assert rule not in listed(option["unchecked"])
    if fact["effect"] == "block":
        assert option["standing"] == option["safety"] == "blocked"
        assert not fact["changes"] or fact["changes"] in option["changes"]
    if fact["effect"] == "caution":
        assert option["safety"] in ("caution", "blocked")
        assert option["safety"] == "caution" or "blocked: " in option["reasons"]
    if fact["jurisdiction"]:
        assert f"({fact['jurisdiction']})" in option[column]
    if fact["knowledge_status"] == "recalled":
        assert option["knowledge_status"] == "recalled"


@pytest.mark.parametrize("rule", sorted({rule for rule, _ in COMPUTABLE}))
def test_without_the_fact_nothing_is_blocked_and_the_rule_is_named(
    assessed: dict[str, Any], rule: str
) -> None:
    fact = RULES[rule]
    treatment = _treatment(fact)
    kinds = {part["kind"] for part in PARTS if part["rule"] == rule}
    for world, options_of in (("kept", assessed["with"]), ("not kept", assessed["not kept"])):
        option = options_of["nothing"][treatment, ROLES[treatment]]
        assert option["safety"] != "blocked" and option["standing"] != "blocked"
        assert fact["says"] not in " ".join(
            str(option[column]) for column in ("reasons", "cautions", "monitoring")
        )
        decided = kinds <= {"age"} or (kinds <= set(DECIDED_BY_THE_PERSON) and world == "kept")
        decided = decided or (rule == "antipsychotic_dementia")  # 57 years: shown not to be
        assert (rule in listed(option["unchecked"])) != decided, (world, option["unchecked"])


@pytest.mark.parametrize("rule", sorted(set(RULES) - {rule for rule, _ in COMPUTABLE}))
def test_what_holds_for_everybody_is_watched_and_what_cannot_be_computed_is_named(
    assessed: dict[str, Any], rule: str
) -> None:
    fact = RULES[rule]
    treatment = _treatment(fact)
    option = assessed["with"]["nothing"][treatment, ROLES[treatment]]
    if any(part["kind"] == "always" for part in PARTS if part["rule"] == rule):
        assert fact["effect"] == "monitor" and fact["says"] in option["monitoring"]
    else:
        assert f"{rule} (not computable)" in listed(option["unchecked"])
        assert option["safety"] != "blocked"


def test_no_rule_acts_on_the_drug_itself(assessed: dict[str, Any]) -> None:
    for person, hits in assessed["hits"].items():
        for hit in hits:
            if (
                hit["acts"]
                and hit["because"]
                and any(p["kind"] == "exposure" for p in PARTS if p["rule"] == hit["rule"])
            ):
                own = [hit["unit"]] if hit["unit"] not in OWN else OWN[hit["unit"]]
                assert not set(listed(hit["because"])) & set(own), (person, hit)


def _pool(seed: int) -> list[Raw]:
    """Facts of all kinds, with ends known, not known, or known to the month only."""
    dice = random.Random(seed)
    facts: list[Raw] = []
    for part in dice.sample(
        [
            part
            for part in PARTS
            if part["kind"] in ("exposure", "condition", "measure", "phenotype", "procedure")
        ],
        7,
    ):
        fact = _fact(part, "cannabis" if "cannabis" in OWN else "exercise")
        for row in fact.get("exposure", []):
            row["ongoing"] = dice.choice(["true", "", ""])
            row["end_date"] = (
                "" if row["ongoing"] else dice.choice(["", ago(3), ago(13), ago(16), ago(40), ago(20)[:7]])
            )
        for row in fact.get("condition", []):
            row["present"] = dice.choice(["", "", "false"])
        facts.append(fact)
    return facts


def test_removing_a_fact_never_removes_a_block_without_naming_its_rule(tmp_path: Path) -> None:
    """A fact is everything that the record says about one subject: with it gone, its rules are unchecked, not passed."""
    persons: dict[str, Raw] = {}
    for seed in range(25):
        facts = _pool(seed)
        persons[f"{seed:02d}"] = _together(facts)
        for number, fact in enumerate(facts):
            name, rows = next(iter(fact.items()))
            subject = [rows[0].get(key) for key in ("agent", "condition", "procedure", "measure", "gene")]
            left = _together(facts)
            left[name] = [
                row
                for row in left[name]
                if [row.get(key) for key in ("agent", "condition", "procedure", "measure", "gene")] != subject
            ]
            persons[f"{seed:02d}-{number}"] = left
    record = cohort(persons, tmp_path / "record", kept=KEPT)
    found, hits = options(record), table(record, "option_unit_hit")
    blocks = {rule for rule, row in RULES.items() if row["effect"] == "block"}
    removed = 0
    for person in (name for name in persons if "-" in name):
        after = {(hit["unit"], hit["rule"]): hit["acts"] for hit in hits[person]}
        for hit in hits[person[:2]]:
            key = hit["unit"], hit["rule"]
            if hit["rule"] in blocks and hit["acts"] and after.get(key) is not True:
                for (treatment, role), option in found[person].items():
                    if hit["unit"] in (treatment, *OWN.get(treatment, [])) and role != "stop":
                        removed += 1
                        said = f"{option['reasons']}; {option['cautions']}"  # of other drugs of the treatment
                        assert (
                            hit["rule"] in listed(option["unchecked"])
                            or (key in after and after[key] is None)
                            or RULES[hit["rule"]]["says"] in said
                        ), (person, key)
    assert removed > 100


def test_a_washout_is_an_interval(tmp_path: Path) -> None:
    def phenelzine(**row: str) -> Raw:
        return {"exposure": [{"agent": "phenelzine", "start_date": ago(200)} | row]}

    persons = {
        "ended 14 days before": phenelzine(end_date=ago(14)),
        "ended 15 days before": phenelzine(end_date=ago(15)),
        "no end recorded": phenelzine(),
        "goes on": phenelzine(ongoing="true"),
        "days taken, no end": phenelzine(days_taken="30"),
        "end known to the month": phenelzine(end_date=ago(10)[:7]),
        "starts later": {"exposure": [{"agent": "phenelzine", "start_date": "2024-07-01"}]},
    }
    found = options(cohort(persons, tmp_path / "record"))
    standing = {person: rows["sertraline", "switch"]["standing"] for person, rows in found.items()}
    assert AS_OF.isoformat() == "2024-06-01"
    assert standing == {
        "ended 14 days before": "blocked",
        "ended 15 days before": "no recorded obstacle",
        "no end recorded": "blocked",
        "goes on": "blocked",
        "days taken, no end": "not known",
        "end known to the month": "not known",
        "starts later": "no recorded obstacle",
    }


def test_a_condition_that_was_ruled_out_is_checked(tmp_path: Path) -> None:
    out = [{"condition": name, "start_date": ago(5), "present": "false"} for name in ("epilepsy", "seizure")]
    found = options(
        cohort({"one of two": {"condition": out[:1]}, "both": {"condition": out}}, tmp_path / "record")
    )
    unchecked = {person: listed(rows["bupropion", "switch"]["unchecked"]) for person, rows in found.items()}
    assert "bupropion_seizure" in unchecked["one of two"]
    assert "bupropion_seizure" not in unchecked["both"]


def test_an_old_pregnancy_does_not_block_for_ever(tmp_path: Path) -> None:
    def pregnant(start: str, end: str) -> Raw:
        return {"condition": [{"condition": "pregnancy", "start_date": start, "end_date": end}]}

    persons = {
        "now": pregnant(ago(100), ""),
        "ended a year ago": pregnant(ago(900), ago(600)),
        "long ago, no end recorded": pregnant(ago(3000), ""),
    }
    found = options(cohort(persons, tmp_path / "record"))
    standing = {person: rows["esketamine", "add"]["safety"] for person, rows in found.items()}
    assert standing == {
        "now": "blocked",
        "ended a year ago": "no recorded obstacle",
        "long ago, no end recorded": "not known",
    }


def test_ages_keep_their_jurisdiction(tmp_path: Path) -> None:
    found = options(
        cohort(
            {str(age): {"person": [{"birth_date": born(age)}]} for age in (60, 61, 65, 66)},
            tmp_path / "record",
        )
    )
    capped = {
        age: [
            text
            for text in listed(rows["citalopram", "switch"]["cautions"])
            if text.startswith("safety: at most 20 mg")
        ]
        for age, rows in found.items()
    }
    assert capped["60"] == []
    assert capped["61"] == capped["65"] == ["safety: at most 20 mg a day above 60 years (FDA)"]
    assert capped["66"] == [
        "safety: at most 20 mg a day above 60 years (FDA)",
        "safety: at most 20 mg a day above 65 years (MHRA)",
    ]
