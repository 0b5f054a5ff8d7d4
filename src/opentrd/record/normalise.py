"""From the text that a reader collected (``raw.*``) to typed rows (``record.*``), in SQL and set by set.

What a cell does not say is NULL, what was not understood is NULL and a row of ``record.unread``. Names and
codes become the canonical names of the knowledge. The rules are those of the public contract; each step is
one SQL file in the folder ``normalise``, run once per table with its columns filled in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

import duckdb

from opentrd import knowledge
from opentrd.knowledge.arrays import text_table
from opentrd.record.schema import ALLOWED_VALUES, RAW_COLUMNS, READER_COLUMNS, RECORD_COLUMNS

# Beside this file, not inside a package: the folder holds data only.
_SQL_FOLDER = Path(__file__).with_name("normalise")

_DATE = "expected a date between 1850 and 2199 as YYYY-MM-DD, YYYYMMDD, YYYY-MM or YYYY"
_COUNT = "expected a whole number from 1 to 45000"
_TRUTH = "expected true or false"
_IMPROVEMENT = "expected a percentage from -500 to 100 (100 is symptom-free, negative is worse)"
_UNIT = "expected mg, g or mcg a day; with another unit daily_dose_mg is not used either"


@dataclass(frozen=True)
class _Check:
    """A column, the SQL that is NULL when its text was not understood, and what was expected of it."""

    field: str
    reading: str
    expected: str
    decides: bool = False  # whether the row is not used when the cell is not understood


def _one_of(table: str, field: str, reading: str | None = None) -> _Check:
    """The check of a column that takes a few words only."""
    return _Check(field, reading or field, f"expected one of {', '.join(ALLOWED_VALUES[table, field])}")


_START = _Check("start_date", "start_earliest", _DATE)
_END = _Check("end_date", "end_read", _DATE)

_CHECKS: dict[str, tuple[_Check, ...]] = {
    "person": (_Check("birth_date", "birth_earliest", _DATE), _one_of("person", "sex")),
    "observation_period": (_Check("start_date", "start_date", _DATE), _END),
    "exposure": (
        _START,
        _END,
        _Check("days_taken", "days_taken", _COUNT),
        _Check("ongoing", "ongoing_read", _TRUTH),
        _Check("daily_dose_mg", "dose_read", "expected a number of 0 or more, with a decimal point"),
        _Check("dose_unit", "dose_factor", _UNIT),
        _one_of("exposure", "status"),
        _one_of("exposure", "stop_reason"),
        _Check("improvement_pct", "improvement_pct", _IMPROVEMENT),
        _one_of("exposure", "improvement_basis"),
        _Check("adherence", "adherence", "expected a number from 0 to 1"),
    ),
    "procedure": (
        _Check("date", "start_earliest", _DATE),
        _END,
        _Check("sessions", "sessions", _COUNT),
        _one_of("procedure", "stop_reason"),
        _Check("improvement_pct", "improvement_pct", _IMPROVEMENT),
        _one_of("procedure", "improvement_basis"),
        _Check("present", "present", _TRUTH, decides=True),
    ),
    "condition": (
        _START,
        _END,
        _one_of("condition", "course", "course_read"),
        _Check("present", "present", _TRUTH, decides=True),
    ),
    "measurement": (
        _Check("date", "date_earliest", _DATE),
        _Check("value", "value_read", "expected a number, with a decimal point"),
        _one_of("measurement", "sign", "sign_read"),
    ),
    "genotype": (_Check("activity_score", "activity_score", "expected a number of 0 or more"),),
    "coverage": (_Check("start_date", "start_date", _DATE), _END),
}

# Tables whose rows name something that the knowledge must know, and the table of its names.
_NAMES = {
    "exposure": ("agent", "agent"),
    "procedure": ("procedure", "procedure_kind"),
    "condition": ("condition", "condition_kind"),
    "measurement": ("measure", "measure"),
}

# Without this column a row is not used.
_USED_IF = {
    "exposure": "agent", "procedure": "procedure", "condition": "condition", "measurement": "measure",
    "genotype": "gene", "coverage": "table_name",
}  # fmt: skip
# Words of exposure.status, with hyphens, that say the drug was not taken, or not yet. A drug that was stopped was taken.
_NOT_HISTORY = ("cancelled", "canceled", "not-taken", "entered-in-error", "draft", "proposed", "planned")
# What an end_date of the year 9999 leaves the row with.
_NO_END = {
    "observation_period": "not known", "exposure": "not known", "procedure": "not known",
    "condition": "open", "coverage": "not known",
}  # fmt: skip
_HAS_END = {
    "observation_period": "start_date", "exposure": "start_date", "procedure": "date",
    "condition": "start_date", "coverage": "start_date",
}  # fmt: skip
_SCRATCH = (
    "row_text", "typed", "resolved", "row_id", "renamed", "dose_unit", "unit_text", "one_person", "everyone",
    "seen_person",
)  # fmt: skip


def normalise(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``record.*`` from ``raw.*``, exactly with the columns of ``RECORD_COLUMNS``; ``raw.*`` stays.

    Loads the knowledge into the connection if it is not there. A field that is not understood becomes NULL, a
    row whose person, agent, procedure, condition, measure or gene is missing or unknown, or of which it is not
    understood whether it is present, is not used; both are noted in ``record.unread``, and ``record.unused`` counts
    the rows per person. An exposure whose status says that the drug was not taken is noted and not used.

    To be run once, when all readers are done. The result does not depend on the order of the rows.
    """
    if not _one_row(connection, "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'knowledge'")[0]:
        knowledge.load_into(connection)
    _run(connection, "macros")
    connection.execute(
        "CREATE OR REPLACE TABLE record.kept AS "
        "SELECT DISTINCT lower(table_name) AS table_name FROM raw.kept ORDER BY table_name"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE seen_person (person_id VARCHAR, source VARCHAR, source_row VARCHAR)"
    )
    unused = ", ".join(f'"{name}" {kind}' for name, kind in RECORD_COLUMNS["unused"].items())
    connection.execute(f"CREATE OR REPLACE TABLE record.unused ({unused})")
    for table in RAW_COLUMNS:
        _normalise_table(connection, table)
    _run(connection, "everyone")
    _store(connection, "person", "everyone", "TRUE")
    for name in _SCRATCH:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _normalise_table(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Type one table and note what was not understood; persons wait until all tables have been seen."""
    if table != "person" and not _one_row(connection, f"SELECT count(*) FROM raw.{table}")[0]:
        empty = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in RECORD_COLUMNS[table].items())
        connection.execute(f"CREATE OR REPLACE TABLE record.{table} AS SELECT {empty} WHERE FALSE")
        return
    columns = RAW_COLUMNS[table] + READER_COLUMNS.get(table, ())
    ordered = ", ".join(f'"{name}_text"' for name in columns)
    has_id = f"{table}_id" in columns
    named = f"{_USED_IF[table]} IS NOT NULL" if table in _USED_IF else "TRUE"
    decides = [check.reading for check in _CHECKS[table] if check.decides]
    understood = " AND ".join([named, *(f"{reading} IS NOT NULL" for reading in decides)])
    used = understood
    if table == "exposure":
        used, understood = f"{named} AND NOT not_history", f"({named} OR not_history)"
    _run(
        connection,
        "row_text",
        table=table,
        columns=ordered,
        text_columns=", ".join(f'text_of("{name}") AS "{name}_text"' for name in columns),
        id_or_person=f"{table}_id_text" if has_id else "person_id_text",
    )
    if table in _HAS_END:
        changed = "end_date_text = NULL"
        if table == "condition":  # a reader's span of which the end is not stated after all
            changed += ", course_text = CASE lower(course_text) WHEN 'span' THEN 'open' ELSE course_text END"
        _run(connection, "no_end", meaning=_NO_END[table], changed=changed)
    if table in _NAMES:
        _resolve(connection, table)
        _run(connection, "not_resolved", kind=_NAMES[table][0])
    _run(connection, table, **_word_lists())
    for check in _CHECKS[table]:
        _run(
            connection,
            "bad_field",
            field=check.field,
            reading=check.reading,
            expected=check.expected,
            outcome="row not used" if check.decides else "field left empty",
            used=named if check.decides else used,
        )
    if table in _NAMES:
        _run(connection, "unused", table=table, understood=understood)
    if table in _HAS_END:
        _run(connection, "end_before_start", start=_HAS_END[table], used=used)
    if table == "person":
        _run(connection, "one_person")
        for field in RAW_COLUMNS["person"][1:]:
            _run(connection, "person_conflict", field=field)
    elif has_id:
        _name_rows(connection, table, ordered, used)
    else:
        _store(connection, table, "typed", used)


def _resolve(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make ``resolved``: each different name or code in ``row_text`` with its canonical name."""
    kind, names = _NAMES[table]
    salts = (
        "(SELECT list(lower(word)) FROM knowledge.salt_word)" if kind == "agent" else "CAST([] AS VARCHAR[])"
    )
    match = "match" if kind == "condition" else "'exact'"
    _run(connection, "resolve", kind=kind, names=names, salt_words=salts, match=match)


def canonical_names(
    connection: duckdb.DuckDBPyConnection, table: str, texts: Iterable[str]
) -> dict[str, str]:
    """What ``normalise`` would make of names or codes: text -> canonical name; unknown texts are left out.

    ``table`` is the record table whose name column is meant: exposure (agents), procedure, condition,
    measurement.
    The knowledge must be loaded in the connection.
    """
    _run(connection, "macros")
    batch = text_table({f"{_NAMES[table][0]}_text": sorted(set(texts))})
    connection.register("asked_names", batch)
    connection.execute("CREATE OR REPLACE TEMP TABLE row_text AS SELECT * FROM asked_names")
    connection.unregister("asked_names")
    _resolve(connection, table)
    found = connection.execute("SELECT text, name FROM resolved").fetchall()
    connection.execute("DROP TABLE resolved; DROP TABLE row_text")
    return {str(text): str(name) for text, name in found}


def _name_rows(connection: duckdb.DuckDBPyConnection, table: str, columns: str, used: str) -> None:
    """Give every row an id of its own and store the table."""
    given = f"{table}_id_text"
    rows, filled, different = _one_row(
        connection, f"SELECT count(*), count({given}), count(DISTINCT {given}) FROM typed WHERE {used}"
    )
    if rows == filled == different:
        _store(connection, table, f"(SELECT *, {given} AS {table}_id FROM typed)", used)
        return
    day = "start_date_text" if table in ("exposure", "condition") else "date_text"
    name = f"{_NAMES[table][0]}_text"
    _run(connection, "row_id", table=table, columns=columns, used=used, day=day, name=name)
    # A renamed id may meet an id that was given: repeat until all differ.
    while _one_row(connection, "SELECT count(*) - count(DISTINCT id) FROM row_id")[0]:
        _run(connection, "repeated_id", table=table, columns=columns)
    connection.execute(
        "INSERT INTO raw.row_name SELECT ?, i.id, t.source, t.source_row FROM row_id AS i "
        f"JOIN typed AS t ON t.row_key = i.row_key WHERE t.{given} IS DISTINCT FROM i.id",
        [table],
    )
    source = f"(SELECT t.*, i.id AS {table}_id FROM typed AS t JOIN row_id AS i ON i.row_key = t.row_key)"
    _store(connection, table, source, used)


def _store(connection: duckdb.DuckDBPyConnection, table: str, source: str, used: str) -> None:
    """Write ``record.<table>`` with the columns and types of the schema, in their order."""
    columns = ", ".join(
        f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in RECORD_COLUMNS[table].items()
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE record.{table} AS SELECT {columns} FROM {source} WHERE {used}"
    )


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    """The only row of a query; fetched to the end, because an open result blocks the connection."""
    (row,) = connection.execute(query).fetchall()
    return tuple(row)


def _run(connection: duckdb.DuckDBPyConnection, step: str, **filled: str) -> None:
    """Run one SQL file with its ``$names`` filled in (always words of this package, never of the input)."""
    connection.execute(_template(step).substitute(filled))


@cache
def _template(step: str) -> Template:
    return Template((_SQL_FOLDER / f"{step}.sql").read_text(encoding="utf-8"))


@cache
def _word_lists() -> dict[str, str]:
    """The allowed words of each column as SQL lists, by ``<table>_<column>``."""
    lists = {
        f"{table}_{field}": ", ".join(f"'{word}'" for word in words)
        for (table, field), words in ALLOWED_VALUES.items()
    }
    lists["not_history"] = ", ".join(f"'{word}'" for word in _NOT_HISTORY)
    lists["record_tables"] = ", ".join(f"'{name}'" for name in RAW_COLUMNS)
    lists["record_tables_text"] = "'" + ", ".join(RAW_COLUMNS) + "'"
    return lists
