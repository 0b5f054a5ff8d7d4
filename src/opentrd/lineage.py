"""From a result row down to the input rows and the knowledge rows: the edges of the trace, with the rows themselves."""

from __future__ import annotations

from typing import Any

import duckdb

RECORD_KEYS = {
    "exposure": "exposure_id", "procedure": "procedure_id", "condition": "condition_id",
    "measurement": "measurement_id",
}  # fmt: skip
RESULT_KEYS = {"trial": "trial_id", "episode": "episode_id", "switch": "event_id", "entry": "event_id"}
# The columns that, joined by '/', are the key of a knowledge row in the trace.
KNOWLEDGE_KEYS: dict[str, tuple[str, ...]] = {
    "definition": ("definition",),
    "adequacy_rule": ("adequacy_rule",),
    "failure_rule": ("failure_rule",),
    "switch_rule": ("definition",),
    "window_rule": ("definition", "path"),
    "definition_exclusion": ("definition", "condition_set"),
    "definition_gate": ("definition", "gate"),
    "score_rule": ("definition",),
    "instrument_rule": ("instrument",),
    "instrument": ("instrument", "item"),
    "level": ("instrument", "item", "from_value"),
    "band": ("instrument", "from_score"),
    "dose_minimum": ("dose_table", "agent", "form"),
    "agent": ("agent",),
    "gap_rule": ("gap_rule",),
    "parameter": ("parameter",),
}


def explain(
    connection: duckdb.DuckDBPyConnection, table: str, key: str, person_id: str | None
) -> list[dict[str, Any]]:
    """The edges under one result row, breadth first. Raises KeyError when the trace has no such row."""
    person = person_id or _only_person(connection)
    if table == "stage" and "/" not in key:
        key = f"{key}/total"
    edges = person_trace(connection, person)
    if (table, key) not in {(edge["table_name"], edge["row_key"]) for edge in edges}:
        known = sorted({str(edge["row_key"]) for edge in edges if edge["table_name"] == table})
        raise KeyError(
            f"{table} has no row {key!r} for this person; known keys: {', '.join(known) or 'none'}"
        )
    under: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for edge in edges:
        under.setdefault((edge["table_name"], edge["row_key"]), []).append(edge)
    found: list[dict[str, Any]] = []
    open_rows, seen = [((table, key), 1)], {(table, key)}
    while open_rows:
        place, depth = open_rows.pop(0)
        for edge in under.get(place, ()):
            target = (edge["from_table"], edge["from_key"])
            found.append(
                {
                    "depth": depth, "of_table": place[0], "of_key": place[1], "table": target[0], "key": target[1],
                    "role": edge["role"], "truth": edge["truth"], "row": row_of(connection, person, *target),
                }
            )  # fmt: skip
            if target not in seen:
                seen.add(target)
                open_rows.append((target, depth + 1))
    return found


def person_trace(connection: duckdb.DuckDBPyConnection, person_id: str) -> list[dict[str, Any]]:
    """All edges of one person, in a total order."""
    result = connection.execute(
        "SELECT table_name, row_key, from_table, from_key, role, truth FROM assess.trace WHERE person_id = ? "
        "ORDER BY table_name, row_key, from_table, from_key, role, truth",
        [person_id],
    )
    return _dicts(result)


def row_of(
    connection: duckdb.DuckDBPyConnection, person_id: str, table: str, key: str
) -> dict[str, Any] | None:
    """The row that a key of the trace names, or None when it is not there."""
    if table in RECORD_KEYS:
        where = f"record.{table} WHERE person_id = ? AND {RECORD_KEYS[table]} = ?"
        rows = _dicts(connection.execute(f"SELECT * FROM {where}", [person_id, key]))
    elif table in RESULT_KEYS:
        where = f"assess.{table} WHERE person_id = ? AND {RESULT_KEYS[table]} = ?"
        rows = _dicts(connection.execute(f"SELECT * FROM {where}", [person_id, key]))
    elif table == "stage":
        where = "assess.stage WHERE person_id = ? AND instrument || '/' || item = ?"
        rows = _dicts(connection.execute(f"SELECT * FROM {where}", [person_id, key]))
    elif table in KNOWLEDGE_KEYS:
        rows = _dicts(connection.execute(f"SELECT * FROM knowledge.{table} WHERE {_key(table)} = ?", [key]))
    else:
        return None
    return rows[0] if rows else None


def _key(table: str) -> str:
    numbers = {"from_value", "from_score"}
    parts = [
        f"CAST(CAST({name} AS BIGINT) AS VARCHAR)" if name in numbers else f"coalesce({name}, '')"
        for name in KNOWLEDGE_KEYS[table]
    ]
    return " || '/' || ".join(parts)


def knowledge_rows(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, Any]]:
    """Every knowledge row that the trace can name, by (table, key)."""
    found = {}
    for table in KNOWLEDGE_KEYS:
        for row in _dicts(connection.execute(f"SELECT {_key(table)} AS trace_key, * FROM knowledge.{table}")):
            found[table, str(row.pop("trace_key"))] = row
    return found


def _only_person(connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute("SELECT person_id FROM record.person LIMIT 2").fetchall()
    if len(rows) != 1:
        raise KeyError("The record has several persons (or none): say whose row is meant with person_id.")
    return str(rows[0][0])


def _dicts(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
