"""Assess a CDM inside the database that holds it: only results, and counts of what was not understood, come back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from opentrd.asking import ask
from opentrd.engines import open_engine
from opentrd.record.omop_remote import InPlace, bring_table, read_in_place
from opentrd.record.raw import InputError, create_record_tables
from opentrd.record.schema import RECORD_COLUMNS

if TYPE_CHECKING:
    from opentrd.api import Assessment
    from opentrd.engines.base import Engine
    from opentrd.knowledge.own import Choice
    from opentrd.record.reading import Record


def assess_in_place(
    record: Record,
    cdm: InPlace,
    engine: str | Engine | None,
    day: dt.date | None,
    choice: Choice,
    *,
    judgements: bool,
    fit: bool | None,
    engine_schema: str | None,
    progress: Callable[[str], None] | None,
) -> Assessment:
    """Read the CDM and run the chain on the engine that holds it; bring the result tables back.

    Of the persons the day or year of birth, sex, race and ethnicity come back, for the tables by group. Rows of the history
    come back for one person only, and only if one was asked for (``Record.only``): pages, questions and explanations
    show them. Raises InputError when the engine is not the place of the CDM, or the person is not there.
    """
    from opentrd.api import Assessment, brought, chain

    opened = _engine(cdm, engine, engine_schema)
    connection = record.connection
    try:
        record.know(choice.facts)
        create_record_tables(connection)
        connection.execute("DELETE FROM record.unread")
        opened.load(connection, "knowledge")
        found = read_in_place(opened, connection, cdm, progress=progress)
        if cdm.person is not None and not found["persons"]:
            raise InputError("The source has no person with the id given.")
        detailed = cdm.person is not None
        fit = detailed if fit is None else fit
        asked = chain(judgements or detailed, fit)
        seconds = opened.run(asked, as_of=day, progress=progress)
        rows = ("person",) if not detailed else tuple(name for name in RECORD_COLUMNS if name != "unread")
        for table in rows:
            bring_table(opened, connection, "record", table)
        wanted = brought(judgements, fit)
        connection.execute("CREATE OR REPLACE TABLE record.request AS SELECT CAST(? AS DATE) AS as_of", [day])
        opened.bring(connection, [step for step in asked if detailed or step.table in wanted], progress)
    finally:
        if opened is not engine:
            opened.close()
    ask(connection, detailed, progress, fit=fit)
    return Assessment(record, seconds, detailed, opened.name, choice, fit=fit)


def _engine(cdm: InPlace, engine: str | Engine | None, engine_schema: str | None) -> Engine:
    if isinstance(cdm.source, Path):
        wanted, where = "spark", "a folder that Spark reads"
    else:
        wanted, where = cdm.source, "PostgreSQL"
    if engine is None:
        return open_engine(wanted, schema=engine_schema)
    if not isinstance(engine, str):
        if engine.name != ("spark" if wanted == "spark" else "postgres"):
            raise InputError(f"The CDM lies in {where} and is read there; {engine.name} cannot reach it.")
        return engine
    if engine != wanted:
        raise InputError(
            f"The CDM lies in {where} and is read there, so --engine has to be left out or name the same place. To assess "
            "it elsewhere, export its tables as Parquet and give their folder."
        )
    return open_engine(wanted, schema=engine_schema)
