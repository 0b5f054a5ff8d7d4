"""Definitions of one's own: a CSV file, or a folder of tables, whose rows are added to the shipped facts.

One row of the file is one definition. The parameters of the rules it rests on may stand in the same row; they become
rows of the rule tables here. What a row has to be is said in ``docs/your-own-definition.md`` and checked in
``own_checks.py``; a shipped definition, rule or set is never changed.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

import pyarrow as pa

from opentrd.knowledge import loader
from opentrd.knowledge.own_tables import (
    OWNERS,
    PROVENANCE,
    DefinitionsError,
    Facts,
    Problem,
    Row,
    Typed,
    as_text,
    inline_columns,
)  # fmt: skip
from opentrd.record.raw import InputError

LIMITED = (
    "definition",
    "definition_exclusion",
    "definition_gate",
    "switch_rule",
    "window_rule",
    "score_rule",
)


@dataclass(frozen=True)
class OwnDefinitions:
    """Checked rows by table, ready to be added to the shipped ones; ``sha256`` is the digest of the files."""

    path: Path
    rows: Mapping[str, tuple[Typed, ...]]
    sha256: str
    size: int

    @property
    def names(self) -> list[str]:
        """The definitions and instruments in it, sorted."""
        return sorted(str(row["definition"]) for row in self.rows.get("definition", ()))


@dataclass(frozen=True)
class Choice:
    """The facts of a run: the shipped ones, limited to what was asked for, and the user's own beside them.

    ``only`` names the shipped definitions it is limited to (None: all).
    """

    facts: Facts
    own: tuple[OwnDefinitions, ...] = ()
    only: tuple[str, ...] | None = None


def shipped() -> Facts:
    """The shipped knowledge tables of an assessment by name."""
    return _all_of(loader.TABLES)


@cache
def _all_of(_: Path) -> Facts:
    return {name: loader.table(name) for name in loader.assessment_tables()}


def choose(wanted: Sequence[str | Path] | str | Path | None) -> Choice:
    """The facts for a list of definitions: names of shipped ones, CSV files or folders with one's own.

    None: all shipped ones. Names limit the shipped definitions; files add theirs, and alone do not limit. Instruments
    always stay. A shipped name is never a folder. Raises DefinitionsError for a file, InputError for a name.
    """
    if wanted is None:
        return Choice(shipped())
    asked = [wanted] if isinstance(wanted, str | Path) else list(wanted)
    known = {str(row["definition"]): str(row["family"]) for row in shipped()["definition"].to_pylist()}
    places = tuple(Path(item) for item in asked if is_place(item))
    names = tuple(str(item) for item in asked if not is_place(item))
    facts, own = _with_own(places, tuple(_digest(place) for place in places), loader.TABLES)
    added = {name for one in own for name in one.names}
    known |= dict.fromkeys(added, "own")
    unknown = [name or "(nothing)" for name in names if known.get(name, "instrument") == "instrument"]
    if unknown or not asked:
        listed = sorted(name for name, family in known.items() if family != "instrument")
        near = [match for name in unknown for match in get_close_matches(name, listed, 1)]
        meant = f" Is {', '.join(near)} meant?" if near else ""
        raise InputError(
            f"No definition is called {', '.join(unknown) or '(nothing)'}.{meant} Known: {', '.join(listed)}. "
            "A file of your own ends in .csv, or is a folder that is there."
        )
    if not names:
        return Choice(facts, own)
    only = tuple(dict.fromkeys(name for name in names if name not in added))
    return Choice(
        _limited(places, tuple(one.sha256 for one in own), loader.TABLES, frozenset({*only, *added})),
        own,
        only,
    )


# The same files with the same content are the same tables: an engine that holds them need not load them again.


@lru_cache(maxsize=8)
def _with_own(
    places: tuple[Path, ...], digests: tuple[str, ...], _: Path
) -> tuple[Facts, tuple[OwnDefinitions, ...]]:
    """The shipped facts and those of the files, whose digests are given."""
    facts, own = shipped(), []
    for place, digest in zip(places, digests, strict=True):
        own.append(read_own(place, facts))
        if own[-1].sha256 != digest:
            expected = "a file that stays as it is while it is read"
            raise DefinitionsError([Problem(str(place), 0, "", "it has just changed", expected)])
        facts = merged(facts, own[-1].rows)
    return facts, tuple(own)


def is_place(item: str | Path) -> bool:
    """Whether this names a file or folder of one's own, and not a definition."""
    if isinstance(item, Path):
        return True
    known = shipped()["definition"]["definition"].to_pylist()
    return item not in known and (item.lower().endswith(".csv") or (item != "" and Path(item).is_dir()))


@lru_cache(maxsize=8)
def _limited(
    places: tuple[Path, ...], digests: tuple[str, ...], folder: Path, names: frozenset[str]
) -> Facts:
    """The facts without the definitions that are not named; instruments stay."""
    facts, _ = _with_own(places, digests, folder)
    rows = facts["definition"].to_pylist()
    kept = {row["definition"] for row in rows if row["family"] == "instrument" or row["definition"] in names}
    chosen = dict(facts)
    for name in LIMITED:
        keep = [value in kept for value in facts[name]["definition"].to_pylist()]
        chosen[name] = facts[name].filter(pa.array(keep, pa.bool_()))
    return chosen


