"""Judging tools as data: their rules against a plain reading of the published algorithms, and planted mistakes in them."""

from __future__ import annotations

import csv
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from opentrd import knowledge
from opentrd.evidence.certainty import judge
from opentrd.evidence.certainty.tools import definition, propose
from opentrd.evidence.errors import EvidenceError
from opentrd.knowledge.tool_rules import Rule, decide, parse_condition

YES, NO, OPEN = ("Y", "PY"), ("N", "PN"), "NI"


def domain_1(a: dict[str, str]) -> str:
    if a["1.2"] in NO:
        return "high"
    if a["1.2"] in YES:
        return "some concerns" if a["1.1"] in NO or a["1.3"] in YES else "low"
    return "high" if a["1.3"] in YES else "some concerns"


def domain_2(a: dict[str, str]) -> str:
    if (a["2.1"] in NO and a["2.2"] in NO) or a["2.3"] in NO:
        context = "low"
    elif a["2.3"] == OPEN or a["2.4"] in NO:
        context = "some concerns"
    else:
        context = "some concerns" if a["2.5"] in YES else "high"
    impact = "some concerns" if a["2.7"] in NO else "high"
    analysis = "low" if a["2.6"] in YES else impact
    return max(context, analysis, key=["low", "some concerns", "high"].index)


def domain_3(a: dict[str, str]) -> str:
    if a["3.1"] in YES or a["3.2"] in YES or a["3.3"] in NO:
        return "low"
    return "some concerns" if a["3.4"] in NO else "high"


def domain_4(a: dict[str, str]) -> str:
    if a["4.1"] in YES or a["4.2"] in YES:
        return "high"
    if a["4.3"] in NO or a["4.4"] in NO:
        return "low" if a["4.2"] in NO else "some concerns"
    return "some concerns" if a["4.5"] in NO else "high"


def domain_5(a: dict[str, str]) -> str:
    if a["5.2"] in YES or a["5.3"] in YES:
        return "high"
    if OPEN in (a["5.2"], a["5.3"]):
        return "some concerns"
    return "low" if a["5.1"] in YES else "some concerns"


READINGS: dict[str, Callable[[dict[str, str]], str]] = {
    "1": domain_1, "2": domain_2, "3": domain_3, "4": domain_4, "5": domain_5,
}  # fmt: skip


@pytest.mark.parametrize("domain", READINGS)
def test_rob2_rules_give_what_a_plain_reading_gives_for_every_set_of_answers(domain: str) -> None:
    tool = definition("rob2_assignment")
    items = [item for item in tool.items if tool.items[item]["domain"] == domain]
    for answers in itertools.product(("Y", "N", "NI"), repeat=len(items)):
        given = dict(zip(items, answers, strict=True))
        assert judge("rob2_assignment", given).scopes[domain].judgement == READINGS[domain](given), given


def test_probably_counts_as_yes_or_no_in_every_rule() -> None:
    """PY stands wherever Y stands, and PN wherever N stands, in all tools that take both."""
    for row in knowledge.table("tool_rule").to_pylist():
        if row["tool"].startswith(("rob2_a", "robis")):
            for clause in parse_condition(row["when"]):
                assert ("Y" in clause.words) == ("PY" in clause.words), row
                assert ("N" in clause.words) == ("PN" in clause.words), row


LOW = {
    "1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y", "4.1": "N", "4.2": "N",
    "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "overall"),
    [
        ({}, "low"),
        ({"5.1": "NI"}, "some concerns"),
        ({"5.1": "NI", "1.1": "N"}, "some concerns"),
        ({"1.2": "N"}, "high"),
        ({"1.2": "N", "5.1": "NI"}, "high"),
    ],
)
def test_rob2_overall(change: dict[str, str], overall: str) -> None:
    assert judge("rob2_assignment", {**LOW, **change}).overall == overall


def test_an_open_item_leaves_the_judgement_open_only_where_it_matters() -> None:
    without = {item: answer for item, answer in LOW.items() if item != "5.1"}
    judgement = judge("rob2_assignment", without)
    assert judgement.overall is None
    assert set(judgement.scopes["overall"].possible) == {"low", "some concerns"}
    assert judgement.scopes["5"].missing == ("5.1",)
    assert judge("rob2_assignment", {**without, "1.2": "N"}).overall == "high"


def test_adhering_asks_other_questions_than_assignment() -> None:
    answers = {"2.1": "Y", "2.2": "Y", "2.3": "Y", "2.4": "N", "2.5": "N"}
    assert judge("rob2_adherence", answers).scopes["2"].judgement == "low"
    assert judge("rob2_adherence", {**answers, "2.5": "Y", "2.6": "N"}).scopes["2"].judgement == "high"


def test_rule_and_version_are_named() -> None:
    row = judge("rob2_assignment", LOW).table()[-1]
    assert (row["scope"], row["rules"], row["version"]) == ("overall", "all_low", "2019-08-22")


# Machado 2020 in table 2 of PMC9188066 (no on items 3, 6, 7, 10, 12 and 15), printed there as moderate.
PRINTED = {str(item): "Y" for item in range(1, 17)} | dict.fromkeys(("2", "4", "8"), "PY")
PRINTED |= dict.fromkeys(("3", "6", "7", "10", "12", "15"), "N")


def test_amstar_2_finds_two_critical_flaws_where_moderate_was_printed() -> None:
    assert judge("amstar2", PRINTED).overall == "critically low"
    assert judge("amstar2", PRINTED, critical=["2", "4", "9", "11", "13"]).overall == "moderate"


