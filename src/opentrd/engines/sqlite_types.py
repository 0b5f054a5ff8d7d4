"""How SQLite holds the types of the assessment."""

from __future__ import annotations

import datetime as dt

EPOCH = dt.date(1970, 1, 1)
# How SQLite stores what DuckDB calls so.
STORED_AS = {"VARCHAR": "TEXT", "BIGINT": "INTEGER", "INTEGER": "INTEGER", "DOUBLE": "REAL", "DATE": "INTEGER",
             "BOOLEAN": "INTEGER"}  # fmt: skip


def days(day: dt.date | None) -> int | None:
    """A date as SQLite holds it here: days since 1970-01-01."""
    return None if day is None else (day - EPOCH).days
