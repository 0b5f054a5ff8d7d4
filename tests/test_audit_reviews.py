"""The auditor on five published reviews, held against a list of what is wrong in them.

The reviews are no part of this repository. The tests look for them in a folder ``shared`` beside the checkout and say so
when they skip. Every finding was judged by hand: one that is not listed here has to be judged before it is added.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from opentrd.evidence.audit import Finding, Report, audit

SHARED = Path(__file__).parents[2] / "shared"
REVIEWS = SHARED / "seeds"
KNOWN = SHARED / "facts" / "tables" / "seed_inconsistencies.csv"
needs = pytest.mark.skipif(
    not REVIEWS.exists(), reason=f"the reviews are not beside the checkout ({REVIEWS})"
)

# Rows of the list -> the review, the rule that finds it, and a word of the finding.
CAUGHT = {
    "I001": ("000", "significance_against_study", "8/13 against 3/9"),
    "I005": ("000", "size_against_study", "MDD=26"),
    "I006": ("000", "opposite_words", "permeability"),
    "I007": ("000", "author_year", "Althubaity"),
    "I008": ("000", "size_against_study", "N=14"),
    "I010": ("000", "size_against_study", "MDD vs. HC"),
    "I012": ("000", "size_against_study", "N=35"),
    "I014": ("000", "shifted_rows", "Sukhram"),
    "I017": ("000", "design_list", "narrative reviews: text 4, table 7"),
    "I019": ("000", "reviewers", "single author"),
    "I026": ("000", "method_without_result", "GRADE"),
    "I027": ("000", "polarity_marker", "TNF-alpha"),
    "I030": ("000", "unit_grammar", "mg/L"),
    "I036": ("000", "doi_form", "fpsyt"),
    "I043": ("001", "cited_not_listed", "19"),
    "I044": ("001", "author_against_entry", "Mahableshwarkar"),
    "I045": ("001", "author_against_entry", "Murrough cited 9"),
    "I046": ("001", "trial_against_entry", "ELEKT-D"),
    "I048": ("001", "duplicate_passage", "Murrough"),
    "I049": ("001", "listed_not_cited", "7 is missing"),
    "I053": ("001", "footnote_markers", "marker 3"),
    "I054": ("002", "author_against_entry", "Lozano"),
    "I055": ("002", "citation_topic", "Mayberg"),
    "I056": ("002", "design_against_title", "theories"),
    "I057": ("002", "citation_topic", "Zimmerman"),
    "I059": ("002", "author_against_entry", "Torous"),
    "I060": ("002", "design_against_study", "double-blind"),
    "I061": ("002", "duration_against_study", "4 weeks"),
    "I068": ("003", "sign_lost", "-6.1"),
    "I069": ("003", "effect_against_study", "90%"),
    "I070": ("003", "truncated_number", "-4.08"),
    "I071": ("003", "estimate_off_centre", "1.42"),
    "I072": ("003", "size_against_study", "115"),
    "I073": ("003", "effect_against_study", "within groups"),
    "I074": ("003", "direction_mixed", "4.17"),
    "I075": ("003", "p_from_statistic", "1 degree"),
    "I076": ("003", "percent_of_count", "23.8 %"),
    "I078": ("003", "eligibility", "adolescents"),
    "I079": ("003", "eligibility_against_study", "unipolar"),
    "I080": ("003", "design_list", "Observational"),
    "I082": ("003", "outside_included", "21"),
    "I085": ("003", "design_against_study", "open-label"),
    "I086": ("003", "author_against_entry", "Brekke"),
    "I089": ("003", "reduction_against_ratio", "70 %"),
    "I090": ("003", "primary_report", "anand2023"),
    "I096": ("003", "doi_form", "fpsyt"),
    "I098": ("004", "sole_approval", "olanzapine"),
    "I103": ("004", "wide_citation_range", "25"),
    "I113": ("004", "doi_form", "fpsyt"),
    "I116": ("002", "definition_between_texts", "different classes"),
}
# Right findings that the list does not hold: review, rule, line.
ALSO_RIGHT = {
    ("000", "instrument_domains", 47), ("000", "instrument_misuse", 245), ("000", "time_span", 35), ("000", "placeholder", 61),
    ("000", "heading_numbers", 63), ("000", "duplicate_passage", 97), ("000", "instrument_vocabulary", 252),
    ("000", "author_year", 264), ("001", "author_against_entry", 56), ("001", "listed_not_cited", 154),
    ("003", "direction_mixed", 97), ("003", "effect_types_mixed", 88), ("003", "doi_form", 289), ("004", "doi_form", 284),
    ("004", "doi_form", 302),
}  # fmt: skip
# What must stay silent: sums, intervals and p values that are right, and lists that are complete.
SILENT = ("252 participants", "1.80", "1.92", "0.98", "0.37", "-0.65", "d=0.47", "1847")


@cache
def _report() -> Report:
    return audit(sorted(REVIEWS.glob("*.txt")))


def _review(found: Finding) -> str:
    return found.locus[:3]


def _text(found: Finding) -> str:
    return " ".join((found.statement_a, found.statement_b, found.arithmetic))


@needs
@pytest.mark.parametrize("row", list(CAUGHT))
def test_what_is_known_to_be_wrong_is_found(row: str) -> None:
    review, rule, word = CAUGHT[row]
    everything = (*_report().findings, *_report().questions)
    assert any(_review(one) == review and one.rule == rule and word in _text(one) for one in everything)


@needs
def test_recall_against_the_list() -> None:
    with KNOWN.open(encoding="utf-8", newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    assert set(CAUGHT) <= known
    print(f"\n{len(CAUGHT)} of {len(known)} found")
    assert len(CAUGHT) / len(known) > 0.72


@needs
def test_no_finding_that_nobody_judged() -> None:
    expected = {(review, rule) for review, rule, _ in CAUGHT.values()}
    for found in _report().findings:
        if found.rule.endswith("_against_study"):
            continue  # these follow the study rows, which grow
        line = int(found.locus.split(":")[1].split(" ")[0].split(";")[0])
        listed = (_review(found), found.rule) in expected or (_review(found), found.rule, line) in ALSO_RIGHT
        assert listed, found


@needs
def test_negative_controls_stay_silent() -> None:
    for found in _report().findings:
        if found.rule in ("direction_mixed", "effect_types_mixed"):
            continue  # they name right numbers to show that a column mixes directions or types
        assert not any(word in _text(found) for word in SILENT), found
    cited = {(_review(one), one.rule) for one in _report().findings}
    for complete in ("003", "004"):
        assert not {(complete, "cited_not_listed"), (complete, "listed_not_cited")} & cited


@needs
def test_where_an_error_starts() -> None:
    origin = {(one.rule, _review(one)): one.origin for one in _report().findings}
    assert origin["sign_lost", "003"] == "study"
    assert origin["estimate_off_centre", "003"] == "study"
    assert origin["significance_against_study", "000"] == "review"
