"""Synthetic histories: the same person in every run, chunk and format; plausible shares; truth that fits."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from opentrd.record.raw import InputError
from opentrd.record.synthesize import settings, synthesize

PERSONS = 50
SEED = 20

Exposure = tuple[str, str, str, str | None, float | None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 persons as record tables."""
    out = tmp_path_factory.mktemp("synthetic") / "thousand"
    synthesize(1_000, SEED, out)
    return out


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 persons in each format."""
    out = tmp_path_factory.mktemp("synthetic")
    for fmt in ("record", "omop", "fhir"):
        synthesize(PERSONS, SEED, out / fmt, fmt)
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.*"))
        if path.is_file()
    }


def query(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Query the tables of a folder, and its truth, by their names."""
    with duckdb.connect() as connection:
        for path in folder.rglob("*.csv"):
            connection.execute(f"CREATE VIEW {path.stem} AS FROM '{path}'")
        return connection.execute(sql).fetchall()


def test_the_same_seed_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    for fmt in ("record", "fhir"):
        synthesize(PERSONS, SEED, tmp_path / fmt, fmt)
        assert files(tmp_path / fmt) == files(small / fmt)


def test_another_seed_gives_other_persons(small: Path, tmp_path: Path) -> None:
    synthesize(PERSONS, SEED + 1, tmp_path / "other")
    assert rows(tmp_path / "other" / "exposure.csv") != rows(small / "record" / "exposure.csv")


def test_a_person_is_the_same_whatever_the_number_of_persons(small: Path, tmp_path: Path) -> None:
    synthesize(200, SEED, tmp_path / "more")
    for path in (small / "record").rglob("*.csv"):
        more = rows(tmp_path / "more" / path.relative_to(small / "record"))
        assert [row for row in more if row["person_id"] <= f"P{PERSONS:07d}"] == rows(path), path.name


@pytest.mark.parametrize("fmt", ["record", "fhir"])
def test_small_chunks_give_the_same_files(small: Path, tmp_path: Path, fmt: str) -> None:
    done: list[tuple[int, int]] = []
    synthesize(
        PERSONS, SEED, tmp_path / fmt, fmt, chunk=7, progress=lambda made, wanted: done.append((made, wanted))
    )
    assert files(tmp_path / fmt) == files(small / fmt)
    assert done[0] == (7, PERSONS)
    assert done[-1] == (PERSONS, PERSONS)


def test_small_chunks_give_the_same_parquet_rows(small: Path, tmp_path: Path) -> None:
    synthesize(PERSONS, SEED, tmp_path / "omop", "omop", chunk=7)
    paths = sorted((small / "omop").rglob("*.parquet"))
    assert paths
    for path in paths:
        again = tmp_path / "omop" / path.relative_to(small / "omop")
        assert query(f"FROM '{again}'") == query(f"FROM '{path}'"), path.name


def test_a_duckdb_file_holds_the_same_cdm(small: Path, tmp_path: Path) -> None:
    synthesize(PERSONS, SEED, tmp_path / "cdm.duckdb", "omop", chunk=20)
    with duckdb.connect(str(tmp_path / "cdm.duckdb"), read_only=True) as connection:
        for table in ("person", "drug_exposure", "concept_ancestor"):
            kept = connection.execute(f"FROM {table}").fetchall()
            assert kept == query(f"FROM '{small}/omop/{table}.parquet'")
        trials = connection.execute("FROM truth.truth_trial").fetchall()
    assert trials == query(f"FROM '{small}/omop/truth/truth_trial.parquet'")


def record_exposures(folder: Path) -> list[Exposure]:
    return sorted(
        (
            row["person_id"], row["agent"], row["start_date"], row["end_date"] or None,
            float(row["daily_dose_mg"]) if row["daily_dose_mg"] else None,
        )
        for row in rows(folder / "exposure.csv")
    )  # fmt: skip


def omop_exposures(folder: Path) -> list[Exposure]:
    """Read the CDM as its conventions say: ancestor ingredient, amount * quantity / days of supply."""
    found = query(
        f"""
        SELECT printf('P%07d', d.person_id), i.concept_name, CAST(drug_exposure_start_date AS VARCHAR),
            CAST(drug_exposure_end_date AS VARCHAR), round(s.amount_value * d.quantity / d.days_supply, 6)
        FROM '{folder}/drug_exposure.parquet' AS d
        JOIN '{folder}/concept_ancestor.parquet' AS a ON a.descendant_concept_id = d.drug_concept_id
        JOIN '{folder}/concept.parquet' AS i
            ON i.concept_id = a.ancestor_concept_id AND i.concept_class_id = 'Ingredient'
        JOIN '{folder}/drug_strength.parquet' AS s ON s.drug_concept_id = d.drug_concept_id
        """
    )
    return sorted(found)


