"""Read an OMOP CDM (5.2, 5.3, 5.4) in place: a DuckDB file, a folder of Parquet or CSV tables, or PostgreSQL.

Every CDM table becomes a view (schema ``omop``) with the columns that OpenTRD reads, each in one type,
whatever the version of the CDM has; a missing column is NULL, a missing table a view without rows,
and both are noted in ``record.unread``. The reading itself is the SQL files in the folder ``omop`` beside
this file, in the order of ``STEPS``; they decide on distinct concepts and join the decision back, so no row
is looked at in Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from opentrd import knowledge
from opentrd.record.omop_files import VOCABULARY, Relation, first_line
from opentrd.record.omop_source import (
    is_omop,
    looks_like_person,
    opened,
    shown,
    why_no_cdm,
)
from opentrd.record.raw import InputError, create_raw_tables, keep, note_unread
from opentrd.record.schema import RAW_COLUMNS

__all__ = ["is_omop", "load_omop"]

SQL_FOLDER = Path(__file__).parent / "omop"

STEPS = (
    "vocabulary", "concept_use", "known_code", "meaning", "person", "drug_words", "drug_agent", "drug_form", "strength",
    "exposure", "condition", "procedure_name", "procedure", "measurement", "unread", "odd_value", "notes",
)  # fmt: skip

# A computed daily dose above this multiple of the agent's largest listed minimum dose is taken for a fault of
# quantity or days_supply. A bound on data quality, deliberately wide: no dose range comes near it.
IMPLAUSIBLE_MULTIPLE = 20
WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
# Lines of unmapped concepts listed per table in ``record.unread``; the rest is counted in one line.
UNREAD_LINES = 500

# The columns that are read, by table, as ``kind: names``. Kinds: ``id`` (text), ``concept`` (a concept id, 0
# when empty), ``code`` (text, '' when empty), ``text``, ``number``, ``date`` (these two give a second column
# ``<name>_text`` with what was written). ``a|b`` is read from b when there is no a or a is empty; ``?`` marks
# what only some versions have.
COLUMNS: dict[str, dict[str, str]] = {
    "person": {
        "id": "person_id",
        "concept": "gender_concept_id race_concept_id ethnicity_concept_id",
        "number": "year_of_birth month_of_birth day_of_birth",
        "date": "birth_datetime?",
        "text": "gender_source_value? race_source_value? ethnicity_source_value?",
    },
    "observation_period": {
        "id": "observation_period_id person_id",
        "date": "observation_period_start_date observation_period_end_date",
    },
    "drug_exposure": {
        "id": "drug_exposure_id person_id",
        "concept": "drug_concept_id drug_type_concept_id route_concept_id?",
        "code": "drug_source_value",
        "date": "drug_exposure_start_date|drug_exposure_start_datetime "
        "drug_exposure_end_date|drug_exposure_end_datetime",
        "number": "quantity days_supply refills?",
        "text": "stop_reason? route_source_value?",
    },
    "condition_occurrence": {
        "id": "condition_occurrence_id person_id",
        "concept": "condition_concept_id condition_source_concept_id",
        "code": "condition_source_value",
        "date": "condition_start_date|condition_start_datetime condition_end_date|condition_end_datetime",
    },
    "procedure_occurrence": {
        "id": "procedure_occurrence_id person_id",
        "concept": "procedure_concept_id procedure_source_concept_id",
        "code": "procedure_source_value",
        "date": "procedure_date|procedure_datetime procedure_end_date|procedure_end_datetime?",
        "number": "quantity?",
    },
    "measurement": {
        "id": "measurement_id person_id",
        "concept": "measurement_concept_id measurement_source_concept_id unit_concept_id operator_concept_id",
        "code": "measurement_source_value",
        "date": "measurement_date|measurement_datetime",
        "number": "value_as_number",
        "text": "unit_source_value value_source_value?",
    },
    "observation": {
        "id": "observation_id person_id",
        "concept": "observation_concept_id observation_source_concept_id unit_concept_id value_as_concept_id",
        "code": "observation_source_value",
        "date": "observation_date|observation_datetime",
        "number": "value_as_number",
        "text": "value_as_string unit_source_value? value_source_value?",
    },
    "concept": {"concept": "concept_id", "text": "concept_name vocabulary_id concept_code"},
    "concept_ancestor": {
        "concept": "ancestor_concept_id descendant_concept_id",
        "number": "min_levels_of_separation",
    },
    "drug_strength": {
        "concept": "drug_concept_id ingredient_concept_id amount_unit_concept_id numerator_unit_concept_id "
        "denominator_unit_concept_id",
        "number": "amount_value numerator_value denominator_value",
        "text": "invalid_reason?",
    },
    "cdm_source": {"text": "cdm_source_name? cdm_version? vocabulary_version?"},
}

LOST_WITHOUT: dict[str, str] = {
    "observation_period": "the observed time is taken from the dated rows",
    "drug_exposure": "no drug treatment can be read",
    "condition_occurrence": "no diagnosis can be read",
    "procedure_occurrence": "no procedure can be read",
    "measurement": "no measurement can be read",
    "observation": "no observation can be read",
    "concept": "codes and names of concepts cannot be used, only the concept ids that OpenTRD lists",
    "concept_ancestor": "ingredients and kinds of disorder above a concept cannot be found by ancestry",
    "drug_strength": "daily doses can only come from the strength printed in a concept's name",
}


def load_omop(
    connection: duckdb.DuckDBPyConnection, source: str | Path, *, cdm_schema: str | None = None
) -> dict[str, Any]:
    """Fill ``raw.*`` and ``record.unread`` from an OMOP CDM.

    ``source`` is a DuckDB file, a folder with one Parquet or CSV file (or folder of them) per table, or a
    ``postgresql://`` URL; it is read in place and never written to. ``cdm_schema`` names the schema in a
    database that has more than one CDM. Returns ``format``, ``cdm_schema``, ``cdm_version``,
    ``vocabulary_version``, ``tables`` (the CDM tables read) and ``rows`` (rows added per raw table).

    Raises ``InputError`` when the source cannot be opened or is no CDM.
    """
    create_raw_tables(connection)
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'knowledge'").fetchall():
        knowledge.load_into(connection)
    before = _raw_rows(connection)
    with opened(connection, source, cdm_schema, set(COLUMNS)) as (kind, schema, relations):
        if not looks_like_person(relations.get("person")):
            raise InputError(f"{shown(source)}: {why_no_cdm(relations)}")
        connection.execute("DROP SCHEMA IF EXISTS omop CASCADE; CREATE SCHEMA omop")
        connection.execute(f"SET VARIABLE omop_implausible_multiple = {IMPLAUSIBLE_MULTIPLE}")
        connection.execute(f"SET VARIABLE omop_unread_lines = {UNREAD_LINES}")
        try:
            for table, columns in COLUMNS.items():
                _create_view(connection, table, columns, relations.get(table))
            _note_missing(connection, relations)
            for step in STEPS:
                connection.execute((SQL_FOLDER / f"{step}.sql").read_text(encoding="utf-8"))
            about = connection.execute(
                "SELECT max(cdm_version), max(vocabulary_version) FROM omop.cdm_source"
            ).fetchall()[0]
        except duckdb.Error as error:
            raise InputError(
                f"{shown(source)}: the CDM could not be read: {first_line(error)}. Expected tables of the OMOP CDM; "
                f"export the table that is named, or the whole CDM, again"
            ) from error
        finally:
            connection.execute("DROP SCHEMA IF EXISTS omop CASCADE")
    keep(connection, [table for table in RAW_COLUMNS if table != "coverage"])
    rows = {table: count - before[table] for table, count in _raw_rows(connection).items()}
    return {
        "format": kind,
        "cdm_schema": schema,
        "cdm_version": about[0],
        "vocabulary_version": about[1],
        "tables": sorted(relations),
        "rows": rows,
    }


def _create_view(
    connection: duckdb.DuckDBPyConnection, table: str, kinds: dict[str, str], relation: Relation | None
) -> None:
    """``omop.<table>`` with every column that is read, in its type; NULL where there is none."""
    available = relation.columns if relation else {}
    expressions = []
    for kind, names in kinds.items():
        for written in names.split():
            alternatives = written.rstrip("?").split("|")
            found = [available[name] for name in alternatives if name in available]
            expressions += _typed(alternatives[0], kind, found)
    body = f"FROM {relation.sql}" if relation else "WHERE false"
    connection.execute(f"CREATE VIEW omop.{table} AS SELECT {', '.join(expressions)} {body}")


def _value(name: str, kind: str) -> str:
    quoted = f'"{name.replace(chr(34), chr(34) * 2)}"'
    # R writes a missing number as NaN, which is no value
    return f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END" if kind in ("DOUBLE", "FLOAT") else quoted


def _typed(name: str, kind: str, found: list[tuple[str, str]]) -> list[str]:
    """The SQL of one column of a view (two for a date) from the source's columns, the preferred one first."""
    texts = [f"CAST({_value(*column)} AS VARCHAR)" for column in found] or ["CAST(NULL AS VARCHAR)"]
    text = f"coalesce({', '.join(texts)})"
    whole = len(found) == 1 and found[0][1] in WHOLE_NUMBERS
    match kind:
        case "concept":
            number = _value(*found[0]) if whole else f"TRY_CAST({text} AS BIGINT)"
            return [f"coalesce(CAST({number} AS BIGINT), 0) AS {name}"]
        case "number":
            return [f"TRY_CAST({text} AS DOUBLE) AS {name}", f"{text} AS {name}_text"]
        case "id":  # an id that a tool has written as a decimal number ('12.0') is still 12
            return [f"{text if whole else _without_decimals(text)} AS {name}"]
        case "code":
            return [f"coalesce(trim({text}), '') AS {name}"]
        case "date":
            day = (
                f"coalesce(TRY_CAST({text} AS DATE), "
                f"CAST(try_strptime({text}, ['%Y%m%d', '%d-%b-%Y']) AS DATE))"
            )
            return [f"{day} AS {name}", f"coalesce(CAST({day} AS VARCHAR), {text}) AS {name}_text"]
    return [f"nullif(trim({text}), '') AS {name}"]


