"""``opentrd definition``: check definitions of one's own and run their cases, show a definition, list all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from opentrd.knowledge.own import Choice

FAILED = 1
app = typer.Typer(no_args_is_help=True, help="Definitions: check your own, show what one says, list them.")
out = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

_PROVENANCE = ("source", "read_in", "knowledge_status")
# The rows that hold the parameters of a definition: table -> column that names it.
_PARTS = (
    ("definition_gate", "definition"), ("definition_exclusion", "definition"), ("switch_rule", "definition"),
    ("window_rule", "definition"), ("score_rule", "definition"), ("instrument_rule", "instrument"),
    ("instrument", "instrument"), ("level", "instrument"), ("band", "instrument"),
)  # fmt: skip
_STYLE = {"verified": "green", "transcribed": "yellow", "computed": "yellow", "recalled": "red"}


@app.command()
def check(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv|FOLDER", help="Definitions of your own: a CSV file, or a folder of tables."
        ),
    ],
    cases: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json|FOLDER",
            help="Cases to run (a folder of definitions: default cases.json or cases/ in it).",
        ),
    ] = None,
) -> None:
    """Check your own definitions, print them as plain text, and run their cases.

    Ends with 0 when all is well, 1 when a case fails, 2 when the definitions or the cases cannot be used.
    """
    from opentrd.cases import read_cases, run_case
    from opentrd.knowledge.own import choose

    choice = choose([path])
    texts = _texts(choice)
    names = [name for own in choice.own for name in own.names]
    for name in names:
        _print_text(name, texts[name])
    added = sum(len(rows) for own in choice.own for rows in own.rows.values())
    out.print(
        f"{path}: {_count(len(names), 'definition')}, {_count(added, 'row')} in all; nothing wrong.",
        markup=False,
    )
    place = cases or _beside(path)
    if place is None:
        out.print("No cases were given; --cases FILE.json runs them.")
        return
    listed, failed = read_cases(place), 0
    with errors.status("running the cases ...") as status:
        for number, case in enumerate(listed, 1):
            status.update(f"running case {number} of {len(listed)} ...")
            outcome = run_case(case, [path])
            failed += not outcome.passed
            note = f" ({case.note})" if case.note else ""
            out.print(f"case {case.name}{note}: {'passed' if outcome.passed else 'FAILED'}", markup=False)
            for line in outcome.differences:
                out.print(f"    {line}", markup=False, style="red")
            for line in outcome.because:
                out.print(f"        {line}", markup=False)
            for line in outcome.unread:
                out.print(f"    not understood: {line}", markup=False, style="yellow")
    out.print(f"{len(listed) - failed} of {_count(len(listed), 'case')} passed.")
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def show(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="ID|FILE.csv|FOLDER...", help="Definitions or instruments, or files of your own."
        ),
    ],
) -> None:
    """Print what a definition says in words, its parameters, and their sources."""
    from opentrd.knowledge.own import choose, is_place
    from opentrd.record.raw import InputError

    places = [name for name in names if is_place(name)]
    choice = choose(places or None)
    texts = _texts(choice)
    asked = [name for name in names if name not in places]
    unknown = [name for name in asked if name not in texts]
    if unknown:
        raise InputError(
            f"No definition or instrument is called {', '.join(unknown)}. Known: {', '.join(sorted(texts))}."
        )
    rows = {name: table.to_pylist() for name, table in choice.facts.items()}
    for name in asked or [name for own in choice.own for name in own.names]:
        _print_text(name, texts[name])
        for table, row in _rows_of(name, rows):
            _print_row(table, row)


@app.command("list")
def list_all(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE.csv|FOLDER...", help="Files of your own, listed as well."),
    ] = None,
) -> None:
    """List definitions and instruments by family, with their titles."""
    from opentrd.knowledge.own import choose

    choice = choose(files or None)
    own = {name for one in choice.own for name in one.names}
    rows = choice.facts["definition"].to_pylist()
    width = max(len(row["definition"]) for row in rows)
    for family in dict.fromkeys(row["family"] for row in rows):
        out.print(family, style="bold")
        for row in sorted(
            (row for row in rows if row["family"] == family), key=lambda row: str(row["definition"])
        ):
            mark = " (yours)" if row["definition"] in own else ""
            out.print(f"  {row['definition']:<{width}}  {row['title']}{mark}", markup=False)


def _texts(choice: Choice) -> dict[str, dict[str, str]]:
    import duckdb

    from opentrd import knowledge
    from opentrd.knowledge.wording import definition_texts

    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection, choice.facts)
        return definition_texts(connection)


def _beside(path: Path) -> Path | None:
    """The cases that lie in a folder of definitions."""
    return next((place for place in (path / "cases.json", path / "cases") if place.exists()), None)


def _print_text(name: str, text: dict[str, str]) -> None:
    out.print(f"{name}: {text['title']}", style="bold", markup=False)
    out.print(f"    {text['text']}", markup=False)
    if text["missing"]:
        out.print(f"    Not given by its source: {text['missing']}.", markup=False)
    out.print(f"    {text['status']}: {text['citation']}", style=_STYLE.get(text["status"], ""), markup=False)


def _rows_of(name: str, rows: dict[str, list[dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """The rows with the parameters of a definition or an instrument."""
    row = next(row for row in rows["definition"] if row["definition"] == name)
    found = [("definition", row)]
    for part in ("adequacy_rule", "failure_rule"):
        found += [(part, rule) for rule in rows[part] if row[part] is not None and rule[part] == row[part]]
    for part, column in _PARTS:
        found += [(part, other) for other in rows[part] if other[column] == name]
    return found


def _print_row(table: str, row: dict[str, Any]) -> None:
    cells = {column: value for column, value in row.items() if column not in _PROVENANCE}
    said = ", ".join(
        f"{column} {'(not given)' if value is None else value}"
        for column, value in cells.items()
        if value != ""
    )
    out.print(f"    {table}: {said}", markup=False)
    read_in = f" (read in: {row['read_in']})" if row["read_in"] else ""
    status = str(row["knowledge_status"])
    out.print(f"        {status}: {row['source']}{read_in}", style=_STYLE.get(status, ""), markup=False)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
