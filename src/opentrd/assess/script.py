"""The whole assessment as one SQL script, for a site that may only run SQL."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from opentrd import knowledge
from opentrd.assess.plan import Step, order, trace_order
from opentrd.engines.postgres import SETTINGS
from opentrd.engines.translate import Types, translate, types_of
from opentrd.record import omop_script
from opentrd.record.raw import connect, create_record_tables

# Comments of the head hold no quotation mark and no semicolon: some shells split a script at these.
_HEAD = """-- OpenTRD {version}: the whole assessment.
-- Before: schema record with its tables filled by you (see docs/data-dictionary.md). Tables that are not there are made
--         here and stay empty. record.kept names the tables that the source keeps. record.request (as_of DATE) has one
--         row: the last day that is used, or NULL.
-- After:  schema assess with one table per step. The results are episode, trial, judgement, verdict and stage.
-- Run it once: the schemas knowledge and assess must not be there yet. To run it again, print it with --again: it then drops
--         {dropped} first.
"""
# What a session has to say first, so that the statements mean what they mean in DuckDB.
_SESSION = {
    "duckdb": (),
    "postgres": SETTINGS,
    "spark": ("SET spark.sql.ansi.enabled = true", "SET spark.sql.session.timeZone = UTC"),
}
_TYPES = {
    "duckdb": {},
    "postgres": {"VARCHAR": 'TEXT COLLATE "C"', "DOUBLE": "DOUBLE PRECISION"},
    "spark": {"VARCHAR": "STRING"},
}
# PostgreSQL plans badly over tables that it has not looked at.
_LOOK_AT = {"postgres": "ANALYZE"}


def script(
    dialect: str,
    *,
    tested: bool,
    cdm_schema: str | None = None,
    cdm_version: str = "5.4",
    again: bool = False,
) -> str:
    """The script in one dialect: the facts as INSERTs, then one CREATE TABLE per step, then the trace as views.

    ``cdm_schema`` names the schema of an OMOP CDM of ``cdm_version`` (5.3 or 5.4): the script then fills the record from it.
    ``again``: the script begins by dropping what an earlier run of it made; a record that the site has filled stays.

    Raises NotTranslatedError when a step has no equal in the dialect.
    """
    import opentrd

    made = ["assess", "knowledge", *([omop_script.SCHEMA, "record"] if cdm_schema is not None else [])]
    parts = [_HEAD.format(version=opentrd.__version__, dropped=", ".join(made))]
    if not tested:
        parts.insert(0, "-- UNTESTED: no test of OpenTRD has run this dialect.\n")
    if cdm_schema is not None:
        parts.append(omop_script.HEAD.format(schema=cdm_schema, version=cdm_version))
    types = _record_and_knowledge()
    statements = list(_SESSION.get(dialect, ()))
    if again:
        statements += [f"DROP SCHEMA IF EXISTS {schema} CASCADE" for schema in made]
    statements += [
        f"CREATE SCHEMA {'IF NOT EXISTS ' if schema == 'record' else ''}{schema}"
        for schema in ("record", "knowledge", "assess")
    ]
    statements += _record(dialect, types)
    statements += _facts(dialect, types)
    if cdm_schema is not None:
        statements += _from_omop(dialect, types, cdm_schema, cdm_version)
    for step in (*order(), *trace_order()):
        late = step in trace_order()
        kind = "VIEW" if late else step.kind
        select = _select(step, dialect, types)
        statements.append(f"CREATE {kind} assess.{step.table} AS\n{select.strip()}")
        if kind == "TABLE" and dialect in _LOOK_AT:
            statements.append(f"{_LOOK_AT[dialect]} assess.{step.table}")
    return "\n".join([*parts, *(f"{statement};\n" for statement in statements)])


def _from_omop(dialect: str, types: Types, cdm_schema: str, cdm_version: str) -> Iterator[str]:
    """The statements that fill ``record.*`` from the CDM."""

    def select(sql: str, file: str) -> tuple[str, dict[str, str]]:
        made = translate(
            sql, dialect, types, file=file, place=omop_script.place, functions=omop_script.FUNCTIONS
        )
        return made.sql, made.columns

    return omop_script.statements(
        dialect,
        types,
        select,
        lambda schema, table: _name(dialect, schema, table),
        lambda columns: _columns(dialect, columns),
        cdm_schema,
        cdm_version,
    )


def _select(step: Step, dialect: str, types: Types) -> str:
    """The SELECT of a step; DuckDB's own is left as it is written, with its comments."""
    made = translate(step.sql, dialect, types, file=step.path.name)
    types.setdefault("assess", {})[step.table] = made.columns
    return step.sql if dialect == "duckdb" else made.sql


def _record_and_knowledge() -> Types:
    connection = connect()
    try:
        create_record_tables(connection)
        knowledge.load_into(connection)
        types = types_of(connection, "record", "knowledge")
    finally:
        connection.close()
    types["record"]["request"] = {"as_of": "DATE"}
    return types


def _record(dialect: str, types: Types) -> Iterator[str]:
    for table, columns in types["record"].items():
        yield f"CREATE TABLE IF NOT EXISTS {_name(dialect, 'record', table)} ({_columns(dialect, columns)})"
    yield (
        "INSERT INTO record.request SELECT CAST(NULL AS DATE) AS as_of FROM (SELECT count(*) AS filled FROM record.request) AS r "
        "WHERE filled = 0"
    )


def _facts(dialect: str, types: Types) -> Iterator[str]:
    for table, columns in types["knowledge"].items():
        named = _name(dialect, "knowledge", table)
        yield f"CREATE TABLE {named} ({_columns(dialect, columns)})"
        rows = [
            f"({', '.join(_literal(value, dialect) for value in row.values())})"
            for row in knowledge.table(table).to_pylist()
        ]
        if rows:
            yield f"INSERT INTO {named} VALUES\n" + ",\n".join(rows)


def _name(dialect: str, schema: str, table: str) -> str:
    return exp.table_(table, db=schema, quoted=True).sql(dialect=dialect)


def _columns(dialect: str, columns: dict[str, str]) -> str:
    kinds = _TYPES.get(dialect, {})
    return ", ".join(
        f"{exp.to_identifier(column, quoted=True).sql(dialect=dialect)} {kinds.get(kind, kind)}"
        for column, kind in columns.items()
    )


def _literal(value: object, dialect: str) -> str:
    return exp.convert(value).sql(dialect=dialect)
