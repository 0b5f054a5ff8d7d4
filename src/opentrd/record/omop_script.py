"""The part of the printed script that makes ``record.*`` from the OMOP CDM of the site, by SQL alone.

The row-level files are those of the reading in place (``omop_remote``). What a concept means is decided by the files in
``omop_remote/script``, from codes, whole names and ancestors: names of drugs are not searched for agents and strengths,
which come from ``concept_ancestor`` and ``drug_strength`` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

import duckdb
from sqlglot import exp

from opentrd.record.omop import COLUMNS, IMPLAUSIBLE_MULTIPLE, SQL_FOLDER
from opentrd.record.omop_files import Relation
from opentrd.record.omop_places import expose
from opentrd.record.schema import RAW_COLUMNS, RECORD_COLUMNS

HEAD = """-- Before: an OMOP CDM {version} with its vocabulary in the schema {schema}, its columns typed and its ids unique as the CDM
--         demands. It is only read. The schema record must be empty.
-- OMOP:   concepts are understood by the codes and whole names that the knowledge lists and by their ancestors. The names of
--         drugs are not searched for agents and strengths (concept_ancestor and drug_strength say them): where the
--         vocabulary is incomplete, opentrd assess understands more.
--         What was not understood is counted in opentrd_omop: omop_unread_concept, omop_note and omop_note_person.
"""
SCHEMA = "opentrd_omop"
VERSIONS = ("5.3", "5.4")
_FOLDER = Path(__file__).parent / "omop_remote"
# In the order in which each finds what it reads: schema, table, folder.
_BEFORE = (
    ("omop", "known_concept", "script"), ("omop", "known_code", "script"), ("omop", "concept_use", "use"),
    ("omop", "named_concept", "use"), ("omop", "drug_agent", "script"), ("omop", "drug_mg", "script"),
    ("omop", "use_code", "script"), ("mapping", "drug", "script"), ("mapping", "meaning", "script"), ("mapping", "status", "script"),
    ("mapping", "sign", "script"), ("mapping", "procedure_name", "script"), ("omop", "drug_row", "use"),
    ("omop", "condition_row", "use"), ("omop", "procedure_row", "use"), ("omop", "measured", "use"),
    ("omop", "word_use", "use"), ("wording", "word", "script"), ("wording", "bound", "script"), ("omop", "person_row", "use"),
)  # fmt: skip
_RECORD = ("exposure", "condition", "procedure", "measurement", "observation_period", "person")
_AFTER = (("omop", "unread_concept", "script"), ("omop", "note", "."), ("omop", "note_person", "."))
_WORDS = {
    "sex": "sex", "sign": "operator", "drug_status": "drug_status", "route_name": "route_name", "unit_mg": "unit_mg",
    "code_system": "code_system",
}  # fmt: skip
# Functions beyond those of the assessment that these files use.
FUNCTIONS = frozenset({"floor", "regexplike", "replace", "length", "upper"})
# Only CDM 5.4 has these.
_ONLY_54 = {("procedure_occurrence", "procedure_end_date"), ("procedure_occurrence", "procedure_end_datetime"),
            ("observation", "value_source_value")}  # fmt: skip
_CDM_TYPE = {"id": "bigint", "concept": "integer", "code": "varchar", "text": "varchar", "number": "numeric"}

Types = dict[str, dict[str, dict[str, str]]]
# A SELECT of DuckDB in the script's dialect: (sql, file) -> (sql, columns with their types)
Translate = Callable[[str, str], tuple[str, dict[str, str]]]


def place(schema: str, table: str) -> tuple[str | None, str]:
    """Where a table of the reading lies: ``opentrd_omop.<schema>_<table>``; record and knowledge keep their names."""
    return (
        (SCHEMA, f"{schema}_{table}") if schema in ("cdm", "omop", "mapping", "wording") else (schema, table)
    )


def statements(
    dialect: str,
    types: Types,
    translate: Translate,
    named: Callable[[str, str], str],
    column_list: Callable[[dict[str, str]], str],
    cdm_schema: str,
    cdm_version: str,
) -> Iterator[str]:
    """The statements, in order. ``types`` has record and knowledge and learns what is made.

    ``named`` quotes a table's name in the dialect, ``column_list`` writes columns with their types.
    """
    yield f"CREATE SCHEMA {SCHEMA}"
    views = _Views(dialect, types, named)
    expose(views, _cdm(dialect, cdm_schema, cdm_version))
    yield from views.made
    yield from _words(dialect, types, named, column_list)
    for schema, table, folder in _BEFORE:
        yield from _table(schema, table, folder, types, translate, named)
    for table in _RECORD:
        sql, columns = translate(_sql("record", table), f"{table}.sql")
        if columns != RECORD_COLUMNS[table]:
            raise AssertionError(f"{table}.sql gives {columns}")
        listed = ", ".join(exp.to_identifier(name, quoted=True).sql(dialect=dialect) for name in columns)
        yield f"INSERT INTO {named('record', table)} ({listed})\n{sql}"
    for table in RAW_COLUMNS:
        if table != "coverage":
            yield f"INSERT INTO {named('record', 'kept')} VALUES ('{table}')"
    for schema, table, folder in _AFTER:
        yield from _table(schema, table, folder, types, translate, named)


def _sql(folder: str, table: str) -> str:
    text = (_FOLDER / folder / f"{table}.sql").read_text(encoding="utf-8")
    return Template(text).safe_substitute(multiple=IMPLAUSIBLE_MULTIPLE) if folder == "script" else text


def _table(
    schema: str, table: str, folder: str, types: Types, translate: Translate, named: Callable[[str, str], str]
) -> Iterator[str]:
    sql, columns = translate(_sql(folder, table), f"{table}.sql")
    types.setdefault(schema, {})[table] = columns
    yield f"CREATE TABLE {named(*_placed(schema, table))} AS\n{sql}"


def _placed(schema: str, table: str) -> tuple[str, str]:
    where, name = place(schema, table)
    return where or SCHEMA, name


class _Views:
    """Stands in for an engine: writes the views down."""

    def __init__(self, dialect: str, types: Types, named: Callable[[str, str], str]) -> None:
        self.dialect = dialect
        self.made: list[str] = []
        self._types = types
        self._named = named

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Nothing: a script asks no questions."""
        return []

    def expose(self, schema: str, table: str, select: str, columns: Mapping[str, str]) -> None:
        """Write a view down."""
        self.made.append(f"CREATE VIEW {self._named(*_placed(schema, table))} AS\n{select}")
        self._types.setdefault(schema, {})[table] = dict(columns)


