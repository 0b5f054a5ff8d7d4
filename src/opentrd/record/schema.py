"""The record tables: what is known of the patients, in the form every reader hands over.

A column is written once here. Readers fill the *raw* form (all text, schema ``raw``), the normaliser turns
it into the typed form (schema ``record``). An empty cell is "not known"; nothing is ever imputed.
"""

from __future__ import annotations

# The raw form: the columns of the public contract, in order. ``raw.<table>`` has these, all VARCHAR, and
# then ``source`` (file or table the row came from) and ``source_row`` (row number or id inside it).
RAW_COLUMNS: dict[str, tuple[str, ...]] = {
    "person": ("person_id", "birth_date", "sex", "race", "ethnicity", "language", "socioeconomic"),
    "observation_period": ("person_id", "start_date", "end_date"),
    "exposure": (
        "exposure_id",
        "person_id",
        "agent",
        "start_date",
        "end_date",
        "days_taken",
        "ongoing",
        "daily_dose_mg",
        "dose_unit",
        "route",
        "form",
        "indication",
        "status",
        "stop_reason",
        "improvement_pct",
        "improvement_basis",
        "adherence",
    ),
    "procedure": (
        "procedure_id",
        "person_id",
        "procedure",
        "date",
        "end_date",
        "sessions",
        "laterality",
        "intensity",
        "detail",
        "stop_reason",
        "improvement_pct",
        "improvement_basis",
        "present",
    ),
    "condition": ("condition_id", "person_id", "condition", "start_date", "end_date", "present"),
    "measurement": ("measurement_id", "person_id", "measure", "date", "value", "unit", "sign", "assay"),
    "genotype": ("person_id", "gene", "diplotype", "phenotype", "activity_score"),
    "coverage": ("person_id", "table", "start_date", "end_date"),
}

# Columns a reader may add to a raw table; a user's file may not.
# ``course``: ``point`` (a dated code, says nothing about how long), ``span`` (start and end are stated),
# ``open`` (stated to go on). Empty: the normaliser derives it from the dates.
READER_COLUMNS: dict[str, tuple[str, ...]] = {"condition": ("course",)}

ORIGIN_COLUMNS: tuple[str, ...] = ("source", "source_row")

# The typed form, schema ``record``. A date of the input becomes an interval [earliest, latest]; both are
# equal when the day is known, both NULL when nothing is known.
RECORD_COLUMNS: dict[str, dict[str, str]] = {
    "person": {
        "person_id": "VARCHAR",
        "birth_earliest": "DATE",
        "birth_latest": "DATE",
        "sex": "VARCHAR",
        "race": "VARCHAR",
        "ethnicity": "VARCHAR",
        "language": "VARCHAR",
        "socioeconomic": "VARCHAR",
    },
    "observation_period": {"person_id": "VARCHAR", "start_date": "DATE", "end_date": "DATE"},
    "exposure": {
        "exposure_id": "VARCHAR",
        "person_id": "VARCHAR",
        "agent": "VARCHAR",
        "start_earliest": "DATE",
        "start_latest": "DATE",
        "end_earliest": "DATE",
        "end_latest": "DATE",
        "days_taken": "BIGINT",
        "ongoing": "BOOLEAN",
        "daily_dose_mg": "DOUBLE",
        "route": "VARCHAR",
        "form": "VARCHAR",
        "indication": "VARCHAR",
        "status": "VARCHAR",
        "stop_reason": "VARCHAR",
        "improvement_pct": "DOUBLE",
        "improvement_basis": "VARCHAR",
        "adherence": "DOUBLE",
    },
    "procedure": {
        "procedure_id": "VARCHAR",
        "person_id": "VARCHAR",
        "procedure": "VARCHAR",
        "start_earliest": "DATE",
        "start_latest": "DATE",
        "end_earliest": "DATE",
        "end_latest": "DATE",
        "sessions": "BIGINT",
        "laterality": "VARCHAR",
        "intensity": "VARCHAR",
        "detail": "VARCHAR",
        "stop_reason": "VARCHAR",
        "improvement_pct": "DOUBLE",
        "improvement_basis": "VARCHAR",
        "present": "BOOLEAN",
    },
    "condition": {
        "condition_id": "VARCHAR",
        "person_id": "VARCHAR",
        "condition": "VARCHAR",
        "start_earliest": "DATE",
        "start_latest": "DATE",
        "end_earliest": "DATE",
        "end_latest": "DATE",
        "course": "VARCHAR",
        "present": "BOOLEAN",
    },
    "measurement": {
        "measurement_id": "VARCHAR",
        "person_id": "VARCHAR",
        "measure": "VARCHAR",
        "date_earliest": "DATE",
        "date_latest": "DATE",
        "value": "DOUBLE",
        "unit": "VARCHAR",
        "sign": "VARCHAR",
        "assay": "VARCHAR",
    },
    "genotype": {
        "person_id": "VARCHAR",
        "gene": "VARCHAR",
        "diplotype": "VARCHAR",
        "phenotype": "VARCHAR",
        "activity_score": "DOUBLE",
    },
    "coverage": {"person_id": "VARCHAR", "table_name": "VARCHAR", "start_date": "DATE", "end_date": "DATE"},
    "kept": {"table_name": "VARCHAR"},
    "unread": {
        "source": "VARCHAR",
        "row": "VARCHAR",
        "field": "VARCHAR",
        "value": "VARCHAR",
        "reason": "VARCHAR",
    },
    # How many rows of a person were not used because something in them was not understood: the person's history may
    # hold more than its tables say.
    "unused": {"person_id": "VARCHAR", "table_name": "VARCHAR", "rows": "BIGINT"},
}

ALLOWED_VALUES: dict[tuple[str, str], tuple[str, ...]] = {
    ("person", "sex"): ("female", "male", "other"),
    ("exposure", "status"): ("dispensed", "prescribed", "administered", "reported"),
    ("exposure", "stop_reason"): ("inefficacy", "intolerance", "nonadherence", "remission", "other"),
    ("procedure", "stop_reason"): ("inefficacy", "intolerance", "nonadherence", "remission", "other"),
    ("exposure", "improvement_basis"): ("measured", "recorded then", "recalled"),
    ("procedure", "improvement_basis"): ("measured", "recorded then", "recalled"),
    ("measurement", "sign"): ("<", ">", "="),
    ("condition", "course"): ("point", "span", "open"),
}
