"""``opentrd explain``: one row of a result, and under it everything it rests on, as a tree on the terminal or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from opentrd.api import assess, parse_day, read
from opentrd.lineage import EXPLAINED, RECORD_KEYS, row_of
from opentrd.record.raw import InputError

Edge = dict[str, Any]
# What is shown of a row, in this order, as far as it has it.
_SHOWN = (
    "title", "says", "meaning", "agent", "agents", "condition", "measure", "procedure", "value", "unit",
    "low", "high", "present", "standing", "met", "failed_low", "failed_high", "status", "baseline",
    "change_pct", "diplotype", "phenotype", "start_earliest", "start_latest", "start_date",
    "end_earliest", "end_date", "date_earliest", "daily_dose_mg", "days_low", "days_high", "top_dose_mg",
    "stop_reason", "improvement_pct", "adherence", "holds", "basis", "because", "action", "line", "level",
    "kept", "threshold", "min_days", "min_mg", "max_improvement_pct", "at_least", "above", "up_to",
    "below", "within_days", "value_low", "value_high", "estimate",
)  # fmt: skip
_STYLE = {True: "green", False: "dim", None: "yellow"}
_LONGEST = 220
_UNBROKEN = 100_000  # characters of a line
_FIRST = (
    "option_hit",
    "safety_rule",
    "sign",
    "indicator",
    "trial",
)  # tables whose edges come before the others


def run_explain(
    out: Console,
    errors: Console,
    table: str,
    key: str,
    inputs: Sequence[str],
    *,
    person: str | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Assess the input and print what one row rests on. Raises InputError for a table, a key or a person that is not there."""
    if table not in EXPLAINED:
        raise InputError(
            f"{table!r} is not a table whose rows are explained; choose one of {', '.join(EXPLAINED)}."
        )
    day = parse_day(as_of)
    with errors.status("assessing ..."):
        record = read(list(inputs))
        if person is not None:
            record.only(person)
        result = assess(record, day, "duckdb", fit=True)
        try:
            edges = result.explain(table, key, person)
        except KeyError as problem:
            raise InputError(str(problem.args[0]).replace("with person_id", "with --person")) from None
        key = str(edges[0]["of_key"]) if edges else key
        who = person or str(result.connection.execute("SELECT person_id FROM record.person").fetchall()[0][0])
        row = row_of(result.connection, who, table, key)
    if as_json:
        out.print_json(json.dumps({"table": table, "key": key, "row": row, "edges": edges}, default=str))
        return
    root = Tree(Text.assemble((f"{table} {key}", "bold"), Text(_described(row))))
    _grow(root, (table, key), _by_place(edges), set())
    # Into a file or a pipe, an edge is one line.
    (out if out.is_terminal else Console(highlight=False, width=_UNBROKEN)).print(root)


def _by_place(edges: Sequence[Edge]) -> dict[tuple[str, str], list[Edge]]:
    under: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        under.setdefault((edge["of_table"], edge["of_key"]), []).append(edge)
    return under


def _grow(
    tree: Tree,
    place: tuple[str, str],
    under: dict[tuple[str, str], list[Edge]],
    seen: set[tuple[str, str]],
) -> None:
    """Hang the edges of one row below it; a row that was shown before is named and not opened again."""
    seen.add(place)
    unchecked = [edge["key"] for edge in under.get(place, ()) if edge["role"] == "unchecked"]
    for edge in sorted(under.get(place, ()), key=_place_of):
        if edge["role"] == "unchecked":
            continue
        target = (edge["table"], edge["key"])
        branch = tree.add(_line(edge))
        if target in seen and under.get(target):
            branch.add(Text("(shown above)", "dim"))
        elif target not in seen:
            _grow(branch, target, under, seen)
    if unchecked:
        named = ", ".join(unchecked)
        tree.add(Text(f"unchecked, because the record says nothing on them: {named}", "yellow"))


def _place_of(edge: Edge) -> tuple[int, int, int, str, str]:
    """What decides first: what holds, what is not known, what does not hold; then rules."""
    truth = {True: 0, None: 1, False: 2}[edge["truth"]]
    table = edge["table"]
    first = _FIRST.index(table) if table in _FIRST else len(_FIRST)
    return int(edge["role"] == "rule"), first, truth, table, edge["key"]


def _line(edge: Edge) -> Text:
    row, origin = edge["row"], edge["origin"]
    said = {True: "yes", False: "no", None: ""}[edge["truth"]]
    line = Text()
    line.append(f"{edge['role']}{': ' + said if said else ''}", _STYLE[edge["truth"]])
    line.append(f"  {edge['table'].removeprefix('knowledge.')} {edge['key']}")
    if origin:
        line.append(f"  [{origin['file']}, row {origin['row']}]", "cyan")
    elif edge["table"] in RECORD_KEYS:
        line.append("  [the source keeps its rows to itself]", "cyan")
    line.append(_described(row), "dim")
    if row and row.get("source") and row.get("knowledge_status") and edge["table"] not in RECORD_KEYS:
        line.append(f"  ({row['knowledge_status']}: {row['source']})", "italic")
    return line


def _described(row: dict[str, Any] | None) -> str:
    if not row:
        return ""
    shown = [f"{name} {row[name]}" for name in _SHOWN if row.get(name) not in (None, "")]
    text = ", ".join(shown)
    return f"  {text[:_LONGEST]}{' ...' if len(text) > _LONGEST else ''}" if text else ""
