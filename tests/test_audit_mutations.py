"""One change in a sound article, and the auditor finds that one change.

The article is ``audit_cases/clean/vancouver.txt``, in which nothing is wrong.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from opentrd.evidence.audit import RULES, read
from opentrd.evidence.audit.model import Material
from opentrd.evidence.audit.run import examine, facts

ARTICLE = (Path(__file__).parent / "audit_cases" / "clean" / "vancouver.txt").read_text(encoding="utf-8")
FACTS = {name: rows for name, rows in facts().items() if name.startswith("measure")}

CHANGES = [
    ("(95% CI -4.1 to -1.7)", "(95% CI 1.7 to 4.1)", "sign_lost"),
    ("(-0.47, -0.19)", "(-0.47, -0.25)", "estimate_off_centre"),
    ("(RR 1.42, 95% CI 1.21 to 1.67", "(RR 1.42, 95% CI 1.51 to 1.67", "estimate_outside_interval"),
    ("0.30–0.87, p = 0.013", "0.30–0.87, p = 0.13", "interval_against_p"),
    ("χ²(10) = 12.20, p = 0.27", "χ²(10) = 12.20, p = 0.027", "p_from_statistic"),
    ("t(9) = 0.85, p = 0.42", "t(9) = 2.85, p = 0.42", "p_from_statistic"),
    ("F(1, 9) = 6.10, p = 0.036", "F(1, 19) = 6.10, p = 0.036", "p_from_statistic"),
    ("responded (p = 0.39)", "responded (p = 0.03)", "p_from_counts"),
    ("301/602 (50.0%)", "301/602 (54.0%)", "percent_of_count"),
    ("45 of 60 patients (75%)", "45 of 60 patients (57%)", "percent_of_count"),
    ("PsycINFO: 230", "PsycINFO: 320", "prisma_arithmetic"),
    ("430 duplicates", "340 duplicates", "prisma_arithmetic"),
    ("(n = 20), not resistant", "(n = 30), not resistant", "prisma_arithmetic"),
    ("Baseline MADRS was 31.4 (SD 5.2;", "Baseline MADRS was 81.4 (SD 5.2;", "scale_bounds"),
    ("Older reviews are many [8–10]", "Older reviews are many [8–11]", "cited_not_listed"),
    ("Older reviews are many [8–10]", "Older reviews are many [8,9]", "listed_not_cited"),
    (
        "Elm et al. came to similar figures with 9 trials [6]",
        "Elm et al. came to similar figures with 9 trials [7]",
        "author_against_entry",
    ),
    ("and Dogwood\net al. counted", "and Dagwood\net al. counted", "author_against_entry"),
    ("10.3389/fpsyt.2021", "10.3389/fpsy.2021", "doi_form"),
    ("S0140-6736(03)", "S0140-6763(03)", "doi_form"),
    ("from January 2003 to", "from January 2001 to", "time_span"),
    ("CRP in mg/L.", "CRP in 3 mg/L-1.", "unit_grammar"),
    ("3.2 Effects", "3.4 Effects", "heading_numbers"),
    ("²Clinic of", "¹Clinic of", "footnote_markers"),
    ("The evidence was of moderate certainty.", "The evidence was mixed.", "method_without_result"),
    (
        "Trials were judged\nwith RoB 2,",
        "Trials were judged\nwith RoB 2 for allocation concealment, blinding and selective reporting,",
        "instrument_domains",
    ),
    ("showed no loss.", "showed no loss (insert Table 4 here).", "placeholder"),
    ("(p = 0.39).", "(p = 0.39), a difference that was significant (p = 0.39).", "significance_words"),
]


@pytest.mark.parametrize(
    ("right", "wrong", "rule"), CHANGES, ids=[f"{rule}: {wrong[:30]}" for _, wrong, rule in CHANGES]
)
def test_one_change_gives_its_finding(right: str, wrong: str, rule: str) -> None:
    assert ARTICLE.count(right) == 1
    report = examine(Material([read.from_text(ARTICLE.replace(right, wrong), "article.txt")], FACTS))
    fired = {found.rule for found in report.findings}
    assert rule in fired and fired <= {rule, *_ALSO.get(rule, ())}


# A change may break a second rule of the same kind.
_ALSO = {
    "author_against_entry": {"listed_not_cited"},
    "estimate_off_centre": {"interval_against_p"},
    "heading_numbers": {"prisma_arithmetic"},
    "cited_not_listed": {"listed_not_cited"},
}


def test_the_changes_touch_many_rules() -> None:
    touched = {rule for _, _, rule in CHANGES}
    assert touched <= set(RULES) and len(touched) >= 20
