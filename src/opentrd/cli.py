"""The command line: thin commands over the Python interface."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import opentrd
from opentrd import cli_evidence
from opentrd.definitions import app as definition_app

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
    help="OpenTRD: which treatment trials were adequate, how resistant the depression is by every yardstick, and why.",
)  # fmt: skip
errors = Console(stderr=True, highlight=False)
out = Console(highlight=False)
UNREADABLE = 2

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


@app.callback(invoke_without_command=True)
def base(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Show the version when asked."""
    if version:
        out.print(f"opentrd {opentrd.__version__}")
        raise typer.Exit()


@app.command()
def assess(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT", help="FHIR bundle or bulk export, folder of record tables, or OMOP CDM."
        ),
    ],
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for tables and pages.")] = Path(
        "opentrd-results"
    ),
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day that is used (YYYY-MM-DD).")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="Where it runs: duckdb (embedded), spark, or postgresql://user@host:port/database."
        ),
    ] = None,
    engine_schema: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Keep the tables on the PostgreSQL server in schemas that begin so."
        ),
    ] = None,
    definitions: Annotated[
        str | None,
        typer.Option(
            metavar="ID,...|FILE.csv",
            help="Only these definitions; a CSV file or folder of your own adds its own.",
        ),
    ] = None,
    person: Annotated[str | None, typer.Option(metavar="ID", help="Only this person.")] = None,
    judgements: Annotated[
        bool, typer.Option("--judgements", help="Write judgements for any number of persons.")
    ] = False,
    fit: Annotated[
        bool | None,
        typer.Option(
            "--fit/--no-fit",
            help="List findings, domains, options and outcomes of every person (default: of up to 1,000 persons).",
            show_default=False,
        ),
    ] = None,
    min_count: Annotated[int, typer.Option(min=1, help="Smallest count shown on the cohort page.")] = 5,
    cdm_schema: Annotated[
        str | None, typer.Option(metavar="S", help="Schema of the CDM in a database.")
    ] = None,
    results_schema: Annotated[
        str | None,
        typer.Option(metavar="S", help="Write the cohort table into this schema of the CDM's database."),
    ] = None,
    cohort_id: Annotated[
        int | None,
        typer.Option(metavar="N", help="Write an OMOP cohort table; definitions get the ids N, N+1, ..."),
    ] = None,
    multiverse: Annotated[
        str | None,
        typer.Option(
            metavar="GRID.csv|default", help="Count every variant of a grid of definitions (parameter,value)."
        ),
    ] = None,
    pages: Annotated[
        bool, typer.Option("--pages/--no-pages", help="Draw the pages, or write tables only.")
    ] = True,
    quiet: Quiet = False,
) -> None:
    """Assess a record: trials, verdicts by every definition, stages, questions, and a page to check them on."""
    from opentrd import api, cohort
    from opentrd.record.raw import InputError

    day = api.parse_day(as_of)
    grid = None if multiverse is None else api.parse_grid(multiverse)
    if grid is not None and engine not in (None, "duckdb"):
        raise InputError("--multiverse counts in the embedded engine; leave out --engine.")
    wanted = None if definitions is None else [name.strip() for name in definitions.split(",")]
    _writable(out_dir)
    _apart(out_dir, inputs)
    cohort.check_request(cohort_id, results_schema, inputs)
    with errors.status("reading the input ...") if not quiet else _Silent() as status:
        record = api.read(
            [Path(text) if "://" not in text else text for text in inputs],
            cdm_schema=cdm_schema,
            engine=engine,
        )
        if person is not None:
            record.only(person)
        result = api.assess(
            record,
            day,
            engine,
            definitions=wanted,
            progress=lambda table: status.update(f"assessing: {table} ..."),
            engine_schema=engine_schema,
            judgements=judgements,
            fit=fit,
        )
        if grid is not None:
            result.multiverse(grid, progress=lambda what: status.update(f"counting: {what} ..."))
        status.update(f"writing tables{' and pages' if pages else ''} ...")
        page = result.write(
            out_dir, min_count=min_count, judgements=judgements, cohort_id=cohort_id, pages=pages
        )
        if results_schema is not None:
            status.update("writing the cohort table ...")
            cohort.write_database(result, inputs[0], results_schema)
    if not quiet:
        persons = f"{record.persons:,} person{'s' if record.persons != 1 else ''}"
        notes = f"{record.unread:,} note{'s' if record.unread != 1 else ''} on what was not understood"
        out.print(f"{persons} assessed; {notes} ({out_dir / 'unread.csv'}).", soft_wrap=True)
        if pages:
            out.print(f"Page:   {page}", soft_wrap=True)
        out.print(f"Tables: {out_dir / 'tables'}", soft_wrap=True)


