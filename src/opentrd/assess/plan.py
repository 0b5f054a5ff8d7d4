"""The order of the assessment: one SQL file is one table, and the files say themselves what they rest on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

FOLDER = Path(__file__).parent

# Output tables of the public contract, in the order a reader meets them.
OUTPUT_TABLES = ("episode", "trial", "judgement", "verdict", "stage", "question", "trace")
# Asked for only after the chain has run, on possible worlds or for an explanation.
LATE_TABLES = ("question", "trace")

_REFERENCE = re.compile(r"\bassess\.([a-z_]+)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class Step:
    """One table of the assessment: its name, its SELECT, and the tables it reads."""

    table: str
    path: Path
    sql: str
    needs: frozenset[str]


def _table_name(path: Path) -> str:
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return "_".join(parts)


@cache
def steps() -> dict[str, Step]:
    """All SQL files of this folder as steps, by table name (``count/failures.sql`` is ``count_failures``)."""
    found: dict[str, Step] = {}
    for path in sorted(FOLDER.rglob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        needs = frozenset(_REFERENCE.findall(_COMMENT.sub("", sql)))
        found[_table_name(path)] = Step(_table_name(path), path, sql, needs)
    return found


@cache
def order(late: bool = False) -> tuple[Step, ...]:
    """The steps in an order in which each finds what it reads; with ``late`` also the late tables."""
    known = {name: step for name, step in steps().items() if late or name not in LATE_TABLES}
    graph = {name: sorted(step.needs & known.keys()) for name, step in sorted(known.items())}
    return tuple(known[name] for name in TopologicalSorter(graph).static_order())


def columns_documented(step: Step) -> list[tuple[str, str]]:
    """The column names and meanings written in a file's header comment: the source of the data dictionary."""
    documented: list[tuple[str, str]] = []
    for line in step.sql.splitlines():
        if not line.startswith("--"):
            break
        entry = re.match(r"--   (\S.*?)(?:  +(.*))?$", line)
        if entry:
            documented.append((entry.group(1), entry.group(2) or ""))
    return documented
