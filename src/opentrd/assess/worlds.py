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
from opentrd.assess.plan import Step
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

Runner = Callable[[duckdb.DuckDBPyConnection, Iterable[Step], dt.date | None], object]


def ask(connection: duckdb.DuckDBPyConnection, steps: Iterable[Step], question: Step, run: Runner) -> None:
    """Make ``assess.question`` for the persons in ``record.*``; ``assess.*`` must be there.

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
        for table in ("verdict", "stage"):
            connection.execute(
                f"CREATE OR REPLACE TABLE {home}.world.{table} AS SELECT * FROM possible.assess.{table}"
            )
    finally:
        connection.execute(f"USE {home}")
        connection.execute("DETACH possible")
    connection.execute(f"CREATE OR REPLACE TABLE assess.question AS {question.sql}")


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