@app.command()
def explain(
    table: Annotated[
        str,
        typer.Argument(
            help="verdict, stage, trial, episode, finding, domain, indicator, option or outcome.",
            show_default=False,
        ),
    ],
    key: Annotated[
        str, typer.Argument(help="Its key, for example suicidality, or lithium/add.", show_default=False)
    ],
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="As for assess.")],
    person: Annotated[str | None, typer.Option(metavar="ID", help="Whose row, of several persons.")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day that is used (YYYY-MM-DD).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what one row of a result rests on, down to rows of the input (file, row) and facts with their source."""
    from opentrd.explained import run_explain

    run_explain(out, errors, table, key, inputs, person=person, as_of=as_of, as_json=as_json)


@app.command()
def compare(
    run_dir: Annotated[
        Path, typer.Argument(metavar="RUN_DIR", help="Folder that `opentrd assess` has written.")
    ],
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder that `opentrd synthesize` has written: what truly happened."
        ),
    ] = None,
    min_count: Annotated[
        int | None, typer.Option(min=1, help="Smallest count shown (default: that of the run).")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Set the definitions of a run side by side: prevalence, agreement, time, groups, pathways, and a page."""
    from opentrd.terminal import run_comparison

    run_comparison(out, errors, run_dir, truth, min_count, quiet)


@app.command()
def knowledge(
    table: Annotated[
        str | None, typer.Argument(help="A table of facts; without it, the list of tables.")
    ] = None,
    search: Annotated[str | None, typer.Option(help="Only rows that contain this text.")] = None,
) -> None:
    """Show the facts OpenTRD rests on, each with its source."""
    from opentrd.terminal import show_knowledge

    show_knowledge(out, table, search)


@app.command()
def sql(
    dialect: Annotated[str, typer.Option(help="duckdb, spark or postgres.")] = "duckdb",
    untested: Annotated[
        bool, typer.Option("--untested", help="Print a dialect that no test has run.")
    ] = False,
    omop: Annotated[bool, typer.Option("--omop", help="The script also reads an OMOP CDM.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="The script first drops what an earlier run of it made.")
    ] = False,
    cdm_schema: Annotated[
        str | None, typer.Option(metavar="S", help="With --omop: the schema of the CDM (cdm).")
    ] = None,
    cdm_version: Annotated[
        str | None, typer.Option(metavar="V", help="With --omop: 5.3 or 5.4 (5.4).")
    ] = None,
) -> None:
    """Print the whole assessment as one SQL script."""
    from opentrd.record.raw import InputError
    from opentrd.terminal import print_sql

    for option, given in (("--cdm-schema", cdm_schema), ("--cdm-version", cdm_version)):
        if given is not None and not omop:
            raise InputError(f"{option} {given} is for a script that reads a CDM; give --omop as well.")
    schema = "cdm" if cdm_schema is None else cdm_schema
    print_sql(dialect, untested, schema if omop else None, cdm_version or "5.4", again=again)


@app.command()
def synthesize(
    persons: Annotated[int, typer.Option(min=1, help="How many persons.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same histories.")],
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the histories and their truth.")],
    form: Annotated[str, typer.Option("--format", help="omop, record or fhir.")] = "record",
    quiet: Quiet = False,
) -> None:
    """Write synthetic treatment histories, with the truth they were drawn from."""
    from opentrd.terminal import run_synthesis

    _writable(out_dir)
    run_synthesis(out, errors, persons, seed, out_dir, form, quiet)


@app.command()
def convert(
    source: Annotated[str, typer.Argument(help="nhanes")],
    files: Annotated[
        list[Path], typer.Argument(help="The official files (DEMO, DPQ and RXQ_RX, .xpt or .csv).")
    ],
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the record tables.")],
) -> None:
    """Turn public data into record tables."""
    from opentrd.terminal import run_conversion

    _writable(out_dir)
    run_conversion(out, source, files, out_dir)


@app.command()
def bench(
    persons: Annotated[int, typer.Option(min=1, help="How many synthetic persons.")] = 10_000,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="DuckDB file for the population; one that is there is used again."),
    ] = None,
    all_tables: Annotated[
        bool,
        typer.Option(
            "--all", help="Measure all tables that a population gets, not verdicts and stages alone."
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Measure seconds and memory of the assessment beside hand-written SQL."""
    from opentrd.bench.show import run_bench

    run_bench(out, errors, persons, keep, quiet, everything=all_tables)


# In the order in which `--help` lists them.
cli_evidence.register(app)
app.add_typer(definition_app, name="definition")


class _Silent:
    """Stands in for the progress line with --quiet."""

    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _: str) -> None:
        """Say nothing."""


def _writable(folder: Path) -> None:
    from opentrd.record.raw import InputError

    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder} is a file; give the name of a folder.")
    if folder.resolve() == Path.cwd().resolve():
        raise InputError("--out is the current folder; give the name of a folder for the results.")


def _apart(folder: Path, inputs: list[str]) -> None:
    """Results never lie over their input."""
    from opentrd.record.raw import InputError

    target = folder.resolve()
    for text in inputs:
        source = Path(text).resolve()
        if "://" not in text and (source == target or target in source.parents):
            raise InputError(f"--out {folder} holds the input {text}; give another folder for the results.")


def main() -> None:
    """Run the command line; an input that cannot be read is a message and exit code 2, never a traceback."""
    from opentrd.record.raw import InputError

    try:
        app()
    except InputError as problem:
        errors.print(f"opentrd: {problem}", style="bold", markup=False, soft_wrap=True)
        sys.exit(UNREADABLE)
    except OSError as problem:
        errors.print(f"opentrd: cannot write or read: {problem}", markup=False, soft_wrap=True)
        sys.exit(UNREADABLE)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