def merged(facts: Facts, rows: Mapping[str, Sequence[Typed]]) -> Facts:
    """The facts with more rows; every column keeps its type."""
    more = dict(facts)
    for name, added in rows.items():
        schema = facts[name].schema
        columns = {field.name: pa.array([row[field.name] for row in added], field.type) for field in schema}
        more[name] = pa.concat_tables([facts[name], pa.table(columns, schema=schema)])
    return more


def read_own(path: Path, facts: Facts | None = None) -> OwnDefinitions:
    """Read and check a file of definitions, or a folder of tables. ``facts``: what is there already (default: shipped).

    Raises DefinitionsError with everything that is wrong.
    """
    from opentrd.knowledge.own_checks import checked
    from opentrd.knowledge.own_expand import expanded

    facts = shipped() if facts is None else facts
    problems: list[Problem] = []
    found: dict[str, list[Row]] = {}
    contents = [(name, file, _content(file)) for name, file in _files(path, problems)]
    for name, file, content in contents:
        found[name] = _rows(file, content, facts[name].column_names, name, problems)
    if problems:
        raise DefinitionsError(problems)
    whole = {name: list(rows) for name, rows in found.items() if name != "definition"}
    for row in found.get("definition", []):
        for name, made in expanded(row, found, facts, problems).items():
            whole.setdefault(name, []).extend(made)
    typed = checked(whole, facts, problems)
    if problems:
        raise DefinitionsError(list(dict.fromkeys(problems)))
    size = sum(len(content) for _, _, content in contents)
    return OwnDefinitions(path, typed, _sum((name, content) for name, _, content in contents), size)


def _digest(path: Path) -> str:
    """The digest of a file or a folder, as ``OwnDefinitions`` has it."""
    return _sum((name, _content(file)) for name, file in _files(path, []))


def _sum(contents: Iterable[tuple[str, bytes]]) -> str:
    total = hashlib.sha256()
    for name, content in contents:
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def _files(path: Path, problems: list[Problem]) -> list[tuple[str, Path]]:
    if not path.exists():
        raise DefinitionsError(
            [Problem(str(path), 0, "", "no such file", "a CSV file of definitions, or a folder")]
        )
    if path.is_file():
        return [("definition", path)]
    files = sorted(file for file in path.glob("*.csv") if not file.name.startswith("."))
    for file in files:
        if file.stem not in OWNERS:
            expected = f"a table that can be added to ({', '.join(f'{name}.csv' for name in OWNERS)})"
            problems.append(
                Problem(str(file), 0, "", file.name, expected, "Move other files out of the folder.")
            )
    if not files:
        problems.append(
            Problem(
                str(path), 0, "", "no CSV file in it", "definition.csv, dose_minimum.csv or another table"
            )
        )
    return [(file.stem, file) for file in files if file.stem in OWNERS]


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as problem:
        raise DefinitionsError(
            [Problem(str(file), 0, "", str(problem.strerror), "a file that can be read")]
        ) from None


def _rows(
    file: Path, content: bytes, shipped_columns: Sequence[str], name: str, problems: list[Problem]
) -> list[Row]:
    """The rows of one CSV file as text, with what is wrong in its form."""
    where = str(file)
    try:
        text = content.decode("utf-8-sig")
        first = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=first.count)
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except UnicodeDecodeError as problem:
        advice = "Save the file again as 'CSV UTF-8'."
        problems.append(Problem(where, 0, "", str(problem), "a CSV file in UTF-8", advice))
        return []
    except csv.Error as problem:
        expected = "CSV in which each quote that opens a cell is closed at its end"
        problems.append(Problem(where, 0, "", str(problem), expected, "Correct the quotes."))
        return []
    header = [cell.strip() for cell in lines[0]] if lines else []
    known = [*shipped_columns, *(inline_columns() if name == "definition" else ())]
    for column in dict.fromkeys(header):
        if column not in known or header.count(column) > 1:
            twice = "each column once" if column in known else f"one of {', '.join(known)}"
            problems.append(
                Problem(where, 1, column or "(no name)", column, twice, "Correct the name, or leave it out.")
            )
    needed = [OWNERS[name], *PROVENANCE]
    problems.extend(
        Problem(where, 1, column, "", f"a column {column}", "Every row says where it comes from.")
        for column in needed if column not in header
    )  # fmt: skip
    found = []
    for number, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if len(cells) != len(header):
            expected = f"{len(header)} cells, as in the header"
            problems.append(
                Problem(where, number, "", f"{len(cells)} cells", expected, "Put text with commas in quotes.")
            )
            continue
        found.append(Row(where, number, dict(zip(header, cells, strict=True))))
    if not found and not problems:
        problems.append(Problem(where, 0, "", "no row", f"at least one row of {name}"))
    return found


def write_own(own: Iterable[OwnDefinitions], folder: Path) -> list[str]:
    """Write the rows as a folder of tables that can be given again; return the names of the tables."""
    rows: dict[str, list[Typed]] = {}
    for one in own:
        for name, given in one.rows.items():
            rows.setdefault(name, []).extend(given)
    for name, whole in rows.items():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(whole[0])
            writer.writerows([[as_text(value) for value in row.values()] for row in whole])
    return sorted(rows)


def facts_of_run(run_dir: Path) -> Facts:
    """The facts that a run of ``opentrd assess`` was made with: the shipped ones and the definitions it wrote down."""
    folder = run_dir / "definitions"
    return choose([folder]).facts if any(folder.glob("*.csv")) else shipped()


__all__ = [
    "Choice", "DefinitionsError", "Facts", "OwnDefinitions", "Problem", "choose", "facts_of_run", "is_place", "merged",
    "read_own", "shipped", "write_own",
]  # fmt: skip
