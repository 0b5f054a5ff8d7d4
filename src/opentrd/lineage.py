"""From a result row down to the input rows and the knowledge rows: the edges of the trace, with the rows themselves."""

from __future__ import annotations

from typing import Any

import duckdb

RECORD_KEYS = {
    "exposure": "exposure_id", "procedure": "procedure_id", "condition": "condition_id",
    "measurement": "measurement_id", "person": "person_id", "genotype": "gene || ' ' || coalesce(diplotype, phenotype, '')",
}  # fmt: skip
# Result tables, and tables between them and the record: the expression that is the key of a row in the trace.
RESULT_KEYS = {
    "trial": "trial_id", "episode": "episode_id", "switch": "event_id", "entry": "event_id",
    "verdict": "definition", "stage": "instrument || '/' || item",
    "finding": "finding || '/' || subject || '/' || source", "domain": "domain", "indicator": "domain || '/' || indicator",
    "option": "treatment || '/' || role", "outcome": "trial_id || '/' || measurement_id || '/' || rule",
    "sign": "sign", "rating": "rating_id", "option_hit": "treatment || '/' || rule", "option_state": "state",
    "kept": "table_name", "as_of": "person_id",
}  # fmt: skip
# Results whose rows are explained, in the order in which a reader meets them.
EXPLAINED = ("verdict", "stage", "trial", "episode", "finding", "domain", "indicator", "option", "outcome")
# The columns that, joined by '/', are the key of a knowledge row in the trace. A name that a result table has too is
# written knowledge.<table>.
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
FIT_KEYS: dict[str, tuple[str, ...]] = {
    "knowledge.finding": ("finding",),
    "knowledge.sign": ("sign",),
    "knowledge.domain": ("domain",),
    "sign_rule": ("sign", "kind", "subject", "speaks"),
    "sign_part": ("sign", "part"),
    "scale": ("scale",),
    "care_check": ("finding",),
    "care_visit": ("scheme", "week"),
    "cyp_modifier": ("agent", "kind", "enzyme"),
    "smoking_effect": ("agent",),
    "screening_accuracy": ("scale",),
    "mechanism": ("from_kind", "from_node", "relation", "to_kind", "to_node"),
    "domain_indicator": ("domain", "indicator"),
    "biomarker_rule": ("rule",),
    "biomarker_direction": ("measure",),
    "allele_function": ("system", "gene", "allele"),
    "phenotype_rule": ("system", "gene", "phenotype"),
    "phenoconversion": ("gene", "strength", "phenotype"),
    "pgx_recommendation": ("system", "agent", "gene_1", "phenotype_1", "gene_2", "phenotype_2"),
    "level_range": ("scheme", "agent", "kind", "note"),
    "safety_rule": ("rule",),
    "guideline_line": ("guideline", "target", "role", "line", "condition"),
    "switch_logic": ("role", "state", "says"),
    "circumstance": ("state",),
    "domain_match": ("domain", "target", "relation", "says"),
    "option_evidence": ("evidence",),
    "treatment": ("treatment",),
    "outcome_rule": ("rule",),
}
# The trace of verdicts, stages, trials and episodes: what a page shows beside these.
CHAIN_TRACES = ("trace_verdict", "trace_stage", "trace_trial")


def explain(
    connection: duckdb.DuckDBPyConnection, table: str, key: str, person_id: str | None
) -> list[dict[str, Any]]:
    """The edges under one result row, breadth first. Raises KeyError when the trace has no such row."""
    person = person_id or _only_person(connection)
    edges = person_trace(connection, person)
    key = _full_key({str(edge["row_key"]) for edge in edges if edge["table_name"] == table}, table, key)
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
                    "origin": origin_of(connection, person, *target),
                }
            )  # fmt: skip
            if target not in seen:
                seen.add(target)
                open_rows.append((target, depth + 1))
    return found


def _full_key(known: set[str], table: str, key: str) -> str:
    """The key of a row of the trace; its last parts may be left out where they leave one row only."""
    if table == "stage" and "/" not in key:
        key = f"{key}/total"
    if key in known:
        return key
    fitting = sorted(name for name in known if name.startswith(f"{key}/"))
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(fitting or sorted(known)) or "none"
    raise KeyError(
        f"{table} has no row {key!r} for this person; known keys: {shown}"
        if not fitting
        else f"{table} has several rows {key!r} for this person; give one of them: {shown}"
    )


