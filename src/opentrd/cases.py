"""Cases that a definition is tested by: a small record each, and the cells of the result that are expected.

The form is that of ``tests/golden/*.json``; see ``docs/your-own-definition.md``.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import opentrd
from opentrd import api
from opentrd.knowledge.own import DefinitionsError, Problem, choose
from opentrd.record.raw import InputError
from opentrd.record.schema import RAW_COLUMNS

Cells = Mapping[str, Any]
_CLAUSES = ("dose_ok", "duration_ok", "adherence_ok", "stop_ok", "response_ok", "episode_ok", "counts")
# Rows that explain a verdict which does not rest on judged trials.
_OTHER_ROWS = {
    "switch": ("agent", "last_issue", "next_agent", "next_issue", "length_ok", "gap_ok", "counts"),
    "entry": ("path", "agent", "on_date", "window_ok", "diagnosis_ok", "exclusion_ok", "counts"),
}
_WORDS: dict[object, str] = {True: "true", False: "false", None: "not known"}


@dataclass(frozen=True)
class Case:
    """A record of one person as text, the last day that is used, and the expected cells by definition and instrument."""

    name: str
    note: str
    as_of: dt.date | None
    tables: Mapping[str, Sequence[Cells]]
    verdict: Mapping[str, Cells]
    stage: Mapping[str, Mapping[str, Any]]


@dataclass
class Outcome:
    """What came of a case: each cell that differs, the rows that explain it, and what of the record was not understood."""

    case: Case
    differences: list[str] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every expected cell was found."""
        return not self.differences


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON file, or of all JSON files of a folder. Raises DefinitionsError with everything that is wrong."""
    problems: list[Problem] = []
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    found: list[Case] = []
    for file in files:
        try:
            listed = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            problems.append(Problem(str(file), 0, "", str(problem), "a JSON file with a list of cases"))
            continue
        if not isinstance(listed, list):
            problems.append(
                Problem(str(file), 0, "", type(listed).__name__, "a list of cases, [ {...}, ... ]")
            )
            continue
        for number, given in enumerate(listed, 1):
            faults = list(_faults(file, number, given))
            problems += faults
            if not faults:
                found.append(_case(given, number))
    if not found and not problems:
        problems.append(
            Problem(str(path), 0, "", "no case", "at least one case in a file that ends in .json")
        )
    if problems:
        raise DefinitionsError(problems)
    return found


def _case(given: Cells, number: int) -> Case:
    expect = given["expect"]
    return Case(
        str(given.get("id", number)),
        str(given.get("note", "")),
        api.parse_day(given.get("as_of") or None),
        {name: [_texts(row) for row in rows] for name, rows in given["tables"].items()},
        expect.get("verdict", {}),
        expect.get("stage", {}),
    )


def _texts(row: Cells) -> dict[str, str]:
    return {
        name: "" if cell is None else json.dumps(cell) if isinstance(cell, bool) else str(cell)
        for name, cell in row.items()
    }


def _faults(file: Path, number: int, given: Any) -> Iterator[Problem]:
    """What is wrong in the form of one case."""

    def fault(field: str, value: Any, expected: str) -> Problem:
        shown = value if isinstance(value, str) else json.dumps(value)
        return Problem(f"{file}, case {number}", 0, field, shown, expected)

    if not isinstance(given, dict):
        yield fault("", given, "an object with tables and expect")
        return
    for name in given.keys() - {"id", "note", "source", "as_of", "tables", "expect"}:
        yield fault(name, name, "id, note, source, as_of, tables or expect")
    tables, expect = given.get("tables"), given.get("expect")
    try:
        api.parse_day(given.get("as_of") or None)
    except (InputError, TypeError):
        yield fault("as_of", given.get("as_of"), "a date in the form YYYY-MM-DD")
    if not isinstance(tables, dict):
        yield fault("tables", tables, "an object: record table -> list of rows")
        return
    for name, rows in tables.items():
        if name not in RAW_COLUMNS:
            yield fault("tables", name, f"a record table ({', '.join(RAW_COLUMNS)})")
        elif not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield fault(name, rows, "a list of rows, each an object: column -> value")
        else:
            for place, row in enumerate(rows, 1):
                for column in row.keys() - set(RAW_COLUMNS[name]):
                    yield fault(f"{name} (row {place})", column, f"one of {', '.join(RAW_COLUMNS[name])}")
    people = tables.get("person")
    if not isinstance(people, list) or len(people) != 1:
        yield fault("person", people, "a list with one person")
    if not isinstance(expect, dict) or not set(expect) <= {"verdict", "stage"} or not any(expect.values()):
        yield fault("expect", expect, "an object with verdict or stage and the cells that are expected")
        return
    for kind in ("verdict", "stage"):
        if not isinstance(expect.get(kind, {}), dict):
            yield fault(f"expect, {kind}", expect[kind], "an object: name -> what is expected of it")
            continue
        for name, cells in expect.get(kind, {}).items():
            if not isinstance(cells, dict) or not cells:
                yield fault(
                    f"expect, {kind}",
                    name,
                    f"{name}: an object of {'columns' if kind == 'verdict' else 'items'}",
                )


def run_case(case: Case, definitions: Sequence[str | Path]) -> Outcome:
    """Assess the record of a case by one's own definitions and those that it names, and compare the cells.

    ``definitions``: files of one's own. Raises InputError when the record cannot be read at all.
    """
    own = {name for one in choose([*definitions]).own for name in one.names} if definitions else set()
    shipped = choose(None).facts["definition"].to_pylist()
    known = {row["definition"] for row in shipped if row["family"] != "instrument"}
    wanted = [*definitions, *sorted(name for name in case.verdict if name in known)]
    outcome = Outcome(case)
    with tempfile.TemporaryDirectory() as folder:
        record = opentrd.read(_written(case, Path(folder)))
        assessment = api.assess(record, case.as_of, definitions=wanted or None, fit=False)
        outcome.unread = [
            f"{row['source']}, row {row['row']}, {row['field']} {row['value']!r}: {row['reason']}"
            for row in assessment.unread.rows()
        ]
        verdicts = {row["definition"]: row for row in assessment.verdict.rows()}
        for name, expected in case.verdict.items():
            if name not in verdicts:
                hint = "an instrument: expect a stage" if name in own else "not a definition"
                outcome.differences.append(f"{name}: {hint}")
                continue
            different = list(_different(name, expected, verdicts[name]))
            outcome.differences += different
            if different:
                outcome.because += _because_of(assessment, name, verdicts[name])
        stages = {(row["instrument"], row["item"]): row for row in assessment.stage.rows()}
        for name, items in case.stage.items():
            different = [line for item, cells in items.items() for line in _staged(name, item, cells, stages)]
            outcome.differences += different
            if different:
                outcome.because += _judged(assessment, name)
    return outcome


def _written(case: Case, folder: Path) -> Path:
    for name, rows in case.tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, RAW_COLUMNS[name], restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def _different(place: str, expected: Cells, got: Cells) -> Iterator[str]:
    for column, value in expected.items():
        if column not in got:
            yield f"{place}, {column}: there is no such column; the columns are {', '.join(got)}"
        elif _plain(got[column]) != value:
            yield f"{place}, {column}: expected {_said(value)}, got {_said(got[column])}"


def _staged(name: str, item: str, cells: Any, stages: Mapping[tuple[str, str], Cells]) -> Iterator[str]:
    row = stages.get((name, item))
    if row is None:
        yield f"{name}/{item}: not an instrument or not one of its items"
    elif isinstance(cells, dict):
        yield from _different(f"{name}/{item}", cells, row)
    elif cells != [row["low"], row["high"]]:
        yield f"{name}/{item}: expected {_said(cells)} (low, high), got {_said([row['low'], row['high']])}"


def _because_of(assessment: opentrd.Assessment, name: str, verdict: Cells) -> Iterator[str]:
    """The clauses of each trial (or switch, or day of entry) that a verdict rests on."""
    shown = {
        column: _said(verdict[column])
        for column in ("eligible", "clause", "assumes")
        if verdict[column] is not None
    }
    yield f"{name}: " + (", ".join(f"{column} {cell}" for column, cell in shown.items()) or "no clause")
    yield from _judged(assessment, name)
    for table, columns in _OTHER_ROWS.items():
        rows = assessment.connection.execute(
            f"SELECT {', '.join(columns)} FROM assess.{table} WHERE definition = ? ORDER BY ALL", [name]
        ).fetchall()
        for row in rows:
            yield f"{table}: " + ", ".join(f"{c} {_said(v)}" for c, v in zip(columns, row, strict=True))


def _judged(assessment: opentrd.Assessment, name: str) -> Iterator[str]:
    trials = {row["trial_id"]: row for row in assessment.trial.rows()}
    for row in assessment.judgement.rows():
        if row["definition"] == name:
            trial = trials[row["trial_id"]]
            start = trial["start_date"].isoformat() if trial["start_date"] else "a day that is not known"
            said = ", ".join(f"{column} {_said(row[column])}" for column in _CLAUSES)
            yield f"{name}, {trial['kind']} {trial['agents']} from {start}: {said}"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _said(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(_said(part) for part in value) if isinstance(value, list) else str(_plain(value))
