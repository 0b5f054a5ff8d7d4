"""Which drug blocks which treatment: cases that a clinical pharmacist could check, and every pair that the rules name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from opentrd import knowledge
from option_cases import Row, ago, cohort, listed, options
from typed_rows import Raw


def taken(agent: str, end: int | None = None) -> dict[str, str]:
    """A drug begun 60 days before the assessment that goes on, or ended so many days before it."""
    ends = {"ongoing": "true"} if end is None else {"end_date": ago(end)}
    return {"agent": agent, "start_date": ago(60)} | ends


@pytest.mark.parametrize("agent", ["linezolid", "methylene blue"])
def test_linezolid_and_methylene_blue_block_what_is_serotonergic(agent: str, tmp_path: Path) -> None:
    persons: dict[str, Raw] = {
        "during": {"exposure": [taken(agent)]},
        "the day after": {"exposure": [taken(agent, 1)]},
        "two days after": {"exposure": [taken(agent, 2)]},
    }
    found = options(cohort(persons, tmp_path / "record"))
    serotonergic = (
        "sertraline", "escitalopram", "venlafaxine", "duloxetine", "clomipramine", "nortriptyline", "vortioxetine",
        "trazodone", "mirtazapine", "bupropion", "phenelzine",
    )  # fmt: skip
    expected = {"during": "blocked", "the day after": "blocked", "two days after": "no recorded obstacle"}
    for person, standing in expected.items():
        for treatment in serotonergic:
            if (person, treatment) != ("the day after", "phenelzine"):
                assert found[person][treatment, "switch"]["safety"] == standing, (person, treatment)
    assert found["during"]["bupropion", "add"]["safety"] == "blocked"
    assert found["during"]["SSRI + bupropion", "combine"]["safety"] == "blocked"
    assert found["during"]["agomelatine", "switch"]["safety"] == "no recorded obstacle"


# --- every treatment beside every drug that a rule names, read once more from the rows ----------------------------


@cache
def rows(name: str) -> list[Row]:
    found: list[Row] = knowledge.table(name).to_pylist()
    return found


UNITS = {row["measure"]: row["unit"] for row in rows("measure")}


@cache
def in_set(name: str) -> frozenset[str]:
    return frozenset(r["member"] for r in rows("safety_set") if r["safety_set"] == name and r["kind"] == "agent")  # fmt: skip


@cache
def forbids(current: str, begun: str) -> bool:
    """Whether a rule forbids to begin one drug while another is taken."""
    for rule in rows("safety_rule"):
        target = rule["target"]
        speaks = target in (begun, "any agent") or begun in in_set(target)
        if rule["effect"] != "block" or not speaks or current == begun:
            continue
        if any(
            part["kind"] == "exposure" and current in in_set(part["subject"])
            for part in rows("safety_rule_part")
            if part["rule"] == rule["rule"]
        ):
            return True
    return False


@cache
def drugs_of(treatment: str) -> dict[int, frozenset[str]]:
    """The drugs of each part of a treatment, of which one is given; without a drug the treatment itself."""
    parts: dict[int, set[str]] = {}
    for row in rows("treatment_part"):
        if row["treatment"] == treatment and row["kind"] == "agent":
            parts.setdefault(row["part"], set()).add(row["member"])
    return {part: frozenset(drugs) for part, drugs in (parts or {1: {treatment}}).items()}


NAMED = {part["subject"] for part in rows("safety_rule_part") if part["kind"] == "exposure"}
CURRENT = sorted({drug for name in NAMED for drug in in_set(name)})


def named(option: Row) -> set[str]:
    """The drugs of a treatment of which its texts say that they are blocked."""
    drugs = frozenset[str]().union(*drugs_of(option["treatment"]).values())
    found: set[str] = set()
    for text in [*listed(option["reasons"]), *listed(option["cautions"])]:
        head = text.partition(":")[0]
        if head == "blocked":
            found |= drugs
        elif head.startswith("blocked for all but "):
            free = set(head.removeprefix("blocked for all but ").split(", "))
            (part,) = [part for part in drugs_of(option["treatment"]).values() if free < part]
            found |= part - free
        elif head.startswith("blocked for "):
            found |= set(head.removeprefix("blocked for ").split(", "))
    return found


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[tuple[str, str], Row]]:
    """The options of one person for each drug that a rule names, who takes it and nothing else."""
    persons: dict[str, Raw] = {drug: {"exposure": [taken(drug)]} for drug in CURRENT}
    return options(cohort(persons, tmp_path_factory.mktemp("beside") / "record"))


def test_every_treatment_says_which_of_its_drugs_a_current_drug_forbids(
    beside: dict[str, dict[tuple[str, str], Row]],
) -> None:
    blocked = partly = 0
    for current, found in beside.items():
        for (treatment, role), option in found.items():
            if role == "stop":
                continue
            closed, lacking, some = False, False, set()
            for drugs in drugs_of(treatment).values():
                out = {drug for drug in drugs if forbids(current, drug)}
                some |= out
                # what is taken already, and is the reason, is nothing that could be begun
                closed = closed or (bool(out) and out | {current} >= drugs)
                # what fills a part already and is not forbidden leaves nothing to be careful about in beginning it
                lacking = lacking or (bool(out) and current not in drugs - out)
            told = f"{treatment} beside {current}: {option['standing']}; {option['reasons']}; {option['cautions']}"
            if closed:
                blocked += 1
                assert option["safety"] == option["standing"] == "blocked", told
            elif some:
                partly += 1
                careful = lacking or any(text.startswith("safety") for text in listed(option["cautions"]))
                assert option["safety"] == ("caution" if careful else "no recorded obstacle"), told
                assert named(option) == some, told
            else:
                assert option["safety"] != "blocked" and not named(option), told
    assert blocked > 500 and partly > 50


def test_a_class_is_blocked_beside_a_current_member_that_forbids_the_others(
    beside: dict[str, dict[tuple[str, str], Row]],
) -> None:
    for current in ("tranylcypromine", "phenelzine", "isocarboxazid", "moclobemide"):
        for treatment in ("antidepressant + antipsychotic", "antidepressant + benzodiazepine"):
            option = beside[current][treatment, "combine"]
            assert option["standing"] == "blocked"
            assert any(
                text.startswith(f"blocked for all but {current}: ") for text in listed(option["reasons"])
            )
        assert beside[current]["SSRI + bupropion", "combine"]["standing"] == "blocked"
        assert beside[current]["aripiprazole", "add"]["standing"] != "blocked"
    option = beside["sertraline"]["antidepressant + antipsychotic", "combine"]
    assert option["safety"] == "no recorded obstacle"  # sertraline is the antidepressant of it
    assert {"phenelzine", "moclobemide"} <= named(option) and not {"sertraline", "mirtazapine"} & named(
        option
    )


def test_a_condition_of_one_member_blocks_only_that_member(tmp_path: Path) -> None:
    persons: dict[str, Raw] = {
        "epilepsy": {"condition": [{"condition": "epilepsy", "start_date": ago(900)}]},
        "long QT": {"condition": [{"condition": "long qt syndrome", "start_date": ago(900)}]},
        "allergy": {"condition": [{"condition": "allergy: venlafaxine", "start_date": ago(900)}]},
    }
    found = options(cohort(persons, tmp_path / "record"))
    option = found["epilepsy"]["antidepressant + antipsychotic", "combine"]
    assert option["safety"] == "caution" and named(option) == {"bupropion", "dextromethorphan-bupropion"}
    assert found["epilepsy"]["SSRI + bupropion", "combine"]["safety"] == "blocked"
    option = found["long QT"]["SSRI + mirtazapine or trazodone", "combine"]
    assert option["safety"] == "caution" and named(option) == {"citalopram", "escitalopram"}
    option = found["allergy"]["lithium + nortriptyline or venlafaxine", "combine"]
    assert option["safety"] == "caution" and named(option) == {"venlafaxine"}


# --- what was ruled out, or was normal, long ago -------------------------------------------------------------------


def measured(*values: tuple[str, str, int]) -> Raw:
    """Values of measures in their units, so many days before the assessment."""
    found = [
        {"measure": measure, "value": value, "unit": UNITS[measure], "date": ago(day)}
        for measure, value, day in values
    ]
    return {"measurement": found}


def test_a_statement_of_the_past_silences_no_rule(tmp_path: Path) -> None:
    def out(name: str, day: int) -> Raw:
        return {"condition": [{"condition": name, "start_date": ago(day), "present": "false"}]}

    over = {"condition": "pregnancy", "start_date": ago(900), "end_date": ago(620)}
    undated = {"condition": "pregnancy", "start_date": "", "present": "false"}
    persons: dict[str, Raw] = {
        "ruled out years ago": out("pregnancy", 2000),
        "ruled out in the window": out("pregnancy", 200),
        "ruled out last week": out("pregnancy", 6),
        "ruled out, no day": {"condition": [undated]},
        "ended, and ruled out now": {"condition": [over, *out("pregnancy", 0)["condition"]]},
        "long QT ruled out years ago": out("long qt syndrome", 2000),
        "QTc normal years ago": measured(("QTc interval", "410", 2000)),
        "QTc normal now": measured(("QTc interval", "410", 20)),
        "QTc long years ago": measured(("QTc interval", "520", 2000)),
    }  # fmt: skip
    found = options(cohort(persons, tmp_path / "record"))
    assert set(found) == set(persons)

    def unchecked(person: str, treatment: str, role: str, rule: str) -> bool:
        return rule in listed(found[person][treatment, role]["unchecked"])

    for person, expected in {"ruled out years ago": True, "ruled out in the window": True, "ruled out last week": False,
                             "ruled out, no day": True, "ended, and ruled out now": False}.items():  # fmt: skip
        assert unchecked(person, "valproate", "add", "valproate_pregnancy") is expected, person
        assert found[person]["minocycline", "add"]["safety"] == "no recorded obstacle", person
    assert unchecked("long QT ruled out years ago", "citalopram", "switch", "citalopram_long_qt")
    qtc = "citalopram_escitalopram_qtc"
    assert unchecked("QTc normal years ago", "citalopram", "switch", qtc)
    assert not unchecked("QTc normal now", "citalopram", "switch", qtc)
    assert found["QTc long years ago"]["citalopram", "switch"]["standing"] == "blocked"


def test_lithium_is_held_to_the_latest_filtration_rate(tmp_path: Path) -> None:
    new, old = "eGFR, CKD-EPI 2021", "eGFR, MDRD"
    persons: dict[str, Raw] = {
        "18": measured((new, "18", 30)),
        "30": measured((new, "30", 30)),
        "50": measured((new, "50", 30)),
        "95": measured((new, "95", 30)),
        "95 years ago": measured((new, "95", 1500)),
        "20 before, 95 now": measured((old, "20", 900), (new, "95", 30)),
        "95 before, 20 now": measured((old, "95", 300), (new, "20", 30)),
        "none": {},
    }
    found = options(cohort(persons, tmp_path / "record"))
    rules = {"lithium_egfr", "lithium_egfr_reduced"}
    said = {}
    for person, options_of in found.items():
        lithium = options_of["lithium", "add"]
        said[person] = lithium["safety"], rules & set(listed(lithium["unchecked"]))
    assert said == {
        "18": ("blocked", set()),
        "30": ("caution", set()),
        "50": ("caution", set()),
        "95": ("no recorded obstacle", set()),
        "95 years ago": ("no recorded obstacle", rules),
        "20 before, 95 now": ("no recorded obstacle", set()),
        "95 before, 20 now": ("blocked", set()),
        "none": ("no recorded obstacle", rules),
    }
    assert found["18"]["lithium + nortriptyline or venlafaxine", "combine"]["safety"] == "blocked"
    assert found["18"]["celecoxib", "add"]["safety"] == "blocked"
    assert found["18"]["duloxetine", "switch"]["safety"] == "blocked"
    assert found["18"]["SNRI + mirtazapine", "combine"]["safety"] == "caution"


def test_pharmacogenetics_of_one_drug_of_a_class_names_it(tmp_path: Path) -> None:
    poor = {"genotype": [{"gene": "CYP2C19", "diplotype": "*2/*2"}]}
    found = options(cohort({"poor": poor}, tmp_path / "record"))["poor"]
    told = [text for text in listed(found["SSRI + bupropion", "combine"]["cautions"]) if "pharmacogenetics" in text]  # fmt: skip
    assert told and all(text.startswith("pharmacogenetics: for ") for text in told)
    assert any(text.startswith("pharmacogenetics: for escitalopram: ") for text in told)
    alone = listed(found["escitalopram", "switch"]["cautions"])
    assert any(text.startswith(("pharmacogenetics: CPIC", "pharmacogenetics: DPWG")) for text in alone)
