"""From result tables of many persons to the aggregated rows of the cohort page, one SQL file per table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

SQL = Path(__file__).parent / "sql"

# The columns each file reads; a table that was not handed over is read as an empty one.
NEEDS: dict[str, dict[str, pa.DataType]] = {
    "as_of": {"person_id": pa.string(), "age_low": pa.int64()},
    "episode": {"person_id": pa.string(), "basis": pa.string()},
    "trial": {
        "person_id": pa.string(),
        "kind": pa.string(),
        "improvement_pct": pa.float64(),
        "stop_reason": pa.string(),
        "dose_status": pa.string(),
        "days_at_dose_low": pa.int64(),
        "days_at_dose_high": pa.int64(),
    },
    "verdict": {
        "definition": pa.string(),
        "eligible": pa.bool_(),
        "met": pa.bool_(),
        "knowledge_status": pa.string(),
    },
    "stage": {
        "person_id": pa.string(),
        "instrument": pa.string(),
        "item": pa.string(),
        "low": pa.float64(),
        "high": pa.float64(),
        "band_low": pa.string(),
        "band_high": pa.string(),
        "knowledge_status": pa.string(),
    },
    "unread": {"source": pa.string(), "field": pa.string(), "reason": pa.string()},
}
FILES = ("attrition", "verdict", "stage", "points", "trial", "outcome", "facts", "unread")


def aggregate(
    tables: Mapping[str, pa.Table],
    definition_text: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    min_days: int | None = None,
    adult_age: int | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """The rows that ``cohort_page`` takes, from as_of, episode, trial, verdict, stage and unread.

    ``min_days`` (days) and ``adult_age`` (completed years) come from knowledge rows; without them adequacy
    is not known and the step of age is left out. ``definition_text`` adds title, text and citation.
    """
    values = {"min_days": min_days, "adult_age": adult_age}
    found: dict[str, list[dict[str, Any]]] = {}
    with duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    ) as connection:
        for name, columns in NEEDS.items():
            given = tables.get(name)
            connection.register(name, _with_columns(given, columns))
        for name in FILES:
            statement = (SQL / f"{name}.sql").read_text(encoding="utf-8")
            bound = {key: value for key, value in values.items() if f"${key}" in statement}
            cursor = connection.execute(statement, bound) if bound else connection.execute(statement)
            header = [column[0] for column in cursor.description or ()]
            found[name] = [dict(zip(header, row, strict=True)) for row in cursor.fetchall()]
    for row in (*found["verdict"], *found["stage"], *found["points"]):
        text = (definition_text or {}).get(str(row.get("definition") or row.get("instrument")), {})
        row.update({name: text[name] for name in ("title", "text", "citation") if name in text})
    return found


def _with_columns(table: pa.Table | None, columns: Mapping[str, pa.DataType]) -> pa.Table:
    """The needed columns of a table; a column it does not have is not known in every row."""
    if table is None:
        return pa.table({name: pa.array([], kind) for name, kind in columns.items()})
    return pa.table(
        {
            name: table.column(name) if name in table.column_names else pa.nulls(table.num_rows, kind)
            for name, kind in columns.items()
        }
    )
