"""Studies as data: what is known of them is well formed, and a planted mistake in any of the tables is found."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opentrd import knowledge
from opentrd.cli import app
from opentrd.knowledge.schema_evidence import POOLING

Rows = list[dict[str, str]]
Plant = Callable[[str, Callable[[Rows], None]], list[str]]
TABLES = ("study", "arm", "effect", "claim", "citation", "notice", "bias_judgement")


@pytest.fixture
def planted(tmp_path: Path) -> Plant:
    """Copy the tables about studies, change one of them, and return what the check then finds."""

    def plant(name: str, change: Callable[[Rows], None]) -> list[str]:
        for table in TABLES:
            shutil.copy(knowledge.TABLES / f"{table}.csv", tmp_path)
        path = tmp_path / f"{name}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), list(reader.fieldnames or [])
        change(rows)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return knowledge.check(tmp_path)

    return plant


def one(rows: Rows, **wanted: str) -> dict[str, str]:
    (row,) = [row for row in rows if all(row[column] == value for column, value in wanted.items())]
    return row


def test_the_tables_about_studies_alone_have_no_findings(planted: Plant) -> None:
    assert planted("study", lambda rows: None) == []


Case = tuple[str, dict[str, str], dict[str, str], str]
PLANTED: dict[str, Case] = {
    "an estimate outside its interval": (
        "effect", {"effect": "bai2020_01"}, {"estimate": "0.55"}, "lies outside its interval",
    ),
    "an interval upside down": (
        "effect", {"effect": "bai2020_01"}, {"ci_low": "-0.35", "ci_high": "-0.75"}, "ci_low is above ci_high",
    ),
    "half an interval": ("effect", {"effect": "bai2020_01"}, {"ci_high": ""}, "both given or both empty"),
    "a level in percent": ("effect", {"effect": "bai2020_01"}, {"ci_level": "95"}, "ci_level"),
    "an interval without a level": ("effect", {"effect": "bai2020_01"}, {"ci_level": ""}, "needs its ci_level"),
    "a p above one": ("effect", {"effect": "chamberlain2019_01"}, {"p_value": "7"}, "p_value"),
    "a p without its relation": ("effect", {"effect": "chamberlain2019_01"}, {"p_relation": ""}, "p_relation"),
    "a negative ratio": (
        "effect", {"effect": "bai2020_02"}, {"estimate": "-1.5", "ci_low": "-2"}, "a ratio is above zero",
    ),
    "an error without a place where it starts": (
        "effect", {"effect": "glue2024_01"}, {"error_starts_in": ""}, "stand together",
    ),
    "a computed row that does not say from what": (
        "effect", {"effect": "glue2024_02"}, {"computed_from": ""}, "computed_from",
    ),
    "an effect larger than its study": (
        "effect", {"effect": "chamberlain2019_01"}, {"n": "1560"}, "n 1560 is above n_persons 252",
    ),
    "an effect of an unknown study": (
        "effect", {"effect": "bai2020_01"}, {"study": "bai2002"}, "'bai2002' is not in study.csv",
    ),
    "a malformed DOI": ("study", {"study": "bai2020"}, {"doi": "doi:10.1136/jnnp"}, "doi"),
    "the DOI of another study": (
        "study", {"study": "bai2020"}, {"doi": "10.1192/bjp.2018.66"}, "is that of chamberlain2019",
    ),
    "a verified row without a day": ("study", {"study": "bai2020"}, {"read_on": ""}, "read_on is empty"),
    "a day that is none": ("study", {"study": "bai2020"}, {"read_on": "2026-13-21"}, "read_on"),
    "a verified row read nowhere": ("study", {"study": "bai2020"}, {"read_in": ""}, "read_in is empty"),
    "a verified row read in a summary": (
        "study", {"study": "bai2020"}, {"read_depth": "secondary summary"}, "marked verified",
    ),
    "a study with fewer persons than its arms": (
        "study", {"study": "chamberlain2019"}, {"n_persons": "251", "arms_complete": ""}, "have 252 persons",
    ),
    "arms that are all and do not add up": (
        "study", {"study": "chamberlain2019"}, {"n_persons": "260"}, "is not the sum 252",
    ),
    "a design that is none": ("study", {"study": "bai2020"}, {"design": "RCT"}, "design"),
    "more responders than persons": (
        "arm", {"study": "raison2013", "arm": "ifx_crp_gt5"}, {"events_response": "14"}, "events_response is above n",
    ),
    "a part larger than its arm": (
        "arm", {"study": "raison2013", "arm": "ifx_crp_gt5"}, {"n": "31"}, "is above n 30 of the arm",
    ),
    "a part of an arm that is not there": (
        "arm", {"study": "raison2013", "arm": "ifx_crp_gt5"}, {"subset_of": "drug"}, "is not an arm of this study",
    ),
    "a claim about a study that its review does not cite": (
        "claim", {"claim": "masood_001"}, {"study": "popova2019"}, "citation.csv has no row",
    ),
    "a claim by a trial": ("claim", {"claim": "masood_001"}, {"review": "raison2013"}, "named as a review"),
    "one number of a list for two studies": (
        "citation", {"review": "review_tatli", "study": "scott2023"}, {"number_in_list": "25"}, "number 25 of its list",
    ),
    "a notice of an unknown kind": (
        "notice", {"study": "rush2006", "kind": "reply"}, {"kind": "rumour"}, "kind",
    ),
    "more stars than there are": (
        "bias_judgement", {"study": "bai2020"}, {"score": "10"}, "lies not above it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(planted: Plant, name: str) -> None:
    table, which, change, said = PLANTED[name]
    findings = planted(table, lambda rows: one(rows, **which).update(change))
    assert any(said in finding for finding in findings), findings


def test_the_same_study_twice_is_found(planted: Plant) -> None:
    assert any("the same key" in finding for finding in planted("study", lambda rows: rows.append(rows[0])))


def test_every_included_study_of_the_two_systematic_reviews_is_there() -> None:
    rows = knowledge.table("citation").to_pylist()
    included = dict.fromkeys(("review_masood", "review_tatli"), 0)
    for row in rows:
        if row["role"] == "included":
            included[row["review"]] += 1
    assert included == {"review_masood": 23, "review_tatli": 21}


def test_effects_and_claims_stay_apart() -> None:
    """The subgroup of the infliximab trial: what the study prints, and what a review makes of it."""
    effect = one_of("effect", effect="raison2013_02")
    assert (effect["p_value"], effect["analysis"], effect["timing"]) == (0.19, "exploratory", "any time")
    (claim,) = [
        row
        for row in knowledge.table("claim").to_pylist()
        if row["study"] == "raison2013" and row["quantity"] == "significance"
    ]
    assert claim["significant"] is True


def one_of(table: str, **wanted: str) -> dict[str, object]:
    (row,) = [r for r in knowledge.table(table).to_pylist() if all(r[c] == v for c, v in wanted.items())]
    return row


def test_what_is_printed_wrong_is_kept_as_printed_beside_the_repaired_row() -> None:
    printed, repaired = (one_of("effect", effect=f"glue2024_0{i}") for i in (1, 2))
    assert printed["printed_inconsistent"] is True
    assert (printed["estimate"], printed["ci_low"], printed["ci_high"]) == (-6.1, 1.0, 11.16)
    assert (repaired["ci_low"], repaired["ci_high"]) == (-11.16, -1.0)
    assert repaired["knowledge_status"] == "computed"


def test_overlapping_cohorts_share_a_sample() -> None:
    samples: dict[str, set[str]] = {}
    for row in knowledge.table("study").to_pylist():
        if row["sample"] != "several":
            for sample in row["sample"].split("; "):
                samples.setdefault(sample, set()).add(row["study"])
    assert samples["NIMA"] == {"schubert2021", "althubaity2022"}
    assert samples["ELEKT-D"] == {"anand2023", "jha2024"}
    assert samples["TRANSFORM-1"] == {"fedgchin2019", "esk_sex_pooled2022"}


def test_pre_post_effects_are_never_between_groups() -> None:
    rows = knowledge.table("effect").to_pylist()
    assert {row["contrast"] for row in rows if row["measure"] in ("pre-post d", "mean change")} == {"within"}


def test_pooled_studies_have_no_sample_of_their_own() -> None:
    rows = knowledge.table("study").to_pylist()
    assert {row["sample"] for row in rows if row["design"] in POOLING} == {"several"}


def test_no_assessment_carries_the_tables_about_studies() -> None:
    assert not set(TABLES) & set(knowledge.assessment_tables())
    assert set(TABLES) <= set(knowledge.tables())


def test_the_command_line_shows_studies_with_their_source() -> None:
    shown = CliRunner().invoke(app, ["knowledge", "study", "--search", "infliximab"])
    assert shown.exit_code == 0
    assert "raison2013" in shown.output
    assert "verified: Raison CL" in shown.output.replace("\n", " ")