def _cdm(dialect: str, cdm_schema: str, cdm_version: str) -> dict[str, Relation]:
    """The tables of a CDM as its version has them."""
    relations = {}
    for table, kinds in COLUMNS.items():
        if table == "cdm_source":
            continue
        columns = {}
        for kind, names in kinds.items():
            for written in names.split():
                for name in written.rstrip("?").split("|"):
                    if cdm_version == "5.4" or (table, name) not in _ONLY_54:
                        wanted = "timestamp" if name.endswith("datetime") else "date"
                        columns[name] = (name, _CDM_TYPE.get(kind, wanted))
        relations[table] = Relation(
            exp.table_(table, db=cdm_schema, quoted=True).sql(dialect=dialect), columns
        )
    return relations


def _words(
    dialect: str, types: Types, named: Callable[[str, str], str], column_list: Callable[[dict[str, str]], str]
) -> Iterator[str]:
    """The standard concepts that stand for a word of the record (``omop/vocabulary.sql``), as INSERTs."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA omop")
        connection.execute((SQL_FOLDER / "vocabulary.sql").read_text(encoding="utf-8"))
        for table, name in _WORDS.items():
            result = connection.sql(f"FROM omop.{table} ORDER BY ALL")
            columns = {
                column: {"INTEGER": "BIGINT", "VARCHAR": "VARCHAR"}.get(str(kind), "DOUBLE")
                for column, kind in zip(result.columns, result.types, strict=True)
            }
            types.setdefault("omop", {})[name] = columns
            target = named(*_placed("omop", name))
            yield f"CREATE TABLE {target} ({column_list(columns)})"
            rows = [
                f"({', '.join(exp.convert(value).sql(dialect=dialect) for value in row)})"
                for row in result.fetchall()
            ]
            yield f"INSERT INTO {target} VALUES\n" + ",\n".join(rows)
