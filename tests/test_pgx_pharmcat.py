"""PharmCAT results as input, and our reading of alleles against PharmCAT's and pypgx's tables."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import opentrd
from opentrd.cli import main
from opentrd.record.raw import InputError
from pgx_cases import cells, one, run, run_on

DATA = Path(__file__).parents[2] / "shared" / "data"
needs = pytest.mark.skipif(
    not DATA.exists(), reason=f"the public data sets are not beside the checkout ({DATA})"
)
TABLES = ("pgx_metabolism", "pgx_drug")


def call(label: str, phenotype: str, score: str | None = None) -> dict[str, Any]:
    return {"label": label, "phenotypes": [phenotype], "activityScore": score}


def report(**genes: Any) -> dict[str, Any]:
    return {
        "title": "run 1",
        "pharmcatVersion": "v3.1.0",
        "matcherMetadata": {"sampleId": "p1"},
        "genes": {
            gene: {"sourceDiplotypes": calls, "recommendationDiplotypes": calls, "variants": []}
            for gene, calls in genes.items()
        },
    }


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def genotypes(record: opentrd.Record) -> list[tuple[Any, ...]]:
    return record.connection.execute("FROM record.genotype ORDER BY ALL").fetchall()


def notes(record: opentrd.Record) -> list[tuple[Any, ...]]:
    return record.connection.execute(
        "SELECT source, row, field, reason FROM record.unread ORDER BY ALL"
    ).fetchall()


def test_a_report_alone_is_a_record_of_its_sample(tmp_path: Path) -> None:
    given = report(
        CYP2D6=[call("*1/*4", "Intermediate Metabolizer", "1.0")],
        CYP2C19=[call("Unknown/Unknown", "No Result", "No Result")],
        VKORC1=[call("A/B", "x")],
    )
    given["genes"]["CYP2D6"]["variants"] = [{"call": "A/A"}, {"call": None}]
    record = opentrd.read(written(tmp_path / "report.json", given))
    assert genotypes(record) == [("p1", "CYP2D6", "*1/*4", "Intermediate Metabolizer", 1.0)]
    assert notes(record) == [
        ("report.json", "", "genes", "no rule of OpenTRD asks these genes; not used"),
        ("report.json", "CYP2C19", "diplotype", "PharmCAT did not call this gene; no genotype row"),
        (
            "report.json",
            "CYP2D6",
            "variants",
            "1 positions were not in the sample; PharmCAT reads them as the reference",
        ),
    ]


def test_several_possible_calls_are_several_rows_and_settle_nothing_unless_they_agree(tmp_path: Path) -> None:
    given = report(
        CYP2C19=[call("*1/*2", "Intermediate Metabolizer"), call("*1/*3", "Intermediate Metabolizer")],
        CYP2B6=[
            call("*1/*6", "Intermediate Metabolizer"),
            call("*4/*9", "Intermediate Metabolizer"),
            call("*1/*1", "Normal Metabolizer"),
        ],
    )
    rows = run_on(written(tmp_path / "report.json", given), TABLES)["pgx_metabolism"]
    assert one(rows, gene="CYP2C19", system="CPIC")["phenotype"] == "Intermediate Metabolizer"
    assert one(rows, gene="CYP2B6", system="CPIC")["phenotype"] is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_report_beside_or_inside_a_record_folder(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "exposure.csv").write_text("person_id,agent\nother,escitalopram\n", encoding="utf-8")
    given = written(tmp_path / "report.json", report(CYP2C19=[call("*17/*17", "Ultrarapid Metabolizer")]))
    if packed:
        inside = folder / "report.json.gz"
        inside.write_bytes(gzip.compress(given.read_bytes()))
        record = opentrd.read(folder)
    else:
        record = opentrd.read([folder, given])
    # The only person of the other inputs is the person of the report.
    assert genotypes(record) == [("other", "CYP2C19", "*17/*17", "Ultrarapid Metabolizer", None)]
    assert notes(record) == []


def test_a_report_beside_fhir(tmp_path: Path) -> None:
    patients = [{"resource": {"resourceType": "Patient", "id": person}} for person in ("p1", "p2")]
    bundle = written(
        tmp_path / "bundle.json", {"resourceType": "Bundle", "type": "collection", "entry": patients}
    )
    given = written(tmp_path / "report.json", report(CYP2C19=[call("*1/*2", "Intermediate Metabolizer")]))
    assert [row[0] for row in genotypes(opentrd.read([bundle, given]))] == ["p1"]


def test_a_report_of_nobody_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "exposure.csv").write_text("person_id,agent\na,sertraline\nb,sertraline\n", encoding="utf-8")
    given = written(tmp_path / "report.json", report(CYP2C19=[call("*1/*2", "Intermediate Metabolizer")]))
    arguments = ["assess", tables, given, "--out", tmp_path / "out", "--quiet"]
    monkeypatch.setattr(sys, "argv", ["opentrd", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "names none of the 2 persons" in said and "run PharmCAT with that sample id" in said


@pytest.mark.parametrize(
    "content",
    [
        '{"pharmcatVersion": "v3", ',
        '{"pharmcatVersion": "v3", "genes": []}',
        '["pharmcatVersion"]',
        '{"pharmcatVersion": "v3"}',
    ],
)
def test_a_broken_report_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content.replace('["pharmcatVersion"]', '["x", {"pharmcatVersion": 1}]'), encoding="utf-8")
    with pytest.raises(InputError, match=r"report\.json.*PharmCAT"):
        opentrd.read(path)


@pytest.mark.parametrize(
    "odd", [None, 7, [], {"sourceDiplotypes": "x"}, {"sourceDiplotypes": [None, {"label": 3}]}]
)
def test_odd_genes_never_end_in_a_traceback(tmp_path: Path, odd: Any) -> None:
    given = report()
    given["genes"]["CYP2D6"] = odd
    opentrd.read(written(tmp_path / "report.json", given))


def test_reports_of_version_2_hold_the_genes_by_guideline(tmp_path: Path) -> None:
    given = report(CYP2D6=[call("*4/*4", "Poor Metabolizer", "0.0")])
    given["genes"] = {"CPIC": given["genes"], "DPWG": given["genes"]}
    record = opentrd.read(written(tmp_path / "report.json", given))
    assert genotypes(record) == [("p1", "CYP2D6", "*4/*4", "Poor Metabolizer", 0.0)]


@needs
@pytest.mark.parametrize("kind", ["report", "phenotype"])
@pytest.mark.parametrize("name", ["pharmcat.example", "pharmcat.example2"])
def test_the_examples_give_the_phenotypes_that_pharmcat_states(name: str, kind: str) -> None:
    source = DATA / "pharmcat-examples" / f"{name}.{kind}.json.gz"
    rows = run_on(source, TABLES)["pgx_metabolism"]
    stated = {}
    with (DATA / "pharmcat-examples" / f"{name}.report.tsv").open(encoding="utf-8") as file:
        next(file)
        for line in csv.DictReader(file, delimiter="\t"):
            stated[line["Gene"]] = (line["Phenotype"], line["Activity Score"])
    known = {
        gene: said
        for gene, said in stated.items()
        if gene in ("CYP2D6", "CYP2C19", "CYP2B6", "CYP3A4") and said[0] not in ("", "No Result")
    }
    assert len(known) >= 3
    found = {row["gene"]: row for row in rows if row["system"] == "CPIC"}
    assert found.keys() == known.keys()
    for gene, (phenotype, score) in known.items():
        assert found[gene]["phenotype"] == phenotype
        if gene == "CYP2D6":
            assert found[gene]["score_low"] == found[gene]["score_high"] == float(score)


def table_of(name: str) -> list[dict[str, str]]:
    packed = DATA / "cpic-pypgx-tables" / f"pypgx_{name}-table.csv.gz"
    return list(csv.DictReader(io.StringIO(gzip.decompress(packed.read_bytes()).decode())))


# CYP2B6: alleles whose function CPIC has described anew since pypgx's table (increased or none, now uncertain or decreased).
NEWER_FUNCTION = {"CYP2C19": set[str](), "CYP2B6": {"*22", "*24", "*35", "*37"}}
# CYP2D6: the values that CPIC changed later; pypgx has the older ones, which DPWG keeps.
OLDER_VALUES = {"*9", "*41"}


def phenotypes(folder: Path, gene: str, diplotypes: Iterable[str]) -> dict[str, str | None]:
    """Our CPIC phenotype of each diplotype."""
    given = [{"person_id": d, "gene": gene, "diplotype": d} for d in diplotypes]
    rows = run(folder, ["pgx_metabolism"], genotype=given)["pgx_metabolism"]
    return {row["person_id"]: row["phenotype"] for row in rows if row["system"] == "CPIC"}


@needs
@pytest.mark.parametrize("gene", ["CYP2C19", "CYP2B6"])
def test_every_diplotype_of_pharmcat_has_its_phenotype(tmp_path: Path, gene: str) -> None:
    packed = DATA / "cpic-pypgx-tables" / f"pharmcat_phenotype_{gene}.json.gz"
    stated = {
        d["diplotype"]: d["phenotype"] for d in json.loads(gzip.decompress(packed.read_bytes()))["diplotypes"]
    }
    assert len(stated) > 600
    assert phenotypes(tmp_path, gene, stated) == stated


@needs
@pytest.mark.parametrize("gene", ["CYP2C19", "CYP2B6"])
def test_diplotypes_agree_with_pypgx(tmp_path: Path, gene: str) -> None:
    """Every diplotype of pypgx's table whose alleles both tables have."""
    ours = {
        row["allele"] for row in cells("allele_function") if (row["system"], row["gene"]) == ("CPIC", gene)
    }
    theirs = {row["Diplotype"]: row["Phenotype"] for row in table_of("diplotype") if row["Gene"] == gene}
    asked = {d: p for d, p in theirs.items() if set(d.split("/")) <= ours}
    assert len(asked) > 500
    found = phenotypes(tmp_path, gene, asked)
    differ = [set(d.split("/")) for d, phenotype in asked.items() if found[d] != phenotype]
    assert all(pair & NEWER_FUNCTION[gene] for pair in differ)
    assert all(any(allele in pair for pair in differ) for allele in NEWER_FUNCTION[gene])