def fhir_exposures(folder: Path) -> list[Exposure]:
    found = []
    for kind in ("MedicationDispense", "MedicationRequest", "MedicationAdministration"):
        for line in (folder / f"{kind}.ndjson").read_text(encoding="utf-8").splitlines():
            resource = json.loads(line)
            instruction = resource.get("dosageInstruction", [{}])[0]
            bounds = instruction.get("timing", {}).get("repeat", {}).get("boundsPeriod", {})
            bounds = resource.get("effectivePeriod", bounds)
            start = resource.get("whenHandedOver") or resource.get("authoredOn") or bounds["start"]
            end = bounds.get("end")
            if "daysSupply" in resource:
                days = resource["daysSupply"]["value"]
                end = (date.fromisoformat(start) + timedelta(days=days - 1)).isoformat()
            dose: dict[str, Any] = resource.get("dosage", {}).get("dose") or next(
                (entry["doseQuantity"] for entry in instruction.get("doseAndRate", [])), {}
            )
            found.append(
                (
                    resource["subject"]["reference"].removeprefix("Patient/"),
                    resource["medicationCodeableConcept"]["text"], start, end, dose.get("value"),
                )
            )  # fmt: skip
    return sorted(found, key=str)


def test_the_three_formats_tell_the_same_exposures(small: Path) -> None:
    expected = sorted(record_exposures(small / "record"), key=str)
    assert len(expected) > 400
    assert sorted(omop_exposures(small / "omop"), key=str) == expected
    assert fhir_exposures(small / "fhir") == expected


def test_fhir_has_no_empty_elements(small: Path) -> None:
    for path in (small / "fhir").glob("*.ndjson"):
        text = path.read_text(encoding="utf-8")
        assert "null" not in text and "[]" not in text and "{}" not in text, path.name


def test_every_exposure_lies_inside_a_true_trial(folder: Path) -> None:
    astray = ask(
        folder,
        """
        SELECT exposure_id FROM exposure AS e
        WHERE NOT EXISTS (
            SELECT 1 FROM truth_trial AS t
            WHERE t.person_id = e.person_id AND t.agent = e.agent AND t.recorded
              AND e.start_date >= t.true_start AND coalesce(e.end_date, e.start_date) <= t.true_end
              AND (e.daily_dose_mg IS NULL OR e.daily_dose_mg <= t.top_dose_mg)
              AND (e.stop_reason IS NULL OR e.stop_reason = t.stop_reason)
              AND (e.improvement_pct IS NULL OR e.improvement_pct = t.improvement_pct))
        """,
    )
    assert astray == []


def test_what_is_recorded_lies_inside_the_observation(folder: Path) -> None:
    outside = ask(
        folder,
        """
        SELECT e.exposure_id FROM exposure AS e JOIN observation_period AS o USING (person_id)
        WHERE e.start_date NOT BETWEEN o.start_date AND o.end_date OR e.end_date > o.end_date
        """,
    )
    assert outside == []


def test_the_truth_agrees_with_the_minimum_doses(folder: Path) -> None:
    from opentrd import knowledge

    minimum = {
        row["agent"]: row["min_dose_mg"]
        for row in knowledge.table("dose_minimum").to_pylist()
        if row["dose_table"] == "atrq" and not row["form"]
    }
    seen = ask(folder, "SELECT DISTINCT agent, top_dose_mg, dose_adequate FROM truth_trial")
    assert len(seen) > 50
    for agent, dose, adequate in seen:
        assert adequate == (dose >= minimum[agent] if agent in minimum else None), agent


def test_an_improvement_fits_its_outcome(folder: Path) -> None:
    bounds = {row["outcome"]: row for row in rows(settings.SETTINGS / "outcome.csv")}
    for trial in rows(folder / "truth" / "truth_trial.csv"):
        if trial["kind"] == "other use":
            assert trial["improvement_pct"] == trial["stop_reason"] == ""
            continue
        bound = bounds[trial["outcome"]]
        low, high = int(bound["improvement_lowest"]), int(bound["improvement_highest"])
        assert low <= int(trial["improvement_pct"]) <= high


def test_no_maoi_is_taken_with_another_antidepressant(folder: Path) -> None:
    together = ask(
        folder,
        """
        SELECT a.person_id FROM truth_trial AS a JOIN truth_trial AS b USING (person_id)
        WHERE a.agent IN ('phenelzine', 'tranylcypromine') AND b.agent <> a.agent
          AND b.kind IN ('drug', 'combination') AND a.true_start <= b.true_end AND b.true_start <= a.true_end
        """,
    )
    assert together == []


