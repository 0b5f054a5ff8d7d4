"""Foreign input with all its dirt: official test patients, public OMOP databases, a national survey.

None of it is part of this repository. The tests look for it in a folder ``shared`` beside the checkout and say so when
they skip.
"""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

import opentrd
from opentrd.knowledge.loader import table

DATA = Path(__file__).parents[2] / "shared" / "data"
needs = pytest.mark.skipif(
    not DATA.exists(), reason=f"the public data sets are not beside the checkout ({DATA})"
)


def _assess(source: Path, out: Path) -> opentrd.Assessment:
    assessment = opentrd.assess(opentrd.read(source))
    page = assessment.write(out)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>".upper()[:2].lower()) or page.exists()
    persons = assessment.record.persons
    definitions = [row for row in table("definition").to_pylist() if row["family"] != "instrument"]
    assert len(assessment.verdict) == persons * len(definitions)
    assert len(assessment.stage) == persons * table("instrument").num_rows
    return assessment


@needs
def test_synpuf_50_persons(tmp_path: Path) -> None:
    assessment = _assess(DATA / "omop-synpuf50", tmp_path)
    assert assessment.record.persons == 50
    assert len(assessment.trial) > 20
    assert assessment.record.unread > 0


@needs
def test_synthea_27_has_no_depression_and_no_antidepressant(tmp_path: Path) -> None:
    zipfile.ZipFile(DATA / "omop-synthea27nj" / "Synthea27Nj_5.4.zip").extractall(tmp_path / "cdm")
    assessment = _assess(tmp_path / "cdm", tmp_path / "out")
    assert {row["met"] for row in assessment.verdict.rows()} == {False}
    assert {
        row["measure"] for row in _rows(assessment, "SELECT DISTINCT measure FROM record.measurement")
    } >= {"BMI"}


@needs
def test_fhir_examples(tmp_path: Path) -> None:
    assessment = _assess(DATA / "fhir-examples", tmp_path)
    agents = {row["agents"] for row in assessment.trial.rows()}
    assert agents & {"fluoxetine", "sertraline"}


@needs
@pytest.mark.parametrize(
    ("archive", "persons"),
    [("CMS159_remission12m_2025_67cases.tar.gz", 67), ("CMS2_screening_2025_36cases.tar.gz", 36)],
)
def test_the_measure_authors_patients(archive: str, persons: int, tmp_path: Path) -> None:
    with tarfile.open(DATA / "ecqm-depression-fhir" / archive) as file:
        file.extractall(tmp_path / "cases", filter="data")
    assessment = _assess(tmp_path / "cases", tmp_path / "out")
    assert assessment.record.persons >= persons


@needs
def test_nhanes_as_record_tables(tmp_path: Path) -> None:
    from opentrd.record.nhanes import convert

    folder = DATA / "nhanes-rx-2005-2006-2011-2012"
    convert([folder / f"{name}_D.csv.gz" for name in ("DEMO", "DPQ", "RXQ_RX")], tmp_path / "record")
    assessment = opentrd.assess(opentrd.read(tmp_path / "record"))
    # 6 weeks on an antidepressant and still 10 or more on the PHQ-9: the trial table and the measurement answer it.
    rows = _rows(
        assessment,
        """
        SELECT count(DISTINCT t.person_id) AS treated, count(DISTINCT CASE WHEN m.value >= 10 THEN t.person_id END) AS still
        FROM assess.trial AS t
        JOIN knowledge.agent_set AS s ON s.agent = t.agent AND s.agent_set = 'antidepressant'
        JOIN record.measurement AS m ON m.person_id = t.person_id AND m.measure = 'PHQ-9'
        WHERE t.kind = 'drug' AND t.days_low >= 42
        """,
    )
    assert (rows[0]["still"], rows[0]["treated"]) == (63, 359)


def _rows(assessment: opentrd.Assessment, query: str) -> list[dict[str, object]]:
    relation = assessment.connection.sql(query)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
