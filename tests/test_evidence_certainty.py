"""Certainty: functional unblinding, indirectness, GRADE and CINeMA-type proposals, overlap of reviews, decisions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opentrd import knowledge
from opentrd.evidence.certainty import (
    DecisionLog,
    PersonsDecision,
    covered_area,
    functional_unblinding,
    known_inclusions,
    prefill_rob2,
    propose_cinema,
    propose_grade,
    trial_indirectness,
)
from opentrd.evidence.certainty.grade import optimal_information_size
from opentrd.evidence.certainty.zones import areas_alike, crossings
from opentrd.evidence.errors import EvidenceError

KETAMINE = [
    {"treatment": "ketamine 0.5 mg/kg IV", "control": None},
    {"treatment": "saline", "control": "saline"},
]


def answers(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["item"]: row["answer"] for row in rows}


def test_a_double_blind_ketamine_trial_is_not_blind_to_its_participants() -> None:
    filled = answers(prefill_rob2("double-blind", KETAMINE, self_rated=False))
    assert filled == {"2.1": "Y", "2.2": "PN", "4.3": "PN"}
    assert answers(prefill_rob2("double-blind", KETAMINE, self_rated=True))["4.3"] == "Y"


def test_an_active_placebo_makes_it_probable_and_not_certain() -> None:
    arms = [KETAMINE[0], {"treatment": "midazolam", "control": "midazolam"}]
    assert answers(prefill_rob2("double-blind", arms, self_rated=False))["2.1"] == "PY"


@pytest.mark.parametrize(
    ("treatment", "control", "expected"),
    [
        ("psilocybin 25 mg once", "placebo", "Y"),
        ("psilocybin 25 mg once", "low dose", "PY"),
        ("esketamine 56 mg nasal", "placebo", "Y"),
        ("active TMS", "sham", "PY"),
        ("subcallosal cingulate DBS on", "sham", "NI"),
    ],
)
def test_treatments_that_betray_themselves(treatment: str, control: str, expected: str) -> None:
    assert functional_unblinding(treatment, control)[0]["expected"] == expected


@pytest.mark.parametrize("treatment", ["minocycline 200 mg/day", "infliximab", "norketaminoid"])
def test_others_do_not(treatment: str) -> None:
    assert functional_unblinding(treatment, "placebo") == []


def test_masking_and_attrition_are_proposed() -> None:
    drug = [{"treatment": "minocycline", "control": None}, {"treatment": "placebo", "control": "placebo"}]
    assert answers(prefill_rob2("open", drug, self_rated=False)) == {"2.1": "Y", "2.2": "Y", "4.3": "Y"}
    assert answers(prefill_rob2("rater-blind", drug, self_rated=False))["4.3"] == "PN"
    assert answers(prefill_rob2("rater-blind", drug, self_rated=True))["4.3"] == "Y"
    assert answers(prefill_rob2(None, drug, self_rated=True, analysed=0.95)) == {"3.1": "PY"}
    assert answers(prefill_rob2(None, drug, self_rated=True, analysed=0.94)) == {"3.1": "PN"}


@pytest.mark.parametrize(("blinding", "analysed"), [("triple", 1.0), ("open", 1.2)])
def test_what_cannot_be_prefilled_is_a_message(blinding: str, analysed: float) -> None:
    with pytest.raises(EvidenceError):
        prefill_rob2(blinding, KETAMINE, self_rated=True, analysed=analysed)


@pytest.mark.parametrize(
    ("required", "failures", "judgement"),
    [(2, 2, "not serious"), (2, 1, "not serious"), (1, 2, "serious"), (2, 5, "very serious"), (0, 2, "very serious"),
     (0, 0, "not serious"), (None, 2, None)],
)  # fmt: skip
def test_a_trial_against_the_resistance_asked_about(
    required: int | None, failures: int, judgement: str | None
) -> None:
    assert trial_indirectness(required, failures).judgement == judgement


RESULT = {"ci_low": -0.60, "ci_high": -0.30, "pi_low": -0.70, "pi_high": -0.25, "i2_low": 0.0, "k": 12}
STUDIES = [
    {"study": f"s{i}", "weight": 10.0, "risk_of_bias": "low", "failed_trials_required": 2, "registered": True}
    for i in range(12)
]
SMALL = (-0.2, 0.2)


def grade(**changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "zone": SMALL, "failures": 2, "participants": 900, "needed": 400, "egger_p": 0.5,
    }  # fmt: skip
    result = {**RESULT, **{name: changes.pop(name) for name in list(changes) if name in RESULT}}
    studies = changes.pop("studies", STUDIES)
    return propose_grade(result, studies, **{**arguments, **changes})


def test_precise_consistent_direct_evidence_stays_high() -> None:
    proposal = grade()
    assert {decision.judgement for decision in proposal.domains.values()} == {"not serious"}
    assert proposal.certainty == "high"


@pytest.mark.parametrize(
    ("changes", "scope", "judgement", "certainty"),
    [
        ({"ci_high": -0.10}, "imprecision", "serious", "moderate"),
        ({"ci_low": -0.60, "ci_high": 0.30, "pi_high": 0.4}, "imprecision", "very serious", "low"),
        ({"participants": 399}, "imprecision", "serious", "moderate"),
        ({"pi_high": 0.0}, "inconsistency", "serious", "moderate"),
        ({"pi_high": 0.5}, "inconsistency", "very serious", "low"),
        ({"i2_low": 55.0}, "inconsistency", "serious", "moderate"),
        ({"failures": 3}, "indirectness", "serious", "moderate"),
        ({"egger_p": 0.01}, "publication bias", "serious", "moderate"),
        (
            {"studies": [{**s, "risk_of_bias": "high"} for s in STUDIES]},
            "risk of bias",
            "serious",
            "moderate",
        ),
    ],
)
def test_each_domain_rates_down_by_its_number(
    changes: dict[str, Any], scope: str, judgement: str, certainty: str
) -> None:
    proposal = grade(**changes)
    assert proposal.domains[scope].judgement == judgement
    assert proposal.certainty == certainty


def test_what_is_not_known_leaves_a_range_and_says_what_is_missing() -> None:
    proposal = grade(failures=None, egger_p=None)
    assert proposal.certainty is None
    assert (proposal.certainty_low, proposal.certainty_high) == ("very low", "high")
    rows = {row["scope"]: row for row in proposal.table()}
    assert "egger_p" in rows["publication bias"]["missing"]
    assert rows["certainty"]["possible"] == "very low; high"


def test_few_studies_leave_publication_bias_to_a_person() -> None:
    proposal = grade(k=5, studies=STUDIES[:5])
    assert proposal.domains["publication bias"].judgement == "a person decides"
    assert (proposal.certainty_low, proposal.certainty_high) == ("low", "high")


def test_observational_evidence_starts_low_and_can_be_rated_up() -> None:
    assert grade(randomised=False).certainty == "low"
    assert grade(randomised=False, upgrades={"large effect": 1}).certainty == "moderate"
    with pytest.raises(EvidenceError, match="not rated up"):
        grade(upgrades={"large effect": 1})


@pytest.mark.parametrize(
    "changes",
    [{"zone": (0.1, 0.2)}, {"studies": []}, {"ci_low": 1.0, "ci_high": 0.0}, {"studies": [{**STUDIES[0], "weight": 0}]},
     {"studies": [{**STUDIES[0], "risk_of_bias": "medium"}]}],
)  # fmt: skip
def test_what_cannot_be_graded_is_a_message(changes: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError):
        grade(**changes)


def test_persons_needed_for_a_difference() -> None:
    """Half a standard deviation with 80 % power: 63 or 64 a group by the usual formula."""
    assert optimal_information_size(0.5) == pytest.approx(125.6, abs=0.05)
    assert optimal_information_size(3, sd=6) == pytest.approx(optimal_information_size(0.5))


def cinema(**changes: Any) -> dict[str, str]:
    arguments: dict[str, Any] = {
        "interval": (-0.6, -0.3), "prediction": (-0.7, -0.25), "zone": SMALL, "direct": (-0.6, -0.3),
        "indirect": (-0.7, -0.25), "failures": 2,
    }  # fmt: skip
    rows = propose_cinema(STUDIES, **{**arguments, **changes})
    return {row["scope"]: row["proposed"] for row in rows}


def test_cinema_without_any_concern() -> None:
    found = cinema()
    assert {found[scope] for scope in found if scope not in ("reporting bias", "confidence")} == {
        "no concerns"
    }
    assert (found["reporting bias"], found["confidence"]) == ("", "")


@pytest.mark.parametrize(
    ("changes", "scope", "judgement"),
    [
        ({"interval": (-0.6, 0.1)}, "imprecision", "some concerns"),
        ({"interval": (-0.6, 0.3)}, "imprecision", "major concerns"),
        ({"prediction": (-0.7, 0.1)}, "heterogeneity", "some concerns"),
        ({"prediction": (-0.7, 0.4)}, "heterogeneity", "major concerns"),
        ({"prediction": None}, "heterogeneity", ""),
        ({"indirect": None}, "incoherence", "no concerns"),
        ({"indirect": (-0.7, 0.1)}, "incoherence", "some concerns"),
        ({"indirect": (0.3, 0.7)}, "incoherence", "major concerns"),
        ({"direct": None, "global_p": 0.2}, "incoherence", "no concerns"),
        ({"direct": None, "global_p": 0.05}, "incoherence", "some concerns"),
        ({"direct": None, "global_p": 0.001}, "incoherence", "major concerns"),
        ({"direct": None}, "incoherence", ""),
        ({"failures": 4}, "indirectness", "major concerns"),
    ],
)
def test_cinema_rules(changes: dict[str, Any], scope: str, judgement: str) -> None:
    assert cinema(**changes)[scope] == judgement


def test_limits_that_are_touched_are_not_crossed() -> None:
    assert crossings((-0.2, 0.2), SMALL) == 0
    assert crossings((-0.3, 0.2), SMALL) == 1
    assert areas_alike((-0.6, -0.3), (-0.6, -0.3), SMALL) == 3


def test_covered_area_by_hand() -> None:
    """Three reviews of four studies with 7 inclusions: (7 - 4) / (4 x 3 - 4) = 0.375."""
    pairs = [("A", "1"), ("A", "2"), ("A", "3"), ("B", "1"), ("B", "2"), ("C", "1"), ("C", "4")]
    overlap = covered_area([*pairs, ("A", "1")])
    assert (overlap.inclusions, overlap.studies, overlap.cca) == (7, 4, 0.375)
    assert overlap.band == "very high"
    (ab,) = [row for row in overlap.pairs if (row["review_1"], row["review_2"]) == ("A", "B")]
    assert ab["cca"] == pytest.approx((5 - 3) / (3 * 2 - 3))


def test_a_review_is_not_blamed_for_a_study_that_came_later() -> None:
    pairs = [("old", "1"), ("new", "1"), ("new", "2")]
    years = {"old": 2015, "new": 2022, "1": 2010, "2": 2020}
    overlap = covered_area(pairs, years=years)
    assert (overlap.cca, overlap.cca_possible) == (0.5, 1.0)


def test_large_studies_weigh_more_in_the_weighted_area() -> None:
    pairs = [("A", "large"), ("B", "large"), ("A", "small")]
    overlap = covered_area(pairs, persons={"large": 400, "small": 100})
    assert overlap.cca == 0.5
    assert overlap.cca_weighted == pytest.approx((20 + 10 + 20 - 30) / 30)
    assert covered_area(pairs, persons={"large": 400, "small": None}).cca_weighted is None


@pytest.mark.parametrize(
    ("shared", "band"), [(4, "slight"), (5, "moderate"), (10, "high"), (15, "very high")]
)
def test_bands_of_the_covered_area(shared: int, band: str) -> None:
    pairs = [("A", str(i)) for i in range(100)] + [("B", str(i)) for i in range(shared)]
    assert covered_area(pairs).band == band


def test_the_two_systematic_reviews_share_no_included_study() -> None:
    overlap = covered_area(known_inclusions(["review_masood", "review_tatli"]))
    assert (overlap.studies, overlap.cca, overlap.band) == (44, 0.0, "slight")


def test_papers_on_one_sample_are_one_study() -> None:
    one = covered_area(known_inclusions(["review_masood"]))
    merged = covered_area(known_inclusions(["review_masood"], by_sample=True))
    assert (one.studies, merged.studies) == (23, 22)  # two papers on the NIMA sample
    assert one.cca is None


def test_no_reviews_and_unknown_reviews_are_messages() -> None:
    with pytest.raises(EvidenceError, match="no review"):
        covered_area([])
    with pytest.raises(EvidenceError, match="no citations are known"):
        known_inclusions(["review_nobody"])


DECISION = PersonsDecision(
    "ketamine vs midazolam", "grade", "OpenTRD proposal 1", "imprecision", "serious", "crosses_one",
    "very serious", "AB", "one trial carries the interval", "2026-11-21",
)  # fmt: skip


def test_a_decision_is_kept_and_a_later_one_holds(tmp_path: Path) -> None:
    later = replace(DECISION, decided="serious", reason="", on="2026-11-22")
    log = DecisionLog().add(DECISION).add(later)
    assert log.holding("ketamine vs midazolam", "imprecision") == later
    assert log.holding("ketamine vs midazolam", "indirectness") is None
    assert [(row["overrides"], row["holds"]) for row in log.table()] == [(True, False), (False, True)]
    log.write(tmp_path / "decisions.csv")
    assert DecisionLog.read(tmp_path / "decisions.csv") == log


@pytest.mark.parametrize(
    ("change", "said"),
    [({"reason": " "}, "needs a reason"), ({"by": ""}, "field by"), ({"on": "yesterday"}, "not a day")],
)
def test_no_override_without_a_name_a_reason_and_a_day(change: dict[str, str], said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        replace(DECISION, **change)  # type: ignore[arg-type]


def test_a_log_that_cannot_be_read_names_the_row(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    DecisionLog((DECISION,)).write(path)
    path.write_text(path.read_text(encoding="utf-8").replace("2026-11-21", "soon"), encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"decisions.csv, row 2, field on"):
        DecisionLog.read(path)
    path.write_text("subject,tool\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match="columns are missing"):
        DecisionLog.read(path)


def test_important_differences_stand_side_by_side_with_their_sources() -> None:
    rows = [row for row in knowledge.table("important_difference").to_pylist() if row["scale"] == "MADRS"]
    assert {(row["difference_low"], row["difference_high"]) for row in rows} == {(3.0, 6.0), (1.6, 1.9)}
