"""Possible worlds: each missing fact, answered in each extreme way, is a synthetic person in a second cohort.

The unchanged chain runs once over all of them; ``question.sql`` then counts what each answer settles.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from opentrd import knowledge
from opentrd.assess.plan import SETTLED, Step
from opentrd.record.raw import create_record_tables

_FOLDER = Path(__file__).with_name("world")
_COPIED = (
    "person",
    "observation_period",
    "procedure",
    "condition",
    "genotype",
    "coverage",
    "exposure",
    "measurement",
)
_KNOWLEDGE = re.compile(r"\bknowledge\.([a-z_0-9]+)")

_NO_TRIAL = (
    "SELECT NULL::VARCHAR AS person_id, NULL::VARCHAR AS treatment, NULL::VARCHAR AS role, NULL::BOOLEAN AS failed, "
    "NULL::BOOLEAN AS taken_now, NULL::DOUBLE AS top_dose_mg, NULL::DATE AS reckoned_to, NULL::BIGINT AS trial_no WHERE FALSE"
)
_NO_OPTION = (
    "SELECT NULL::VARCHAR AS person_id, NULL::VARCHAR AS treatment, NULL::VARCHAR AS role, NULL::VARCHAR AS why, "
    "NULL::VARCHAR AS agent WHERE FALSE"
)

Runner = Callable[[duckdb.DuckDBPyConnection, Iterable[Step], dt.date | None], object]


def ask(connection: duckdb.DuckDBPyConnection, steps: Iterable[Step], question: Step, run: Runner) -> None:
    """Make ``assess.question`` for the persons in ``record.*``; ``assess.*`` must be there.

    Where options were not asked for, ``steps`` leaves out ``option_tried``, and no standing is counted.

    ``run`` runs the steps on a connection. The worlds live in a database of their own inside the connection and are
    dropped again.
    """
    chain = tuple(steps)
    home = _one(connection, "SELECT current_catalog()")
    connection.execute("CREATE SCHEMA IF NOT EXISTS world")
    for name in ("question", "answer"):
        connection.execute(f"CREATE OR REPLACE TABLE world.{name} AS {_sql(name)}")
    connection.execute("ATTACH ':memory:' AS possible")
    try:
        connection.execute("USE possible")
        create_record_tables(connection)
        # What the record is asked by: own definitions too, and only those that were asked for.
        connection.execute("CREATE SCHEMA IF NOT EXISTS knowledge")
        for name in _asked_of_knowledge(chain):
            connection.execute(f"CREATE TABLE knowledge.{name} AS FROM {home}.knowledge.{name}")
        for table in _COPIED:
            connection.execute(_sql("record_" + table).replace("@home", home))
        connection.execute(f"INSERT INTO record.kept {_sql('record_kept').replace('@home', home)}")
        run(connection, chain, None)
        if "option_tried" not in {step.table for step in chain}:
            connection.execute(f"CREATE TABLE possible.assess.option_tried AS {_NO_TRIAL}")
            connection.execute(f"CREATE OR REPLACE VIEW {home}.assess.option_open AS {_NO_OPTION}")
        for table in SETTLED:
            connection.execute(
                f"CREATE OR REPLACE TABLE {home}.world.{table} AS SELECT * FROM possible.assess.{table}"
            )
    finally:
        connection.execute(f"USE {home}")
        connection.execute("DETACH possible")
    connection.execute(f"CREATE OR REPLACE TABLE assess.question AS {question.sql}")


def ask_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``assess.question`` without rows, for a population."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS world")
    connection.execute(
        'CREATE OR REPLACE TABLE assess.question (person_id VARCHAR, "table" VARCHAR, "row" VARCHAR, field VARCHAR, '
        "asks VARCHAR, settles_low BIGINT, settles_high BIGINT, standings_low BIGINT, standings_high BIGINT, "
        "narrows_low DOUBLE, narrows_high DOUBLE)"
    )


def _asked_of_knowledge(chain: Iterable[Step]) -> list[str]:
    """The knowledge tables that these steps, or the worlds themselves, read."""
    texts = [step.sql for step in chain] + [_sql(f"record_{table}") for table in (*_COPIED, "kept")]
    return sorted(
        {name for text in texts for name in _KNOWLEDGE.findall(text)} & set(knowledge.assessment_tables())
    )


def _sql(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    return str(connection.execute(query).fetchall()[0][0])
