"""The pages of an assessment: gathers the rows that a page prints and hands them to ``report``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opentrd
from opentrd import knowledge
from opentrd.assess.plan import steps
from opentrd.knowledge.wording import definition_texts
from opentrd.lineage import CHAIN_TRACES, knowledge_rows, person_trace
from opentrd.report import pages, patient
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
_RESULT_TABLES = (
    "as_of",
    "episode",
    "trial",
    "judgement",
    "switch",
    "entry",
    "verdict",
    "stage",
    "question",
    "finding",
    "indicator",
    "domain",
    "option_scope",
    "option",
    "recommendation",
    "outcome",
)
Rows = list[dict[str, Any]]


def write_pages(assessment: Assessment, folder: Path, *, min_count: int = 5) -> Path:
    """Write one page a person, or the cohort page for more than 20 persons (or a CDM in place); return ``index.html``."""
    connection = assessment.connection
    texts = definition_texts(connection)
    meta: dict[str, Any] = {
        "version": opentrd.__version__,
        "knowledge_digest": knowledge.digest(),
        "min_count": min_count,
        "unread_rows": assessment.record.unread,
        "fit": assessment.fit,
        "adequacy": _rows(
            connection,
            "SELECT min_days, meaning FROM knowledge.adequacy_rule WHERE adequacy_rule = 'atrq_42'",
        )[0],
    }
    if assessment.record.persons > PAGE_PERSONS or not assessment.detailed:
        tables = {
            name: connection.sql(
                f"SELECT {', '.join(columns)} FROM {'record' if name == 'unread' else 'assess'}.{name}"
            ).to_arrow_table()
            for name, columns in NEEDS.items()
        }
        days = int(meta["adequacy"]["min_days"])
        cohort = aggregate(tables, texts, min_days=days)
        cohort["finding_count"] = _rows(connection, "SELECT * FROM assess.finding_count")
        meta["findings"] = _facts(connection, "finding", "finding")
        return pages.write(folder, [], meta, cohort_tables=cohort)[0]
    assessment.trace()
    shared = {
        "knowledge_rows": knowledge_rows(connection),
        "definition_text": texts,
        "bands": _rows(connection, "SELECT * FROM knowledge.band"),
        "measures": _facts(connection, "measure", "measure"),
        "findings": _facts(connection, "finding", "finding"),
        "domains": _facts(connection, "domain", "domain"),
        "treatments": _facts(connection, "treatment", "treatment"),
        "option_evidence": _evidence(connection, folder) if assessment.fit else {},
        "safety_rules": _facts(connection, "safety_rule", "rule"),
    }
    persons = [
        row["person_id"]
        for row in _rows(connection, "SELECT person_id FROM record.person ORDER BY person_id")
    ]
    patients = [
        (
            _person_tables(connection, person, persons, assessment.fit),
            {"trace": person_trace(connection, person, CHAIN_TRACES), **shared},
        )
        for person in persons
    ]
    return pages.write(folder, patients, meta)[0]


def _facts(connection: duckdb.DuckDBPyConnection, table: str, key: str) -> dict[str, dict[str, Any]]:
    """The rows of a knowledge table by their key."""
    return {row[key]: row for row in _rows(connection, f"SELECT * FROM knowledge.{table}")}


def _evidence(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, dict[str, Any]]:
    """The evidence of options by its name, each with ``href``, the place of its study on a page that is written beside."""
    from opentrd import evidence_beside

    places = evidence_beside.write(folder / "evidence")
    studies = {row["effect"]: row["study"] for row in knowledge.table("effect").to_pylist()}
    found = _facts(connection, "option_evidence", "evidence")
    for row in found.values():
        row["href"] = places.get(studies.get(row.get("effect"), ""), "")
    return found


def _person_tables(
    connection: duckdb.DuckDBPyConnection, person_id: str, persons: list[str], fit: bool
) -> dict[str, Rows]:
    tables = {
        name: _rows(connection, f"SELECT * FROM record.{name} WHERE person_id = ? ORDER BY ALL", [person_id])
        for name in _RECORD_TABLES
    }
    tables |= {
        name: _rows(connection, f"SELECT * FROM assess.{name} WHERE person_id = ? ORDER BY ALL", [person_id])
        for name in _RESULT_TABLES
        if name in steps() and (fit or name not in patient.FIT_TABLES)
    }
    tables["kept"] = _rows(connection, "SELECT table_name FROM record.kept ORDER BY table_name")
    tables["unread"] = _notes(connection, persons)
    return tables


# Cells of these fields name a person or a row, and are not shown on a page.
_ID_FIELD = re.compile(r"(^|_)id$|subject|patient|reference", re.IGNORECASE)
_NOTES = 200


def _notes(connection: duckdb.DuckDBPyConnection, persons: list[str]) -> Rows:
    """What was not understood, fit for a page: no file name, no id of a person.

    Notes carry no person. With one person in the source they are all his or hers; with several the page only counts
    them by kind, and the list stays in ``unread.csv``.
    """
    ids = re.compile(
        "|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in sorted(persons, key=len, reverse=True))
        or "$^"
    )
    if len(persons) == 1:
        rows = _rows(
            connection, f"SELECT row, field, value, reason FROM record.unread ORDER BY ALL LIMIT {_NOTES}"
        )
        for row in rows:
            hidden = _ID_FIELD.search(str(row["field"] or ""))
            row["source"] = ""
            row["row"] = re.sub(r"^Patient/.*", "Patient", str(row["row"] or ""))
            row["value"] = "(an id)" if hidden and row["value"] else row["value"]
    else:
        rows = _rows(
            connection,
            "SELECT '' AS source, '' AS row, field, count(*) || ' in the whole source' AS value, reason FROM record.unread "
            f"GROUP BY field, reason ORDER BY count(*) DESC, field, reason LIMIT {_NOTES}",
        )
    for row in rows:
        for name in ("row", "value", "reason"):
            row[name] = ids.sub("(id)", str(row[name] or ""))
    return rows


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> Rows:
    result = connection.execute(query, values or [])
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
