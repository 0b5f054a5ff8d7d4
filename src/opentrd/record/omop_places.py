"""The CDM of a database that is not the embedded one: which tables are there, and each as a view with the columns read.

A view gives every column in one type whatever the CDM's version has, as the embedded reader's views do; nothing is
copied. The columns have to be typed, as the CDM demands: text where a date or a number should be is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from opentrd.record.omop import COLUMNS
from opentrd.record.omop_files import CDM_TABLES, VOCABULARY, Relation, split_name, table_files
from opentrd.record.omop_source import looks_like_person, why_no_cdm
from opentrd.record.raw import InputError

_KINDS = (
    ("whole", r"(tiny|small|big)?int(eger|2|4|8)?|long|short|byte"),
    ("number", r"(numeric|decimal)(\(.*\))?|double( precision)?|real|float[48]?"),
    ("date", r"date"),
    ("timestamp", r"timestamp.*"),
    ("text", r"text|string|(var)?char.*|character.*|bpchar.*|citext|name|uuid"),
    ("nothing", r"void|null|\"null\""),
)
_TYPE = {
    "id": "VARCHAR",
    "concept": "BIGINT",
    "code": "VARCHAR",
    "text": "VARCHAR",
    "number": "DOUBLE",
    "date": "DATE",
}
_EXPECTED = {
    "id": ("whole", "number", "text"),
    "concept": ("whole", "number"),
    "code": ("text", "whole", "number"),
    "text": ("text", "whole", "number"),
    "number": ("whole", "number"),
    "date": ("date", "timestamp"),
}
# Beyond these a floating-point number is no value: NaN and infinity sort above or below.
_FINITE = "BETWEEN -1e300 AND 1e300"


class Place(Protocol):
    """What this module asks of an engine (``opentrd.engines.base.Engine``)."""

    dialect: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in the engine's own dialect."""

    def expose(self, schema: str, table: str, select: str, columns: Mapping[str, str]) -> None:
        """Make a view from a SELECT in the engine's own dialect."""


def tables_in_schema(engine: Place, cdm_schema: str | None, source: str) -> tuple[str, dict[str, Relation]]:
    """The schema of a PostgreSQL (or embedded) database that holds a CDM, and its tables.

    A vocabulary that lies in another schema is taken from there. Raises InputError when there is no CDM, or several and
    ``cdm_schema`` names none.
    """
    listed = ", ".join(f"'{name}'" for name in sorted(CDM_TABLES))
    if engine.dialect == "postgres":  # the catalog also knows materialised views
        query = (
            "SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) "
            "FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
            "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND has_schema_privilege(n.oid, 'USAGE') "
            f"AND n.nspname !~ '^opentrd_[0-9a-f]{{12}}_' AND lower(c.relname) IN ({listed}) ORDER BY 1, 2, a.attnum"
        )
    else:
        query = (
            "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
            f"WHERE lower(table_name) IN ({listed}) ORDER BY 1, 2, ordinal_position"
        )
    schemas: dict[str, dict[str, Relation]] = {}
    for schema, table, column, kind in engine.rows(query):
        name = str(table).lower()
        relation = schemas.setdefault(str(schema), {}).setdefault(
            name, Relation(f"{_quoted(engine, schema)}.{_quoted(engine, table)}", {})
        )
        relation.columns[str(column).lower()] = (str(column), str(kind).lower())
    with_person = sorted(name for name, tables in schemas.items() if looks_like_person(tables.get("person")))
    chosen = [name for name in with_person if cdm_schema is None or name.lower() == cdm_schema.lower()]
    if not chosen and cdm_schema is not None:
        there = ", ".join(with_person) or "none"
        raise InputError(f"{source}: no OMOP CDM in the schema {cdm_schema}; schemas with one: {there}")
    if not chosen:
        found = {name: relation for tables in schemas.values() for name, relation in tables.items()}
        raise InputError(f"{source}: {why_no_cdm(found)}")
    if len(chosen) > 1:
        raise InputError(f"{source}: more than one CDM ({', '.join(chosen)}): name one with --cdm-schema")
    relations = {table: relation for table, relation in schemas[chosen[0]].items() if table in COLUMNS}
    for table in VOCABULARY:
        elsewhere = [tables[table] for tables in schemas.values() if table in tables]
        if table not in relations and len(elsewhere) == 1:
            relations[table] = elsewhere[0]
    return chosen[0], relations