def _without_decimals(text: str) -> str:
    return f"regexp_replace({text}, '^([0-9]+)\\.0+$', '\\1')"


def _note_missing(connection: duckdb.DuckDBPyConnection, relations: dict[str, Relation]) -> None:
    """Note every table and every column that is not there, with what cannot be read without it."""
    notes = []
    for table, lost in LOST_WITHOUT.items():
        if table not in relations:
            notes.append((table, "", "", "", f"the CDM has no such table: {lost}"))
        elif table in VOCABULARY and not connection.execute(f"SELECT 1 FROM omop.{table} LIMIT 1").fetchall():
            notes.append((table, "", "", "", f"the table is empty: {lost}"))
    for table, relation in relations.items():
        if not relation.columns:  # an empty file, noted when it was opened
            continue
        for written in " ".join(COLUMNS.get(table, {}).values()).split():
            names = written.rstrip("?").split("|")
            if not written.endswith("?") and not any(name in relation.columns for name in names):
                notes.append(
                    (table, "", names[0], "", "the table has no such column; what it says is not known")
                )
    note_unread(connection, notes)


def _raw_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = {}
    for table in RAW_COLUMNS:
        [(count,)] = connection.execute(f"SELECT count(*) FROM raw.{table}").fetchall()
        counts[table] = int(count)
    return counts