@pytest.mark.parametrize(
    ("noes", "rating"),
    [([], "high"), (["3"], "high"), (["3", "10"], "moderate"), (["7"], "low"), (["7", "3", "10"], "low"),
     (["2", "7"], "critically low")],
)  # fmt: skip
def test_amstar_2_ratings(noes: list[str], rating: str) -> None:
    answers = {item: "N" if item in noes else "Y" for item in definition("amstar2").items}
    assert judge("amstar2", answers).overall == rating


@pytest.mark.parametrize(
    ("stars", "quality"),
    [((4, 2, 3), "good"), ((3, 1, 2), "good"), ((2, 1, 2), "fair"), ((2, 2, 3), "fair"), ((1, 2, 3), "poor"),
     ((3, 0, 2), "poor"), ((4, 2, 1), "poor"), ((0, 0, 0), "poor")],
)  # fmt: skip
def test_newcastle_ottawa_by_the_thresholds_of_the_ahrq(stars: tuple[int, int, int], quality: str) -> None:
    selection, comparability, outcome = stars
    answers = {f"s{i}": str(int(i <= selection)) for i in range(1, 5)}
    answers |= {f"o{i}": str(int(i <= outcome)) for i in range(1, 4)} | {"c1": str(comparability)}
    assert judge("nos_cohort", answers).overall == quality
    assert judge("nos_case_control", answers).overall == quality


def test_robis_proposes_low_only_without_any_doubt() -> None:
    items = definition("robis").items
    sure = judge("robis", dict.fromkeys(items, "Y"))
    assert {decision.judgement for decision in sure.scopes.values()} == {"low"}
    doubt = judge("robis", {**dict.fromkeys(items, "Y"), "2.5": "PN", "3.3": "NI"})
    assert doubt.scopes["2"].judgement == "a person decides"
    assert doubt.scopes["3"].judgement == "unclear"


def test_a_tool_made_without_a_score_has_none() -> None:
    judgement = judge("nih_cohort", {"1": "Y", "2": "Y", "3": "NR"})
    assert judgement.overall is None
    assert judgement.tally == {"Y": 2, "NR": 1}
    assert len(judgement.unanswered) == 11


@pytest.mark.parametrize(
    ("tool", "answers", "said"),
    [
        ("rob3", {}, "this tool is not known"),
        ("amstar2", {"17": "Y"}, "no such item"),
        ("amstar2", {"1": "PY"}, "does not take this answer"),
        ("nos_cohort", {"s1": "2"}, "does not take this answer"),
    ],
)
def test_what_cannot_be_judged_is_a_message(tool: str, answers: dict[str, str], said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        judge(tool, answers)


def test_a_rule_before_that_may_hold_leaves_both_judgements() -> None:
    rules = [Rule("a", parse_condition("x: Y"), "high"), Rule("b", parse_condition("y: 1.."), "low")]
    assert decide(rules, {"y": (1.0, 1.0)}).possible == ("high", "low")
    assert decide(rules, {"x": frozenset({"N"}), "y": (1.0, 2.0)}).judgement == "low"
    assert decide(rules, {"x": frozenset({"N"}), "y": (0.0, 0.0)}).judgement == "not covered"


@pytest.mark.parametrize("text", ["", "1.1", "1.1:", ": Y", "x: ..", "x: 2..1"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_condition(text)


@pytest.mark.parametrize(
    ("table", "which", "change", "said"),
    [
        ("tool_rule", {"rule": "d1_not_hidden"}, {"when": "1.9: N PN"}, "neither an item nor a number"),
        ("tool_rule", {"rule": "d1_not_hidden"}, {"when": "1.2: NO"}, "is no answer to item 1.2"),
        ("tool_rule", {"rule": "d1_not_hidden"}, {"when": "1.2 N"}, "is not a clause"),
        ("tool_rule", {"rule": "d1_not_hidden"}, {"rank": "2"}, "the same key"),
        ("tool_item", {"item": "1.1"}, {"tool": "rob3"}, "'rob3' is not in tool.csv"),
        ("important_difference", {"scale": "MADRS"}, {"difference_low": "9"}, "above difference_high"),
        ("unmasking", {"term": "ketamine"}, {"expected": "N"}, "expected"),
    ],
)
def test_a_planted_mistake_in_a_tool_is_found(
    tmp_path: Path, table: str, which: dict[str, str], change: dict[str, str], said: str
) -> None:
    for name in ("tool", "tool_item", "tool_rule", "unmasking", "important_difference"):
        shutil.copy(knowledge.TABLES / f"{name}.csv", tmp_path)
    path = tmp_path / f"{table}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if all(row[column] == value for column, value in which.items()))
    row.update(change)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    assert any(said in finding for finding in knowledge.check(tmp_path))


def test_no_wording_of_the_official_questions_is_shipped() -> None:
    """The texts of RoB 2 may not be changed and shared; ours are other words."""
    asks = " ".join(row["asks"].lower() for row in knowledge.table("tool_item").to_pylist())
    for official in (
        "allocation sequence",
        "deviations from the intended",
        "aware of their assigned",
        "non-protocol",
    ):
        assert official not in asks


@pytest.mark.parametrize(
    ("tool", "numbers"),
    [
        ("trd_indirectness", {"required": (0, 1, 2, 4), "gap": (-4, -1, 0, 1, 2, 5)}),
        ("cca", {"cca": (-0.01, 0.0, 0.05, 0.1, 0.15, 1.0)}),
        ("rob2_prefill", {"analysed": (0.0, 0.949, 0.95, 1.0)}),
    ],
)  # fmt: skip
def test_rules_on_numbers_leave_no_gap(tool: str, numbers: dict[str, tuple[float, ...]]) -> None:
    for values in itertools.product(*numbers.values()):
        for decision in propose(tool, dict(zip(numbers, values, strict=True))).values():
            assert decision.judgement not in (None, "not covered"), values
