"""The whole assessment as one SQL script, for a site that may only run SQL."""

from __future__ import annotations

import sqlglot

from opentrd import knowledge
from opentrd.assess.plan import order, trace_order
from opentrd.record.schema import RECORD_COLUMNS

_HEAD = """-- OpenTRD {version}: the whole assessment.
-- Before: schema record with the tables {tables}, filled by you (see docs/data-dictionary.md),
--         and record.request (as_of DATE) with one row: the last day that is used, or NULL.
-- After:  schema assess with one table per step; the results are episode, trial, judgement, verdict and stage.
"""


def script(dialect: str, *, tested: bool) -> str:
    """The script in one dialect: the facts as INSERTs, then one CREATE TABLE per step, then the trace."""
    import opentrd

    parts = [_HEAD.format(version=opentrd.__version__, tables=", ".join(sorted(RECORD_COLUMNS)))]
    if not tested:
        parts.insert(0, "-- UNTESTED: no test of OpenTRD has run this dialect.\n")
    statements = ["CREATE SCHEMA IF NOT EXISTS knowledge", "CREATE SCHEMA IF NOT EXISTS assess"]
    statements += _facts()
    statements += [f"CREATE TABLE assess.{step.table} AS\n{step.sql}" for step in (*order(), *trace_order())]
    for statement in statements:
        if dialect == "duckdb":
            parts.append(statement.strip() + ";\n")
        else:
            parts.append(sqlglot.transpile(statement, read="duckdb", write=dialect, pretty=True)[0] + ";\n")
    return "\n".join(parts)


def _facts() -> list[str]:
    statements = []
    for name in knowledge.tables():
        table = knowledge.table(name)
        columns = ", ".join(f"{field.name} {_sql_type(str(field.type))}" for field in table.schema)
        statements.append(f"CREATE TABLE knowledge.{name} ({columns})")
        rows = [f"({', '.join(_literal(value) for value in row.values())})" for row in table.to_pylist()]
        if rows:
            statements.append(f"INSERT INTO knowledge.{name} VALUES\n" + ",\n".join(rows))
    return statements


def _sql_type(arrow_type: str) -> str:
    known = {
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "date32[day]": "DATE",
        "null": "VARCHAR",
    }
    return known.get(arrow_type, "VARCHAR")


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"