@pytest.mark.parametrize(
    ("share", "source", "low", "high"),
    [
        ("sex = 'female'", "person", 0.58, 0.70),
        ("episodes = 0", "truth_person", 0.05, 0.12),
        ("other_diagnoses LIKE '%bipolar%'", "(SELECT coalesce(other_diagnoses, '') AS other_diagnoses FROM "
            "truth_person)", 0.02, 0.09),
        ("daily_dose_mg IS NULL", "exposure", 0.07, 0.18),
        ("end_date IS NULL", "exposure", 0.02, 0.04),
        ("NOT dose_adequate", "truth_trial WHERE kind = 'drug'", 0.15, 0.30),
        ("agent IN ('sertraline', 'escitalopram', 'citalopram', 'fluoxetine', 'paroxetine')",
            "(SELECT arg_min(agent, trial) AS agent FROM truth_trial WHERE kind = 'drug' GROUP BY person_id)",
            0.65, 0.80),
        ("failed >= 2", "(SELECT count(DISTINCT agent) FILTER (days_adequate >= 42 AND improvement_pct < 50) "
            "AS failed FROM truth_trial WHERE kind = 'drug' GROUP BY person_id, episode)", 0.08, 0.30),
        ("gap <> 0", "(SELECT start_date - 1 - lag(end_date) OVER (PARTITION BY person_id, agent "
            "ORDER BY start_date) AS gap FROM exposure)", 0.3, 0.8),
        ("sign = '<'", "measurement WHERE measure = 'CRP'", 0.15, 0.40),
    ],
)  # fmt: skip
def test_shares_are_plausible(folder: Path, share: str, source: str, low: float, high: float) -> None:
    assert low <= ask(folder, f"SELECT avg(CAST({share} AS INTEGER)) FROM {source}")[0][0] <= high


def test_scores_follow_the_true_response(folder: Path) -> None:
    """At the end of a trial that brought remission the PHQ-9 is far lower than at the end of a failed one."""
    ends = dict(
        ask(
            folder,
            """
            SELECT t.outcome, avg(m.value) FROM truth_trial AS t
            JOIN measurement AS m ON m.person_id = t.person_id AND m.measure = 'PHQ-9' AND m.date = t.true_end
            WHERE t.kind = 'drug' GROUP BY t.outcome
            """,
        )
    )
    assert ends["remission"] + 8 < ends["none"]


def test_the_readers_give_the_same_exposures(small: Path) -> None:
    """What the readers make of the three formats, in the typed record tables."""
    from opentrd import knowledge
    from opentrd.record.fhir import load_fhir
    from opentrd.record.files import load_folder
    from opentrd.record.normalise import normalise
    from opentrd.record.omop import load_omop
    from opentrd.record.raw import connect

    read: dict[str, list[tuple[Any, ...]]] = {}
    for fmt in ("record", "omop", "fhir"):
        with connect() as connection:
            knowledge.load_into(connection)
            if fmt == "record":
                load_folder(connection, small / fmt)
            elif fmt == "omop":
                load_omop(connection, small / fmt)
            else:
                load_fhir(connection, [small / fmt])
            normalise(connection)
            read[fmt] = connection.execute(
                """
                SELECT CAST(ltrim(person_id, 'P') AS INTEGER), agent, start_earliest, end_latest,
                    round(daily_dose_mg, 6), status
                FROM record.exposure ORDER BY ALL
                """
            ).fetchall()
    assert read["omop"] == read["record"]
    assert read["fhir"] == read["record"]
    assert len(read["record"]) == len(rows(small / "record" / "exposure.csv"))


def test_the_readers_and_the_contract_know_every_column(small: Path) -> None:
    from opentrd.record.schema import RAW_COLUMNS

    for table, columns in RAW_COLUMNS.items():
        if table != "coverage":
            with (small / "record" / f"{table}.csv").open(encoding="utf-8") as file:
                assert tuple(file.readline().strip().split(",")) == columns


@pytest.mark.parametrize("path", sorted(settings.SETTINGS.glob("*.csv")), ids=lambda path: str(path.stem))
def test_every_setting_says_where_it_comes_from(path: Path) -> None:
    for row in rows(path):
        assert row["note"].strip()
        assert row["knowledge_status"] in ("assumed", "recalled", "transcribed", "computed", "verified")
        if "weight" in row:
            assert int(row["weight"]) > 0


def test_arguments_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="persons: 0 is not between 1 and"):
        synthesize(0, SEED, tmp_path / "none")
    with pytest.raises(ValueError, match="format: 'xml' is not one of record, omop, fhir"):
        synthesize(1, SEED, tmp_path / "none", "xml")
    with pytest.raises(ValueError, match="file format: 'xlsx' is not one of csv, parquet"):
        synthesize(1, SEED, tmp_path / "none", file_format="xlsx")
    with pytest.raises(ValueError, match="only for the format omop"):
        synthesize(1, SEED, tmp_path / "file.duckdb")
    assert not (tmp_path / "none").exists()


def test_an_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match="choose a folder you may write"):
        synthesize(1, SEED, tmp_path / "taken")
    synthesize(1, SEED, tmp_path / "csv")
    with pytest.raises(InputError, match="one folder cannot hold a table twice"):
        synthesize(1, SEED, tmp_path / "csv", file_format="parquet")
    assert not list((tmp_path / "csv").glob(".parts-*"))
