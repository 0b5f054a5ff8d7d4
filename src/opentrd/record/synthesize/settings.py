"""The generator's settings: CSV files beside the code, loaded into the schema ``setting``.

Every number that shapes a synthetic history is a row of one of these files with a note on its origin;
minimum doses and codes come from the knowledge tables.
"""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb

SETTINGS = Path(__file__).parent / "settings"
SQL = Path(__file__).parent / "sql"
SLOTS = 1024  # a slot is one value of 10 random bits, see sql/draw.sql

# Settings to draw from by weight, with the columns that name one group of alternatives.
WEIGHTED: dict[str, tuple[str, ...]] = {
    "choice": ("choice",),
    "strategy": ("step",),
    "pool": ("step",),
    "outcome_share": ("patient", "step"),
    "agent": ("pool",),
    "dose_step": ("pool",),
    "other_use": (),
    "genotype": ("gene",),
}

# Columns that look like numbers and are codes.
TEXT_COLUMNS: dict[str, tuple[str, ...]] = {"code": ("code",), "diagnosis": ("snomed",), "choice": ("value",)}


def load(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the schema ``setting``; needs the schema ``knowledge`` in the same connection.

    Raises ``ValueError`` when a setting is not a number, or when an agent of the settings has neither a usual
    dose nor a minimum dose in the knowledge tables, naming the file and the row.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS setting")
    for path in sorted(SETTINGS.glob("*.csv")):
        if path.stem == "parameter":
            continue
        text = ", ".join(f"'{column}': 'VARCHAR'" for column in TEXT_COLUMNS.get(path.stem, ()))
        types = f", types = {{{text}}}" if text else ""
        connection.execute(
            f"CREATE OR REPLACE TABLE setting.{path.stem} AS "
            "SELECT * EXCLUDE (note, knowledge_status) "
            f"FROM read_csv(?, header = true, sample_size = -1{types})",
            [str(path)],
        )
    _load_parameters(connection)
    for table, group in WEIGHTED.items():
        _load_slots(connection, table, group)
    connection.execute((SQL / "setting.sql").read_text(encoding="utf-8"))
    _check_agents(connection)


def _load_parameters(connection: duckdb.DuckDBPyConnection) -> None:
    """Put all single numbers into ``setting.p``, one row with one column each, so that SQL names them."""
    path = SETTINGS / "parameter.csv"
    columns = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                value = float(row["value"])
            except ValueError:
                raise ValueError(
                    f"{path.name}, row {number}, value: {row['value']!r} is not a number; correct the setting"
                ) from None
            kind = "INTEGER" if value.is_integer() and "." not in row["value"] else "DOUBLE"
            columns.append(f'CAST({value!r} AS {kind}) AS "{row["name"]}"')
    connection.execute(f"CREATE OR REPLACE TABLE setting.p AS SELECT {', '.join(columns)}")


def _load_slots(connection: duckdb.DuckDBPyConnection, table: str, group: tuple[str, ...]) -> None:
    """Give every slot of every group its alternative, in proportion to the weights (whole numbers)."""
    partition = f"PARTITION BY {', '.join(group)}" if group else ""
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE setting.{table}_slot AS
        WITH cumulated AS (
            SELECT
                *,
                sum(weight) OVER ({partition} ORDER BY rowid) AS upto,
                sum(weight) OVER ({partition}) AS total
            FROM setting.{table}
        )
        SELECT c.* EXCLUDE (weight, upto, total), CAST(slot AS INTEGER) AS slot
        FROM cumulated AS c, range({SLOTS}) AS s(slot)
        WHERE slot * total >= (upto - weight) * {SLOTS} AND slot * total < upto * {SLOTS}
        """
    )


def _check_agents(connection: duckdb.DuckDBPyConnection) -> None:
    unknown = connection.execute(
        """
        SELECT a.agent FROM setting.agent AS a
        LEFT JOIN setting.minimum AS m ON m.agent = a.agent
        LEFT JOIN setting.ingredient AS i ON i.agent = a.agent
        WHERE coalesce(a.usual_mg, m.atrq_mg, m.canmat_mg) IS NULL OR i.concept_id IS NULL
        ORDER BY a.agent
        """
    ).fetchall()
    if unknown:
        names = ", ".join(str(row[0]) for row in unknown)
        raise ValueError(
            f"settings/agent.csv: no dose or no OMOP concept for {names}; give usual_mg, or add the rows "
            "to the knowledge tables dose_minimum and agent_code"
        )
