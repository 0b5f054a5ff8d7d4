"""For the tests of reading a CDM in place: an embedded engine, and typed CDMs written where the engines find them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from opentrd.engines.base import Engine
from opentrd.record.omop import COLUMNS

# Columns of the CDM that are not numbers, dates or text by the name alone.
_WHOLE = (
    "_id",
    "year_of_birth",
    "month_of_birth",
    "day_of_birth",
    "days_supply",
    "refills",
    "min_levels_of_separation",
)
_NUMBER = ("quantity", "value_as_number", "amount_value", "numerator_value", "denominator_value")


class Embedded(Engine):
    """DuckDB with the face of the other engines, over a database file that holds the CDM."""

    name = "duckdb"
    dialect = "duckdb"

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.connection = duckdb.connect(str(file))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def place(self, schema: str, table: str) -> tuple[str | None, str]:
        return f"run_{schema}", table

    def fetch(self, schema: str, table: str) -> pa.RecordBatchReader:
        return self.connection.sql(f"FROM run_{schema}.{table}").to_arrow_reader(100_000)

    def close(self) -> None:
        self.connection.close()

    def _create(self, schema: str, table: str, sql: str, view: bool) -> None:
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS run_{schema}")
        self.connection.execute(
            f"CREATE OR REPLACE {'VIEW' if view else 'TABLE'} run_{schema}.{table} AS {sql}"
        )

    def _load(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: dict[str, str]
    ) -> None:
        rows = connection.sql(f"FROM {schema}.{table}").to_arrow_table()
        self.connection.register("loaded_rows", rows)
        self._create(schema, table, "FROM loaded_rows", False)
        self.connection.unregister("loaded_rows")


def typed_columns(columns: dict[str, str]) -> str:
    """The SELECT list that gives text columns of a CDM the types that the CDM demands."""
    listed = []
    for name, kind in columns.items():
        lower = name.lower()
        if kind.upper() not in ("VARCHAR", '"NULL"'):
            listed.append(f'"{name}" AS {lower}')
            continue
        text = f"nullif(trim(CAST(\"{name}\" AS VARCHAR)), '')"
        if lower.endswith("datetime"):
            wanted = "TIMESTAMP"
        elif lower.endswith("_date") or "date" in lower.split("_"):
            wanted = "DATE"
        elif lower in _NUMBER:
            wanted = "DOUBLE"
        elif any(lower.endswith(ending) for ending in _WHOLE) and lower not in (
            "vocabulary_id",
            "domain_id",
            "concept_class_id",
        ):
            wanted = "BIGINT"
        else:
            wanted = "VARCHAR"
        listed.append(f"TRY_CAST({text} AS {wanted}) AS {lower}")
    return ", ".join(listed)


def type_cdm(source: Path, target: Path) -> Path:
    """Copy the tables of a folder (CSV or Parquet) that OpenTRD reads into a DuckDB file, schema ``cdm``, with types."""
    with duckdb.connect(str(target)) as database:
        database.execute("CREATE SCHEMA cdm")
        for path in sorted(source.iterdir()):
            table = path.stem.lower()
            if table not in COLUMNS or path.suffix.lower() not in (".csv", ".parquet"):
                continue
            if path.suffix.lower() == ".parquet":
                sql = f"read_parquet('{path}')"
            else:
                sql = f"read_csv('{path}', all_varchar = true, header = true, delim = '{_delimiter(path)}')"
            described = database.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()
            columns = {str(name): str(kind) for name, kind, *_ in described}
            database.execute(f"CREATE TABLE cdm.{table} AS SELECT {typed_columns(columns)} FROM {sql}")
    return target


def _delimiter(path: Path) -> str:
    return "\t" if "\t" in path.read_text(encoding="utf-8").partition("\n")[0] else ","


def as_parquet(database: Path, folder: Path) -> Path:
    """The tables of schema ``cdm`` as a folder of Parquet files."""
    folder.mkdir()
    with duckdb.connect(str(database), read_only=True) as connection:
        for (table,) in connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'cdm' ORDER BY 1"
        ).fetchall():
            connection.sql(f"FROM cdm.{table}").write_parquet(str(folder / f"{table}.parquet"))
    return folder


def complete(database: Path) -> Path:
    """Give the tables of a typed CDM every column that CDM 5.4 has and OpenTRD reads."""
    types = {"date": "DATE", "number": "DOUBLE", "concept": "INTEGER", "id": "BIGINT"}
    with duckdb.connect(str(database)) as connection:
        for table, kinds in COLUMNS.items():
            if table == "cdm_source":
                continue
            there = {str(row[0]) for row in connection.execute(f"DESCRIBE cdm.{table}").fetchall()}
            for kind, names in kinds.items():
                for written in names.split():
                    for name in written.rstrip("?").split("|"):
                        wanted = "TIMESTAMP" if name.endswith("datetime") else types.get(kind, "VARCHAR")
                        if name not in there:
                            connection.execute(f"ALTER TABLE cdm.{table} ADD COLUMN {name} {wanted}")
                        elif name in ("quantity", "value_as_number"):
                            connection.execute(f"ALTER TABLE cdm.{table} ALTER {name} TYPE DOUBLE")
    return database


def make_odd(database: Path) -> Path:
    """Spread faults over a typed CDM (``omop_odd.sql``)."""
    with duckdb.connect(str(complete(database))) as connection:
        connection.execute((Path(__file__).parent / "omop_odd.sql").read_text(encoding="utf-8"))
    return database
