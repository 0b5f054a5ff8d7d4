"""Ask what is missing, in the embedded database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import duckdb

from opentrd.assess import worlds
from opentrd.assess.plan import SETTLED, Step, leading_to, steps
from opentrd.engines import duckdb as embedded


def ask(
    connection: duckdb.DuckDBPyConnection,
    detailed: bool,
    progress: Callable[[str], None] | None,
    *,
    fit: bool,
) -> None:
    """Make ``assess.question``, once the chain has run; it stays empty for a population."""
    question = steps()["question"]
    if detailed:
        if progress:
            progress("question")
        settled = [name for name in SETTLED if fit or name != "option_tried"]
        worlds.ask(connection, leading_to(*settled), question, _run_world)
    else:
        worlds.ask_nothing(connection)


def _run_world(connection: duckdb.DuckDBPyConnection, chain: Iterable[Step], as_of: dt.date | None) -> object:
    return embedded.run(connection, chain, as_of=as_of)
