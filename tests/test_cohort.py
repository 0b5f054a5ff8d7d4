"""The OMOP cohort table: who is in it, from when to when, under which id, and that nobody else's cohort is touched."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from omop_cdm import CDM, write_database, write_folder
from opentrd import api, cohort
from opentrd.cli import app
from opentrd.record.raw import InputError


def assessed(folder: Path, tables: dict[str, str] = CDM) -> api.Assessment:
    assessment = api.assess(api.read(write_folder(folder, tables)))
    assessment.connection.execute(
        # one person who meets, one of whom it is not known, one who does not
        "UPDATE assess.verdict SET met = CASE person_id WHEN '1' THEN TRUE WHEN '2' THEN NULL ELSE FALSE END, "
        "met_on = CASE person_id WHEN '1' THEN DATE '2020-03-05' END, observed_to = DATE '2020-12-31'"
    )
    return assessment


def test_members_certainly_meet_the_definition(tmp_path: Path) -> None:
    assessment = assessed(tmp_path / "cdm")
    cohort.make_cohort(assessment, 700)
    definitions = [
        row[0]
        for row in assessment.connection.execute(
            "SELECT DISTINCT definition FROM assess.verdict ORDER BY 1"
        ).fetchall()
    ]
    rows = assessment.connection.execute("FROM cohort.cohort ORDER BY ALL").fetchall()
    assert rows == [
        (700 + number, 1, dt.date(2020, 3, 5), dt.date(2020, 12, 31)) for number in range(len(definitions))
    ]
    named = assessment.connection.execute(
        "SELECT cohort_definition_id, cohort_definition_name FROM cohort.cohort_definition ORDER BY 1"
    ).fetchall()
    assert named == [(700 + number, f"OpenTRD: {name}") for number, name in enumerate(definitions)]


def test_the_files_stand_beside_the_other_tables(tmp_path: Path) -> None:
    cdm = write_folder(tmp_path / "cdm", CDM)
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["assess", str(cdm), "--out", str(out), "--cohort-id", "12", "-q"])
    assert result.exit_code == 0, result.output
    described = duckdb.sql(f"DESCRIBE FROM '{out / 'tables' / 'cohort.parquet'}'").fetchall()
    assert [row[:2] for row in described] == [
        ("cohort_definition_id", "INTEGER"),
        ("subject_id", "BIGINT"),
        ("cohort_start_date", "DATE"),
        ("cohort_end_date", "DATE"),
    ]
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {"cohort", "cohort_definition"} <= set(run["tables"])
    ids = duckdb.sql(
        f"SELECT min(cohort_definition_id) FROM '{out / 'tables' / 'cohort_definition.parquet'}'"
    ).fetchall()
    assert ids == [(12,)]
    result = CliRunner().invoke(app, ["assess", str(cdm), "--out", str(out), "-q"])
    assert result.exit_code == 0 and not (out / "tables" / "cohort.parquet").exists()


def test_a_duckdb_file_takes_the_table_into_the_schema_that_is_named(tmp_path: Path) -> None:
    database = write_database(tmp_path / "source.duckdb", CDM, tmp_path / "cdm")
    assessment = assessed(tmp_path / "again")
    cohort.make_cohort(assessment, 700)
    cohort.write_database(assessment, str(database), "results")
    [(definitions,)] = assessment.connection.execute(
        "SELECT count(*) FROM cohort.cohort_definition"
    ).fetchall()
    with duckdb.connect(str(database)) as connection:
        assert connection.execute(
            "SELECT count(*), min(cohort_definition_id) FROM results.cohort"
        ).fetchall() == [(definitions, 700)]
        connection.execute("INSERT INTO results.cohort VALUES (1, 3, DATE '2020-01-01', DATE '2020-01-02')")
    cohort.write_database(assessment, str(database), "results")  # again: replaced, not doubled
    with duckdb.connect(str(database)) as connection:
        assert connection.execute("SELECT count(*) FROM results.cohort").fetchall() == [(definitions + 1,)]
        connection.execute(
            "UPDATE results.cohort SET cohort_definition_id = 705 WHERE cohort_definition_id = 1"
        )
        connection.execute(
            "UPDATE results.cohort_definition SET cohort_definition_name = 'mine' WHERE cohort_definition_id = 705"
        )
        before = connection.execute("FROM results.cohort ORDER BY ALL").fetchall()
    with pytest.raises(InputError, match="someone else under 1 of the ids, the first 705"):
        cohort.write_database(assessment, str(database), "results")
    with duckdb.connect(str(database)) as connection:
        assert connection.execute("FROM results.cohort ORDER BY ALL").fetchall() == before


def test_ids_that_are_no_numbers_stay_text_and_out_of_a_database(tmp_path: Path) -> None:
    assessment = assessed(tmp_path / "cdm")
    assessment.connection.execute("UPDATE assess.verdict SET person_id = 'a' WHERE person_id = '1'")
    cohort.make_cohort(assessment, 1)
    assert assessment.connection.execute("SELECT DISTINCT subject_id FROM cohort.cohort").fetchall() == [
        ("a",)
    ]
    with pytest.raises(InputError, match="no whole number"):
        cohort.write_database(assessment, str(tmp_path / "source.duckdb"), "results")


@pytest.mark.parametrize(
    ("cohort_id", "schema", "why"),
    [
        (None, "results", "give --cohort-id"),
        (0, None, "expected a whole number from 1"),
        (2_147_483_647, None, "expected a whole number from 1"),
        (5, "results; DROP", "expected a name of letters"),
        (5, "results", "the input is no database"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_runs(
    cohort_id: int | None, schema: str | None, why: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=why):
        cohort.check_request(cohort_id, schema, [str(tmp_path)])
