"""The pages of an assessment: gathers the rows that a page prints and hands them to ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import opentrd
from opentrd import knowledge
from opentrd.knowledge.wording import definition_texts
from opentrd.lineage import knowledge_rows, person_trace
from opentrd.report import pages
from opentrd.report.aggregate import NEEDS, aggregate

if TYPE_CHECKING:
    import duckdb

    from opentrd.api import Assessment

# More persons than this give the cohort page instead of a page each.
PAGE_PERSONS = 20
_RECORD_TABLES = (
    "person",
    "observation_period",
    "exposure",
    "procedure",
    "condition",
    "measurement",
    "genotype",
)
_RESULT_TABLES = ("as_of", "episode", "trial", "judgement", "switch", "entry", "verdict", "stage", "question")
Rows = list[dict[str, Any]]


def write_pages(assessment: Assessment, folder: Path, *, min_count: int = 5) -> Path:
    """Write one page a person, or the cohort page for more than 20 persons; return ``index.html``."""
    connection = assessment.connection
    texts = definition_texts(connection)
    meta: dict[str, Any] = {
        "version": opentrd.__version__,
        "knowledge_digest": knowledge.digest(),
        "min_count": min_count,
        "unread_rows": assessment.record.unread,
        "adequacy": _rows(
            connection,
            "SELECT min_days, meaning FROM knowledge.adequacy_rule WHERE adequacy_rule = 'atrq_42'",
        )[0],
    }
    if assessment.record.persons > PAGE_PERSONS:
        tables = {
            name: connection.sql(
                f"SELECT {', '.join(columns)} FROM {'record' if name == 'unread' else 'assess'}.{name}"
            ).to_arrow_table()
            for name, columns in NEEDS.items()
        }
        days = int(meta["adequacy"]["min_days"])
        cohort = aggregate(tables, texts, min_days=days)
        return pages.write(folder, [], meta, cohort_tables=cohort)[0]
    assessment.trace()
    shared = {
        "knowledge_rows": knowledge_rows(connection),
        "definition_text": texts,
        "bands": _rows(connection, "SELECT * FROM knowledge.band"),
        "measures": {row["measure"]: row for row in _rows(connection, "SELECT * FROM knowledge.measure")},
    }
    persons = [
        row["person_id"]
        for row in _rows(connection, "SELECT person_id FROM record.person ORDER BY person_id")
    ]
    patients = [
        (
            _person_tables(connection, person, len(persons)),
            {"trace": person_trace(connection, person), **shared},
        )
        for person in persons
    ]
    return pages.write(folder, patients, meta)[0]


def _person_tables(connection: duckdb.DuckDBPyConnection, person_id: str, persons: int) -> dict[str, Rows]:
    tables = {
        name: _rows(connection, f"SELECT * FROM record.{name} WHERE person_id = ? ORDER BY ALL", [person_id])
        for name in _RECORD_TABLES
    }
    tables |= {
        name: _rows(connection, f"SELECT * FROM assess.{name} WHERE person_id = ? ORDER BY ALL", [person_id])
        for name in _RESULT_TABLES
    }
    tables["kept"] = _rows(connection, "SELECT table_name FROM record.kept ORDER BY table_name")
    # Notes carry no person: with one person they are all shown, with several the list of the whole source.
    tables["unread"] = _rows(connection, "SELECT * FROM record.unread ORDER BY ALL LIMIT 200")
    return tables


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> Rows:
    result = connection.execute(query, values or [])
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