def tables_in_folder(engine: Place, folder: Path) -> dict[str, Relation]:
    """The tables of a CDM that lies as Parquet in a folder that Spark reaches; raises InputError when there is none."""
    files, _ = table_files(folder)
    relations = {}
    for table, parts in files.items():
        if table not in COLUMNS:
            continue
        if split_name(parts[0].name)[1] != ".parquet":
            raise InputError(
                f"{parts[0]}: Spark reads a CDM in place from Parquet, whose columns have types; convert the table, or "
                f"leave out --engine"
            )
        path = folder / table if (folder / table).is_dir() else parts[0]
        if "`" in str(path):
            raise InputError(f"{path}: Spark cannot read a path with a backtick; rename the folder")
        sql = f"parquet.`{path.resolve().as_uri()}`"
        described = engine.rows(f"DESCRIBE QUERY SELECT * FROM {sql}")
        columns = {str(name).lower(): (str(name), str(kind).lower()) for name, kind, *_ in described}
        relations[table] = Relation(sql, columns)
    if not looks_like_person(relations.get("person")):
        raise InputError(f"{folder}: {why_no_cdm(relations)}")
    return relations


def expose(engine: Place, relations: Mapping[str, Relation], person: str | None = None) -> None:
    """Make ``cdm.<table>`` on the engine: every column that is read, in its type; NULL where there is none.

    ``person`` keeps one person's rows. Raises InputError for a column whose type cannot hold what it should.
    """
    for table, kinds in COLUMNS.items():
        relation = relations.get(table)
        values, columns = [], {}
        for kind, names in kinds.items():
            for written in names.split():
                wanted = written.rstrip("?").split("|")
                found = (
                    [relation.columns[name] for name in wanted if name in relation.columns]
                    if relation
                    else []
                )
                typed = [_typed(engine, table, kind, *column) for column in found]
                values.append(f"{_closed(engine, kind, typed)} AS {_quoted(engine, wanted[0])}")
                columns[wanted[0]] = _TYPE[kind]
        body = f" FROM {relation.sql}" if relation else " WHERE 1 = 0"
        if relation and person is not None and "person_id" in columns:
            one = _typed(engine, table, "id", *relation.columns["person_id"])
            body += f" WHERE {one} = '{person.replace(chr(39), chr(39) * 2)}'"
        engine.expose("cdm", table, f"SELECT {', '.join(values)}{body}", columns)


def _typed(engine: Place, table: str, kind: str, name: str, written: str) -> str:
    """One column of the source in the type that is read."""
    column = _quoted(engine, name)
    text, double = ("STRING" if engine.dialect == "spark" else "TEXT"), _double(engine)
    known = next((kind for kind, pattern in _KINDS if re.fullmatch(pattern, written)), "other")
    if known == "nothing":
        known, column = _EXPECTED[kind][0], f"CAST(NULL AS {_native(engine, _EXPECTED[kind][0])})"
    if known not in _EXPECTED[kind]:
        raise InputError(
            f"{table}.{name} has the type {written}; expected {_EXPECTED[kind][0]}, as the CDM demands. To read a CDM in "
            f"place its columns have to be typed: change the type, or give the tables as files without --engine"
        )
    if known == "number":  # R writes a missing number as NaN, which is no value
        column = f"CAST({column} AS {double})"
        column = f"CASE WHEN {column} {_FINITE} THEN {column} END"
    match kind:
        case "id":
            whole = column if known != "number" else f"CAST({column} AS BIGINT)"
            return f"nullif(trim({whole}), '')" if known == "text" else f"CAST({whole} AS {text})"
        case "concept":
            return f"CAST({column} AS BIGINT)"
        case "number":
            return f"CAST({column} AS {double})"
        case "date":
            return f"CAST({column} AS DATE)"
    return f"nullif(trim(CAST({column} AS {text})), '')"


def _closed(engine: Place, kind: str, values: list[str]) -> str:
    """The column of the view: the first value that is there, 0 and '' where an empty one stands for none."""
    wanted = {"VARCHAR": "text", "BIGINT": "whole", "DOUBLE": "number", "DATE": "date"}[_TYPE[kind]]
    nothing = f"CAST(NULL AS {_native(engine, wanted)})"
    ends = {"concept": ["CAST(0 AS BIGINT)"], "code": ["''"]}.get(kind, [])
    parts = [*(values or [nothing]), *ends]
    value = f"coalesce({', '.join(parts)})" if len(parts) > 1 else parts[0]
    # text compares and sorts by code point, whatever the database's language
    return f'({value}) COLLATE "C"' if engine.dialect == "postgres" and _TYPE[kind] == "VARCHAR" else value


def _native(engine: Place, kind: str) -> str:
    if kind == "text":
        return "STRING" if engine.dialect == "spark" else "TEXT"
    return {"whole": "BIGINT", "number": _double(engine), "date": "DATE"}[kind]


def _double(engine: Place) -> str:
    return "DOUBLE PRECISION" if engine.dialect == "postgres" else "DOUBLE"


def _quoted(engine: Place, name: str) -> str:
    mark = "`" if engine.dialect == "spark" else '"'
    return f"{mark}{str(name).replace(mark, mark * 2)}{mark}"
