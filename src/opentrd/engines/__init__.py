"""Where the assessment runs: the embedded DuckDB, or Spark, or a PostgreSQL server. Nothing clinical."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentrd.engines.base import Engine

ENGINES = ("duckdb", "spark", "postgresql://...", "sqlite")
_POSTGRES = ("postgresql://", "postgres://")


def is_embedded(engine: object) -> bool:
    """Whether this names the embedded engine."""
    return engine is None or engine == "duckdb"


def open_engine(engine: str, *, schema: str | None = None) -> Engine:
    """Open the engine that ``--engine`` names: ``spark`` or ``postgresql://...``.

    ``schema`` begins the names of its schemas on a PostgreSQL server, and makes them stay. Raises InputError for an
    engine that is not known, whose driver is missing, or that cannot be reached.
    """
    from opentrd.record.raw import InputError

    if engine.startswith(_POSTGRES):
        from opentrd.engines.postgres import Postgres

        return Postgres(engine, schema=schema)
    if engine == "spark":
        from opentrd.engines.spark import Spark

        if schema is not None:
            raise InputError(
                "Spark leaves nothing behind; a schema to keep can be named for PostgreSQL only."
            )
        return Spark()
    shown = (
        engine.split("://", maxsplit=1)[0] + "://..." if "://" in engine else engine
    )  # an address may hold a password
    raise InputError(f"The engine {shown!r} is not known; expected one of {', '.join(ENGINES)}.")
