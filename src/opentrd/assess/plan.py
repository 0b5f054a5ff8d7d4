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
# What an answer can settle: these are made again in every possible world.
SETTLED = ("verdict", "stage", "option_tried")
# Made only after the chain has run: over possible worlds, or for an explanation.
LATE_TABLES = (
    "question", "trace", "trace_verdict", "trace_stage", "trace_trial",
    "trace_finding", "trace_biology", "trace_sign", "trace_domain", "trace_option", "trace_outcome",
)  # fmt: skip
# The part of the trace that stands on tables of the fit.
FIT_TRACES = ("trace_finding", "trace_biology", "trace_sign", "trace_domain", "trace_option", "trace_outcome")
# Read once or twice over, and too long to be written down for a population.
VIEWS = (
    "counted", "domain_reason", "finding", "indicator", "judged", "judgement", "score", "switch",
    "option", "option_hit", "option_line", "option_listed", "option_note", "option_open", "recommendation",
)  # fmt: skip
# Files that build the possible worlds; ``worlds.py`` runs them itself.
_WORLD = FOLDER / "world"
# Files that count the variants of a multiverse; ``opentrd.multiverse`` runs them itself.
MULTIVERSE = FOLDER / "multiverse"

_REFERENCE = re.compile(r"\bassess\.([a-z_]+)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class Step:
    """One table of the assessment: its name, its SELECT, and the tables it reads."""

    table: str
    path: Path
    sql: str
    needs: frozenset[str]

    @property
    def kind(self) -> str:
        """``TABLE``, or ``VIEW`` for what is not written down."""
        return "VIEW" if self.table in VIEWS else "TABLE"


def _table_name(path: Path) -> str:
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return "_".join(parts)


@cache
def steps() -> dict[str, Step]:
    """All SQL files of this folder as steps, by table name (``count/failures.sql`` is ``count_failures``)."""
    found: dict[str, Step] = {}
    for path in sorted(FOLDER.rglob("*.sql")):
        if _WORLD in path.parents or MULTIVERSE in path.parents:
            continue
        sql = path.read_text(encoding="utf-8")
        needs = frozenset(_REFERENCE.findall(_COMMENT.sub("", sql)))
        found[_table_name(path)] = Step(_table_name(path), path, sql, needs)
    return found


@cache
def order() -> tuple[Step, ...]:
    """The steps of the chain in an order in which each finds what it reads; the late tables left out."""
    return _sorted(frozenset(steps()) - frozenset(LATE_TABLES))


@cache
def leading_to(*tables: str) -> tuple[Step, ...]:
    """The steps of the chain that these tables rest on, themselves included, in an order in which each finds what it reads."""
    wanted: set[str] = set()
    ahead = set(tables)
    while ahead:
        table = ahead.pop()
        wanted.add(table)
        ahead |= (steps()[table].needs & steps().keys()) - wanted
    return _sorted(frozenset(wanted))


@cache
def trace_order() -> tuple[Step, ...]:
    """The steps that make the trace, once the chain has run."""
    return _sorted(frozenset(name for name in LATE_TABLES if name.startswith("trace")))


def _sorted(names: frozenset[str]) -> tuple[Step, ...]:
    known = {name: step for name, step in steps().items() if name in names}
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