def person_trace(
    connection: duckdb.DuckDBPyConnection, person_id: str, parts: tuple[str, ...] = ("trace",)
) -> list[dict[str, Any]]:
    """All edges of one person, or those of some parts of the trace, in a total order."""
    columns = "table_name, row_key, from_table, from_key, role, truth"
    united = " UNION ALL ".join(
        f"SELECT {columns} FROM assess.{part} WHERE person_id = $person" for part in parts
    )
    result = connection.execute(f"SELECT * FROM ({united}) ORDER BY ALL", {"person": person_id})
    return _dicts(result)


def row_of(
    connection: duckdb.DuckDBPyConnection, person_id: str, table: str, key: str
) -> dict[str, Any] | None:
    """The row that a key of the trace names, or None when it is not there."""
    if table in RECORD_KEYS:
        where = f"record.{table} WHERE person_id = ? AND {RECORD_KEYS[table]} = ?"
        rows = _dicts(connection.execute(f"SELECT * FROM {where}", [person_id, key]))
    elif table == "unused":
        where = "record.unused WHERE person_id = ? AND table_name = ?"
        rows = _dicts(connection.execute(f"SELECT * FROM {where}", [person_id, key]))
    elif table in RESULT_KEYS:
        where = f"assess.{table} WHERE person_id = ? AND {RESULT_KEYS[table]} = ?"
        rows = _dicts(connection.execute(f"SELECT * FROM {where}", [person_id, key]))
    elif (columns := KNOWLEDGE_KEYS.get(table) or FIT_KEYS.get(table)) is not None:
        name = table.removeprefix("knowledge.")
        rows = _dicts(connection.execute(f"SELECT * FROM knowledge.{name} WHERE {_key(columns)} = ?", [key]))
    else:
        return None
    return rows[0] if rows else None


def origin_of(
    connection: duckdb.DuckDBPyConnection, person_id: str, table: str, key: str
) -> dict[str, str] | None:
    """Where a row of the record was read: ``file`` (or table of the source) and ``row`` (number, or id, in it).

    None for a row that is not of the record, and for one that was made from what lies in another database.
    """
    if table not in RECORD_KEYS:
        return None
    if table == "genotype":
        given = "trim(gene) || ' ' || coalesce(nullif(trim(diplotype), ''), nullif(trim(phenotype), ''), '')"
    else:
        given = f"trim({table}_id)"
    # An id that the record has made or changed comes first: another row may have been given it.
    queries = (
        f"SELECT r.source, r.source_row FROM raw.row_name AS n JOIN raw.{table} AS r ON r.source = n.source "
        f"AND r.source_row = n.source_row WHERE n.table_name = '{table}' AND trim(r.person_id) = ? AND n.row_id = ?",
        f"SELECT source, source_row FROM raw.{table} WHERE trim(person_id) = ? AND {given} = ? "
        "ORDER BY source, try_cast(source_row AS BIGINT), source_row LIMIT 1",
    )
    for query in queries:
        try:
            rows = connection.execute(query, [person_id, key]).fetchall()
        except duckdb.CatalogException:  # a CDM in place: its rows were never here
            return None
        if rows:
            return {"file": str(rows[0][0]), "row": str(rows[0][1])}
    return None


def _key(columns: tuple[str, ...]) -> str:
    numbers = {"from_value", "from_score"}
    parts = [
        f"CAST(CAST({name} AS BIGINT) AS VARCHAR)"
        if name in numbers
        else f"coalesce(CAST({name} AS VARCHAR), '')"
        for name in columns
    ]
    return " || '/' || ".join(parts)


def knowledge_rows(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, Any]]:
    """Every knowledge row that the trace of verdicts, stages, trials and episodes can name, by (table, key)."""
    found = {}
    for table, columns in KNOWLEDGE_KEYS.items():
        for row in _dicts(
            connection.execute(f"SELECT {_key(columns)} AS trace_key, * FROM knowledge.{table}")
        ):
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
