"""Findings: golden cases, each rule row at its bounds, and the laws that every check keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from finding_cases import assessed, raw_of, read_cases
from opentrd import knowledge
from running import Row

GOLDEN = Path(__file__).parent / "golden" / "findings" / "checks.csv"
CASES = read_cases(GOLDEN)
TRUTH = {"true": True, "false": False, "": None}
FINDINGS = {row["finding"]: row for row in knowledge.table("finding").to_pylist()}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[list[Row]]:
    """The findings of every case, from one run per set of kept tables."""
    raws = [raw_of(case["facts"], case["not_kept"], f"p{number}") for number, case in enumerate(CASES)]
    return [rows["finding"] for rows in assessed(raws, tmp_path_factory.mktemp("findings"), "finding")]


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=lambda number: f"{CASES[number]['finding']}-{number}"
)
def test_golden_case(found: list[list[Row]], number: int) -> None:
    case = CASES[number]
    subject, _, source = case["subject"].replace("{p}", f"p{number}").partition("|")
    rows = [
        row
        for row in found[number]
        if (row["finding"], row["subject"]) == (case["finding"], subject)
        and row["source"] == (source or "record")
    ]
    assert [row["present"] for row in rows] == [TRUTH[case["present"]]], f"{case['facts']} ({case['note']})"


def test_every_check_has_a_case_for_each_truth_it_can_have() -> None:
    seen = {(case["finding"], TRUTH[case["present"]]) for case in CASES}
    wanted = {
        (name, truth)
        for name, row in FINDINGS.items()
        for truth, says in ((True, "says_present"), (False, "says_absent"), (None, "says_unknown"))
        if row[says]
    }
    missing = {pair for pair in wanted - seen if pair[0] not in LATER}
    assert missing <= {("unread_rows", False), ("no_dates", True)}, sorted(map(str, missing))


# Its cases stand with those of the domains.
LATER = {"domain_mismatch"}


def test_the_rows_are_complete_and_speak(found: list[list[Row]]) -> None:
    for rows in found:
        keys = [(row["finding"], row["subject"], row["source"]) for row in rows]
        assert len(keys) == len(set(keys))
        for row in rows:
            assert row["says"], row
            assert row["present"] is not None or row["settles"], row
            assert row["present"] is None or row["settles"] is None, row
            assert row["knowledge_status"] in ("verified", "transcribed", "recalled")


def test_what_stands_first_is_there_for_everybody(found: list[list[Row]]) -> None:
    for rows in found:
        first = [row["finding"] for row in sorted(rows, key=lambda row: row["place"])][:3]
        assert first == ["suicidality", "suicidal_behaviour", "suicide_attempt_history"]


def test_recorded_suicidality_names_the_local_emergency_pathway(found: list[list[Row]]) -> None:
    said = {
        row["says"] for rows in found for row in rows if row["finding"] == "suicidality" and row["present"]
    }
    assert said
    assert all("Follow the local emergency pathway" in text for text in said)
    assert not any("immediately" in text.lower() or "urgent" in text.lower() for text in said)


def test_a_recalled_rule_never_clears_suicidality() -> None:
    groups = ("suicide", "beside_suicide")
    signs = {row["sign"] for row in FINDINGS.values() if row["grp"] in groups and row["sign"]}
    for rule in knowledge.table("sign_rule").to_pylist():
        if rule["sign"] in signs and rule["knowledge_status"] == "recalled":
            assert rule["speaks"] == "for", rule


def test_a_screening_scale_gives_the_probability_after_its_result(tmp_path: Path) -> None:
    """Bayes by hand: 0.2 x 0.71 / (0.2 x 0.71 + 0.8 x 0.23) = 0.436; below the cut-off 0.2 x 0.29 / (0.058 + 0.616) = 0.086."""
    high, low = assessed(
        [raw_of("m: MDQ, 9, 2024-05-01", "", "high"), raw_of("m: MDQ, 3, 2024-05-01", "", "low")],
        tmp_path,
        "finding",
    )
    (after_high,) = [row for row in high["finding"] if row["finding"] == "bipolar_screen"]
    (after_low,) = [row for row in low["finding"] if row["finding"] == "bipolar_screen"]
    assert (after_high["value"], after_high["unit"], after_high["present"]) == ("44", "%", None)
    assert after_low["value"] == "9"
    assert "20 %" in after_high["threshold"]
