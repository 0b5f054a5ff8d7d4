"""Pharmacogenetics: every cell of the guidelines, the two systems side by side, inhibitors, levels, trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pgx_cases import SCORED, STANDS_FOR, Row, cells, one, run

TABLES = ("pgx_genotype", "pgx_metabolism", "pgx_drug", "finding_pharmacogenetics")


def taken(person: str, agent: str, **more: Any) -> Row:
    return {"person_id": person, "agent": agent} | more


def gene(person: str, name: str, diplotype: str = "", **more: Any) -> Row:
    return {"person_id": person, "gene": name, "diplotype": diplotype} | more


def diplotypes(name: str, phenotype: str, low: str, high: str) -> list[str | None]:
    """Diplotypes that stand for one side of a cell; None: the gene is not tested."""
    if phenotype == "No Result":
        return [None]
    if name != "CYP2D6":
        return [STANDS_FOR[name][phenotype]]
    if phenotype == "Indeterminate":
        return ["*1/*22"]
    return [d for score, d in SCORED.items() if float(low) <= score <= (float(high) if high else 99)]


def test_every_cell_of_cpic_is_reached_and_gives_its_own_words(tmp_path: Path) -> None:
    genotypes, expected = [], {}
    for number, cell in enumerate(r for r in cells("pgx_recommendation") if r["system"] == "CPIC"):
        firsts = diplotypes(cell["gene_1"], cell["phenotype_1"], cell["score_from"], cell["score_to"])
        seconds = diplotypes(cell["gene_2"], cell["phenotype_2"], "", "") if cell["gene_2"] else [None]
        assert firsts and seconds
        for place, (first, second) in enumerate((a, b) for a in firsts for b in seconds):
            person = f"{number}-{place}"
            genotypes += [gene(person, cell["gene_1"], first)] if first else []
            genotypes += [gene(person, cell["gene_2"], second)] if second else []
            expected[person] = cell
    rows = run(tmp_path, ["pgx_drug"], genotype=genotypes)["pgx_drug"]
    found = {
        (row["person_id"], row["agent"]): row
        for row in rows
        if (row["source"], row["reading"]) == ("CPIC", "genotype")
    }
    assert len({id(cell) for cell in expected.values()}) == 374
    for person, cell in expected.items():
        row = found[person, cell["agent"]]
        assert (row["action"], row["strength"]) == (cell["action"], cell["strength"] or None), (person, cell)
        flags = ("avoid", "consider_alternative", "measure_level", "actionable")
        assert [row[flag] for flag in flags] == [cell[flag] == "true" for flag in flags]
        assert (row["start_dose"] or "", row["maintenance_dose"] or "") == (
            cell["start_dose"],
            cell["maintenance_dose"],
        )


def test_every_row_of_dpwg_is_reached(tmp_path: Path) -> None:
    stands_for = {
        "CYP2D6": {"UM": "*1x2/*1", "IM": "*4/*41", "PM": "*4/*5", "NM": "*1/*1"},
        "CYP2C19": {"UM": "*17/*17", "IM": "*17/*2", "PM": "*2/*9"},
        "CYP3A4": {"IM": "*1/*22", "PM": "*22/*22"},
    }
    short = {"Ultrarapid": "UM", "Intermediate": "IM", "Poor": "PM", "Normal": "NM"}
    wanted = [row for row in cells("pgx_recommendation") if row["system"] == "DPWG"]
    assert len(wanted) == 47
    genotypes = [
        gene(str(n), row["gene_1"], stands_for[row["gene_1"]][short[row["phenotype_1"].split()[0]]])
        for n, row in enumerate(wanted)
    ]
    rows = run(tmp_path, ["pgx_drug"], genotype=genotypes)["pgx_drug"]
    for n, cell in enumerate(wanted):
        row = one(
            rows,
            person_id=str(n),
            agent=cell["agent"],
            source="DPWG",
            genes=cell["gene_1"],
            reading="genotype",
        )
        assert (row["action"], row["strength"], row["avoid"]) == (
            cell["action"],
            None,
            cell["avoid"] == "true",
        )


@pytest.mark.parametrize(
    ("diplotype", "cpic", "dpwg"),
    [
        ("*1/*4", (1.0, "Intermediate Metabolizer"), (1.0, "Intermediate Metabolizer")),
        ("*4/*1", (1.0, "Intermediate Metabolizer"), (1.0, "Intermediate Metabolizer")),
        ("CYP2D6*1 / CYP2D6*4", (1.0, "Intermediate Metabolizer"), (1.0, "Intermediate Metabolizer")),
        ("*1x2/*17", (2.5, "Ultrarapid Metabolizer"), (2.5, "Normal Metabolizer")),
        ("*41/*4", (0.25, "Intermediate Metabolizer"), (0.5, "Intermediate Metabolizer")),
        ("*41/*41", (0.5, "Intermediate Metabolizer"), (1.0, "Intermediate Metabolizer")),
        ("*1X2/*1", (3.0, "Ultrarapid Metabolizer"), (3.0, "Ultrarapid Metabolizer")),
        ("*1/*22", (None, "Indeterminate"), (None, None)),
        ("*36+*10/*1", (None, None), (None, None)),
        ("*1xN/*4", (None, None), (None, None)),
        ("*1", (None, None), (None, None)),
    ],
)
def test_cyp2d6_by_score_under_both_systems(tmp_path: Path, diplotype: str, cpic: Any, dpwg: Any) -> None:
    found = run(tmp_path, TABLES, genotype=[gene("p", "CYP2D6", diplotype)])
    for system, (score, phenotype) in (("CPIC", cpic), ("DPWG", dpwg)):
        row = one(found["pgx_metabolism"], system=system)
        assert (row["score_low"], row["score_high"], row["phenotype"]) == (score, score, phenotype)
        said = one(found["finding_pharmacogenetics"], finding="enzyme_activity", source=system)
        known = phenotype not in (None, "Indeterminate")
        assert said["present"] == (phenotype != "Normal Metabolizer" if known else None)
        assert (said["settles"] is None) == known


def test_copies_without_a_number_have_no_upper_end(tmp_path: Path) -> None:
    row = one(
        run(tmp_path, TABLES, genotype=[gene("p", "CYP2D6", "*1x≥3/*4")])["pgx_metabolism"], system="CPIC"
    )
    assert (row["score_low"], row["score_high"], row["phenotype"]) == (3.0, None, "Ultrarapid Metabolizer")


def test_rapid_is_a_phenotype_of_cpic_alone(tmp_path: Path) -> None:
    rows = run(tmp_path, TABLES, genotype=[gene("p", "cyp2c19", "*1/*17")])["pgx_metabolism"]
    assert one(rows, system="CPIC")["phenotype"] == "Rapid Metabolizer"
    assert one(rows, system="DPWG")["phenotype"] == "Normal Metabolizer"


def test_a_score_or_a_label_stands_in_for_alleles(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        TABLES,
        genotype=[
            gene("score", "CYP2D6", activity_score="2.5"),
            gene("label", "CYP2C19", phenotype="extensive metaboliser"),
            gene("both", "CYP2D6", "*1/*41", phenotype="Intermediate Metabolizer", activity_score="1.5"),
            gene("odd", "CYP2C19", phenotype="somewhat slow"),
        ],
    )
    rows = found["pgx_metabolism"]
    assert one(rows, person_id="score", system="CPIC")["phenotype"] == "Ultrarapid Metabolizer"
    assert one(rows, person_id="score", system="DPWG")["phenotype"] == "Normal Metabolizer"
    label = one(rows, person_id="label", system="CPIC")
    assert (label["phenotype"], label["knowledge_status"]) == ("Normal Metabolizer", "transcribed")
    # The alleles are read first, and what the report says otherwise is a finding.
    assert one(rows, person_id="both", system="CPIC")["score_low"] == 1.25
    problem = one(found["finding_pharmacogenetics"], person_id="both", finding="genotype_problem")
    assert problem["present"] is True and "Intermediate" in problem["says"]
    odd = one(found["finding_pharmacogenetics"], person_id="odd", finding="enzyme_activity", source="CPIC")
    assert odd["present"] is None and "not one that OpenTRD knows" in odd["says"]


def test_rows_that_contradict_each_other_settle_nothing(tmp_path: Path) -> None:
    rows = [gene("p", "CYP2C19", "*1/*1"), gene("p", "CYP2C19", "*2/*2")]
    found = run(
        tmp_path, TABLES, genotype=rows, exposure=[taken("p", "escitalopram", start_date="2024-01-01")]
    )
    assert one(found["pgx_metabolism"], system="CPIC")["phenotype"] is None
    said = one(found["finding_pharmacogenetics"], finding="enzyme_activity", source="CPIC")
    assert said["present"] is None and "contradict" in said["says"]
    assert not [row for row in found["pgx_drug"] if row["agent"] == "escitalopram"]


INHIBITED = [
    # what is taken, CYP2D6 score, the phenotype that results (CPIC)
    ("fluoxetine", "*1/*1", "Poor Metabolizer"),
    ("bupropion", "*1/*1x2", "Poor Metabolizer"),
    ("duloxetine", "*1/*1", "Intermediate Metabolizer"),
    ("duloxetine", "*1/*1x2", "Normal Metabolizer"),
    ("escitalopram", "*1/*1", "Normal Metabolizer"),
    ("mirtazapine", "*1/*1", "Normal Metabolizer"),
]


@pytest.mark.parametrize(("agent", "diplotype", "phenotype"), INHIBITED)
def test_inhibitors_change_the_score(tmp_path: Path, agent: str, diplotype: str, phenotype: str) -> None:
    drugs = [taken("p", agent, start_date="2024-01-01", ongoing="true", daily_dose_mg=60)]
    found = run(tmp_path, TABLES, genotype=[gene("p", "CYP2D6", diplotype)], exposure=drugs)
    row = one(found["pgx_metabolism"], system="CPIC")
    assert row["converted_phenotype"] == phenotype
    assert row["changed"] == (phenotype != row["phenotype"])
    named = [r for r in found["finding_pharmacogenetics"] if r["finding"] == "phenoconversion"]
    assert all(agent in r["says"] for r in named) and bool(named) == (agent != "mirtazapine")


def test_fluvoxamine_and_cyp2c19_rest_on_a_recalled_rule(tmp_path: Path) -> None:
    drugs = [taken("p", "fluvoxamine", start_date="2024-01-01", ongoing="true")]
    found = run(tmp_path, TABLES, genotype=[gene("p", "CYP2C19", "*1/*17")], exposure=drugs)
    row = one(found["pgx_metabolism"], system="CPIC")
    assert (row["converted_phenotype"], row["knowledge_status"], row["converted_status"]) == (
        "Poor Metabolizer", "verified", "recalled",
    )  # fmt: skip


def test_an_inhibitor_without_an_end_leaves_it_open(tmp_path: Path) -> None:
    drugs = [
        taken("p", "fluoxetine", start_date="2024-01-01"),
        taken("p", "venlafaxine", start_date="2024-06-01", end_date="2024-08-01"),
    ]
    found = run(tmp_path, TABLES, genotype=[gene("p", "CYP2D6", "*1/*1")], exposure=drugs)
    row = one(found["pgx_metabolism"], system="CPIC")
    assert (row["converted_phenotype"], row["changed"]) == (None, None)
    assert (row["converted_least"], row["converted_most"]) == ("Normal Metabolizer", "Poor Metabolizer")
    said = one(found["finding_pharmacogenetics"], finding="phenoconversion", source="CPIC")
    assert said["present"] is None and "still taken" in said["settles"]
    drug = one(found["pgx_drug"], agent="vortioxetine", source="CPIC", reading="with inhibitors")
    assert drug["actionable"] is None and " or " in drug["action"]


def test_a_label_under_a_moderate_inhibitor_needs_the_score(tmp_path: Path) -> None:
    drugs = [taken("p", "duloxetine", start_date="2024-01-01", ongoing="true"), taken("p", "amitriptyline")]
    label = [gene("p", "CYP2D6", phenotype="Normal Metabolizer"), gene("p", "CYP2C19", "*1/*1")]
    found = run(tmp_path, TABLES, genotype=label, exposure=drugs)
    row = one(found["pgx_metabolism"], gene="CYP2D6", system="CPIC")
    assert (row["phenotype"], row["converted_phenotype"], row["changed"]) == (
        "Normal Metabolizer",
        None,
        None,
    )
    assert {r["reading"] for r in found["pgx_drug"] if r["agent"] == "amitriptyline"} == {"genotype"}
    said = one(found["finding_pharmacogenetics"], finding="phenoconversion", source="CPIC")
    assert said["present"] is None and "not computable" in said["says"]


def test_a_drug_that_ended_inhibits_no_more(tmp_path: Path) -> None:
    drugs = [taken("p", "fluoxetine", start_date="2024-01-01", end_date="2024-02-01"),
             taken("p", "mirtazapine", start_date="2024-06-01", ongoing="true")]  # fmt: skip
    found = run(tmp_path, TABLES, genotype=[gene("p", "CYP2D6", "*1/*1")], exposure=drugs)
    assert one(found["pgx_metabolism"], system="CPIC")["inhibitors"] is None


def test_what_paroxetine_does_to_itself_is_in_its_recommendation(tmp_path: Path) -> None:
    drugs = [taken("p", "paroxetine", start_date="2024-01-01", ongoing="true")]
    rows = run(tmp_path, TABLES, genotype=[gene("p", "CYP2D6", "*1/*1")], exposure=drugs)["pgx_drug"]
    assert [r["reading"] for r in rows if (r["agent"], r["source"]) == ("paroxetine", "CPIC")] == ["genotype"]
    other = one(rows, agent="nortriptyline", source="CPIC", reading="with inhibitors")
    assert other["phenotype"] == "CYP2D6 Poor Metabolizer" and other["avoid"] is True


def test_where_cpic_and_dpwg_disagree_both_are_shown(tmp_path: Path) -> None:
    rows = run(
        tmp_path, TABLES, genotype=[gene("p", "CYP2C19", "*17/*17")], exposure=[taken("p", "citalopram")]
    )["finding_pharmacogenetics"]
    cpic = one(rows, finding="gene_drug", subject="citalopram, CYP2C19", source="CPIC")
    dpwg = one(rows, finding="gene_drug", subject="citalopram, CYP2C19", source="DPWG")
    assert (cpic["present"], cpic["threshold"]) == (True, "Strong recommendation")
    assert (dpwg["present"], dpwg["says"]) == (False, "taken earlier; DPWG: no action")


def test_persons_without_a_genotype_are_told_what_could_be_asked(tmp_path: Path) -> None:
    drugs = [
        taken("asks", "sertraline", start_date="2024-01-01"),
        taken("none", "lithium", start_date="2024-01-01"),
    ]
    rows = run(tmp_path, TABLES, exposure=drugs)["finding_pharmacogenetics"]
    assert [(r["person_id"], r["finding"], r["present"]) for r in rows] == [("asks", "genotype", None)]


def test_a_gene_that_no_guideline_uses_is_listed(tmp_path: Path) -> None:
    rows = run(tmp_path, TABLES, genotype=[gene("p", "SLC6A4", "L/S"), gene("p", "TSPO", "rs6971 C/T")])
    (row,) = rows["finding_pharmacogenetics"]
    assert (row["finding"], row["subject"], row["present"]) == ("genotype_problem", "SLC6A4 L/S", None)


def test_each_statement_stands_once(tmp_path: Path) -> None:
    """Repeated and contradicting rows never give two findings of one check, subject and source."""
    rows = [
        gene("p", "CYP2D6", "*1/*41", phenotype="Intermediate Metabolizer"),
        gene("p", "CYP2D6", "*1/*41", phenotype="Poor Metabolizer"),
        gene("p", "CYP2D6", "*1/*41", activity_score="1.5"),
        gene("p", "CYP2D6"),
        gene("p", "SLC6A4", "L/S", phenotype="x"),
        gene("p", "SLC6A4", "L/S", phenotype="y"),
    ]
    levels = [
        {
            "person_id": "p",
            "measurement_id": f"m{n}",
            "measure": measure,
            "value": value,
            "unit": "ng/mL",
            "date": "2024-01-20",
        }
        for n, (measure, value) in enumerate(
            [
                ("venlafaxine level", 20),
                ("desvenlafaxine level", 40),
                ("desvenlafaxine level", 90),
                ("desvenlafaxine level", 90),
            ]
        )
    ]
    drugs = [taken("p", "venlafaxine", start_date="2024-01-01", end_date="2024-03-01", daily_dose_mg=75)]
    found = run(tmp_path, (*TABLES, "pgx_level"), genotype=rows, exposure=drugs, measurement=levels)
    said = [(r["finding"], r["subject"], r["source"]) for r in found["finding_pharmacogenetics"]]
    assert len(said) == len(set(said)) > 10
    # Two values of the metabolite on one day are the bounds of one.
    level = one(found["pgx_level"], agent="venlafaxine", scheme="AGNP 2017", kind="range")
    assert (level["low"], level["high"], level["below"]) == (60.0, 110.0, None)
