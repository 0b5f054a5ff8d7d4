"""The size of a study as running text tells it, against every denominator the study rows give."""

from __future__ import annotations

from pathlib import Path

import pytest

from opentrd.evidence.audit import audit

STUDY = {
    "study": "vireo2015", "first_author": "Vireo", "year": 2015, "design": "randomised parallel", "blinding": "double-blind",
    "n_persons": 60, "n_basis": "randomised", "groups": "drug A n=31; placebo n=29", "read_in": "invented",
    "knowledge_status": "verified",
}  # fmt: skip
CONTROLS = STUDY | {
    "study": "wren2016", "first_author": "Wren", "year": 2016, "design": "case-control", "n_persons": 76, "n_basis": "enrolled",
    "groups": "51 depressed; 25 healthy",
}  # fmt: skip
POOL = STUDY | {
    "study": "xenops2017",
    "first_author": "Xenops",
    "year": 2017,
    "design": "meta-analysis",
    "n_persons": 900,
}
ARMS = [
    {"study": "vireo2015", "arm": arm, "n": n, "denominator": basis, "subset_of": None, "subset": None}
    for arm, n, basis in (("a", 30, "treated"), ("b", 28, "treated"), ("a", 27, "observed"), ("b", 27, "observed"))
]  # fmt: skip
RULE = "size_against_study"


def _run(folder: Path, sentence: str) -> tuple[int, int]:
    """Findings and questions of the rule on one sentence."""
    text = folder / "text.txt"
    text.write_text(f"Results\n\n{sentence}\n", encoding="utf-8")
    report = audit([text], rows={"study": [STUDY, CONTROLS, POOL], "arm": ARMS})
    return sum(one.rule == RULE for one in report.findings), sum(one.rule == RULE for one in report.questions)


@pytest.mark.parametrize(
    "sentence",
    [
        "In a trial of 80 patients drug A was better (Vireo et al., 2015).",
        "Vireo et al. (2015) randomised 45 patients with resistant depression.",
        "In a double-blind study, drug A was given to 80 adults: 80 adults were randomised (Vireo et al., 2015).",
        "Of many outpatients with depression, 80 patients were randomised (Vireo et al., 2015).",
        "A total of 120 participants were treated with drug A or placebo (Vireo et al., 2015).",
        "A randomised trial (N = 45) of drug A was negative (Vireo et al., 2015).",
        "A trial of more than 80 patients agrees (Vireo et al., 2015).",
        "Drug A was used in 80 patients with depression (Vireo et al., 2015).",
        "One study of 51 participants scanned the brain (Wren et al., 2016).",
        "In a trial of 80 patients drug A was better (Vireo et al., 2015), whereas scans did not differ (Wren et al., 2016).",
    ],
)
def test_a_size_that_no_denominator_gives_is_found(tmp_path: Path, sentence: str) -> None:
    findings, questions = _run(tmp_path, sentence)
    assert findings >= 1 and questions == 0


@pytest.mark.parametrize(
    "sentence",
    [
        "In a trial of 60 patients drug A was better (Vireo et al., 2015).",  # randomised
        "In a trial of 58 patients drug A was better (Vireo et al., 2015).",  # treated
        "In a trial, 54 patients were analysed (Vireo et al., 2015).",  # analysed
        "A trial of about 60 patients agrees (Vireo et al., 2015).",
        "A trial of more than 50 patients agrees (Vireo et al., 2015).",
        "Vireo et al. (2015) randomised 31 patients to drug A and 29 to placebo.",
        "In the trial 22 patients responded (Vireo et al., 2015).",
        "A study in 20 patients with raised CRP gave more (Vireo et al., 2015).",
        "Of 200 persons screened, 60 patients were randomised (Vireo et al., 2015).",
        "In this study, 12 patients in the placebo group were treated again (Vireo et al., 2015).",
        "Drug A was stopped in 12 patients (Vireo et al., 2015).",
        "Sleep improved (n = 12) in the trial (Vireo et al., 2015).",
        "A trial of 6 weeks in 60 patients was positive (Vireo et al., 2015).",
        "One study of 51 patients scanned the brain (Wren et al., 2016).",
        "A meta-analysis of 400 patients agrees (Xenops et al., 2017).",
        "In a trial of 80 patients drug C was better (Nobody et al., 2011).",
        "In a trial of 80 patients two drugs were better (Vireo et al., 2015; Wren et al., 2016).",
        "A trial of 60-year-old patients was positive (Vireo et al., 2015).",
        "In a trial of 80% women drug A was better (Vireo et al., 2015).",
    ],
)
def test_denominators_parts_and_other_numbers_are_left_alone(tmp_path: Path, sentence: str) -> None:
    assert _run(tmp_path, sentence) == (0, 0)


@pytest.mark.parametrize(
    "sentence",
    [
        "In a trial of 31 patients drug A was better (Vireo et al., 2015).",  # one group
        "Scans of the brain in 51 participants differed (Wren et al., 2016).",  # one group
        "Vireo et al. (2015) enrolled 80 patients.",  # before randomisation?
        "Vireo et al. (2015) tested a new drug. The trial randomised 80 patients.",  # the neighbour's study?
    ],
)
def test_what_only_a_reader_can_settle_is_a_question(tmp_path: Path, sentence: str) -> None:
    assert _run(tmp_path, sentence) == (0, 1)


def test_true_sizes_of_all_known_trials_are_left_alone_and_wrong_ones_are_not(tmp_path: Path) -> None:
    """Every trial of the knowledge told with its own number, and with a number far off."""
    from opentrd.evidence.audit.run import facts

    known = facts()
    names = [(row["first_author"], row["year"]) for row in known["study"]]
    trials = [
        row for row in known["study"]
        if row["n_persons"] and row["first_author"] and str(row["design"]).startswith("randomised")
        and names.count((row["first_author"], row["year"])) == 1 and row["n_persons"] != row["year"]
    ]  # fmt: skip
    assert len(trials) > 15
    for shift in (0, 1):
        text = tmp_path / f"shift-{shift}.txt"
        said = [
            f"{row['first_author']} et al. ({row['year']}) reported a trial of {int(row['n_persons']) * (1 + 2 * shift)} patients."
            for row in trials
        ]  # fmt: skip
        text.write_text("Results\n\n" + "\n\n".join(said) + "\n", encoding="utf-8")
        report = audit([text])
        found = [one for one in (*report.findings, *report.questions) if one.rule == RULE]
        # One first author has a name that citations by author and year do not read.
        assert len(found) == 0 if not shift else len(found) >= len(trials) - 1


@pytest.mark.parametrize(("n", "found"), [("60", 0), ("58", 0), ("54", 0), ("57", 1), ("120", 1)])
def test_a_table_may_give_any_denominator_of_the_study(tmp_path: Path, n: str, found: int) -> None:
    table = tmp_path / "table.csv"
    table.write_text(f"study,design,population,n\nVireo 2015,RCT,adults,{n}\n", encoding="utf-8")
    report = audit([table], rows={"study": [STUDY, CONTROLS, POOL], "arm": ARMS})
    assert sum(one.rule == RULE for one in [*report.findings, *report.questions]) == found
