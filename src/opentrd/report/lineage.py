"""What a statement rests on: the edges of the argument, followed to record rows and knowledge rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report.words import Row

RECORD_TABLES = (
    "exposure",
    "procedure",
    "condition",
    "measurement",
    "observation_period",
    "genotype",
    "person",
)

RESULT_TABLES = ("trial", "judgement", "episode", "verdict", "stage", "switch", "entry")


class Lineage:
    """The trace of one person, indexed. A missing trace or fact is no error: the page says less."""

    def __init__(self, explain: Mapping[str, Any]) -> None:
        self._edges: dict[tuple[str, str], list[Row]] = {}
        for edge in explain.get("trace") or ():
            self._edges.setdefault((str(edge.get("table_name")), str(edge.get("row_key"))), []).append(edge)
        self._knowledge: dict[tuple[str, str], Row] = {}
        for (table, key), row in (explain.get("knowledge_rows") or {}).items():
            self._knowledge[_plain(str(table)), str(key)] = row

    def edges(self, table: str, key: str) -> Sequence[Row]:
        """The edges that leave one row."""
        return self._edges.get((table, key), ())

    def knowledge(self, table: str, key: str) -> Row | None:
        """A knowledge row by its table and key, None when it was not handed over."""
        return self._knowledge.get((table, key))

    def record_keys(self, table: str, key: str, kind: str) -> list[str]:
        """Keys of the record rows of one table that the row rests on, each once, in trace order."""
        found = (
            str(edge.get("from_key")) for edge in self.edges(table, key) if edge.get("from_table") == kind
        )
        return list(dict.fromkeys(found))

    def facts(self, table: str, key: str) -> list[dict[str, Any]]:
        """The knowledge rows that a row rests on itself, each once, with what they are used for.

        What its trials and episodes rest on is shown with them. A knowledge row that the trace names and nobody handed
        over is listed with its name alone.
        """
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for edge in self.edges(table, key):
            kind, name = _plain(str(edge.get("from_table"))), str(edge.get("from_key"))
            if kind in RECORD_TABLES or (kind, name) in self._edges:
                continue
            row = self._knowledge.get((kind, name))
            if row is not None or kind not in RESULT_TABLES:
                found.setdefault((kind, name), fact(kind, name, row, str(edge.get("role") or "")))
        return list(found.values())

    def all_facts(self) -> list[dict[str, Any]]:
        """Every knowledge row handed over, in the order of table and key."""
        return [fact(table, key, row, "") for (table, key), row in sorted(self._knowledge.items())]


def fact(table: str, key: str, row: Row | None, role: str) -> dict[str, Any]:
    """A knowledge row as the page shows it: what it says, its source, where it was read, its status."""
    row = row or {}
    hidden = {"source", "read_in", "knowledge_status"}
    said = "; ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in row.items()
        if name not in hidden and value not in (None, "")
    )
    return {
        "table": table.replace("_", " "),
        "key": key,
        "role": role,
        "said": said or key,
        "source": row.get("source") or "source not handed over",
        "read_in": row.get("read_in") or "",
        "status": row.get("knowledge_status") or "not stated",
    }


def _plain(table: str) -> str:
    return table.removeprefix("knowledge.").removeprefix("record.")