@needs
def test_cyp2d6_scores_agree_with_pypgx(tmp_path: Path) -> None:
    ours = {
        row["allele"]
        for row in cells("allele_function")
        if (row["system"], row["gene"]) == ("CPIC", "CYP2D6")
    }
    values = {
        row["StarAllele"]: float(row["ActivityScore"])
        for row in table_of("allele")
        if row["Gene"] == "CYP2D6"
        and row["StarAllele"] in ours
        and row["ActivityScore"] not in ("N/A", "", "Unknown")
    }
    assert len(values) > 50
    differ: set[str] = set()
    given = [
        {"person_id": f"{a}/{b}", "gene": "CYP2D6", "diplotype": f"{a}/{b}"}
        for a, b in itertools.combinations_with_replacement(sorted(values), 2)
    ]
    for row in run(tmp_path, ["pgx_metabolism"], genotype=given)["pgx_metabolism"]:
        if row["system"] != "CPIC":
            continue
        pair = row["person_id"].split("/")
        score = sum(values[allele] for allele in pair)
        expected = (
            "Poor Metabolizer" if score < 0.25 else "Intermediate Metabolizer" if score < 1.25
            else "Normal Metabolizer" if score < 2.5 else "Ultrarapid Metabolizer"
        )  # fmt: skip
        if (row["score_low"], row["phenotype"]) != (score, expected):
            assert set(pair) & OLDER_VALUES, (pair, row, score)
            differ |= set(pair) & OLDER_VALUES
    assert differ == OLDER_VALUES
