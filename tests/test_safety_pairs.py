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
    """The drugs of each part of a treatment: one of them is given."""
    parts: dict[int, set[str]] = {}
    for row in rows("treatment_part"):
        if row["treatment"] == treatment and row["kind"] == "agent":
            parts.setdefault(row["part"], set()).add(row["member"])
    return {part: frozenset(drugs) for part, drugs in parts.items()}


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
            closed, some = False, set()
            for drugs in drugs_of(treatment).values():
                out = {drug for drug in drugs if forbids(current, drug)}
                some |= out
                # what is taken already, and is the reason, is nothing that could be begun
                closed = closed or (bool(out) and out | {current} >= drugs)
            told = f"{treatment} beside {current}: {option['standing']}; {option['reasons']}; {option['cautions']}"
            if closed:
                blocked += 1
                assert option["safety"] == option["standing"] == "blocked", told
            elif some:
                partly += 1
                assert option["safety"] == "caution", told
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
    assert option["safety"] == "caution"
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
