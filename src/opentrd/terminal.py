"""What the command line prints and runs beside the assessment: facts, SQL, synthetic histories, conversions."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from opentrd.record.raw import InputError

# Dialects whose scripts are run by a test.
TESTED_DIALECTS = ("duckdb", "spark", "postgres")
OTHER_DIALECTS = ("databricks", "redshift", "snowflake", "trino")
FORMATS = ("omop", "record", "fhir")
_STATUS_STYLE = {"verified": "green", "transcribed": "yellow", "computed": "yellow", "recalled": "red"}


def show_knowledge(out: Console, name: str | None, text: str | None) -> None:
    """Print the list of tables, one table, or the rows that contain a text. Raises InputError for an unknown table."""
    from opentrd import knowledge

    if name is not None and name not in knowledge.tables():
        near = get_close_matches(name, knowledge.tables(), 1)
        meant = f" Is {near[0]} meant?" if near else ""
        raise InputError(
            f"There is no table {name!r}.{meant} The tables are: {', '.join(knowledge.tables())}."
        )
    if name is None and text is None:
        listing = Table("table", "rows", "columns", title="Tables of facts", title_justify="left")
        for known in knowledge.tables():
            found = knowledge.table(known)
            columns = [c for c in found.column_names if c not in ("source", "read_in", "knowledge_status")]
            listing.add_row(known, str(found.num_rows), ", ".join(columns))
        out.print(listing)
        return
    rows = knowledge.search(text, name) if text is not None else knowledge.table(str(name)).to_pylist()
    for row in rows:
        status = str(row.get("knowledge_status") or "")
        said = ", ".join(
            f"{column} {value}" for column, value in row.items()
            if column not in ("source", "read_in", "knowledge_status", "table") and value is not None
        )  # fmt: skip
        place = f"{row['table']}: " if row.get("table") else ""
        out.print(f"{place}{said}", markup=False, soft_wrap=True)
        style = _STATUS_STYLE.get(status, "")
        read_in = f" (read in: {row['read_in']})" if row.get("read_in") else ""
        out.print(
            f"    {status}: {row.get('source') or 'no source'}{read_in}",
            style=style,
            markup=False,
            soft_wrap=True,
        )
    if not rows:
        out.print("No row contains that text.")
    elif name == "study":
        out.print(
            "A page with each study's arms, effects and claims, at index.html#study-NAME: "
            "opentrd pool --knowledge all --out DIR",
            markup=False,
            soft_wrap=True,
        )


def print_sql(
    dialect: str,
    untested: bool,
    cdm_schema: str | None = None,
    cdm_version: str = "5.4",
    *,
    again: bool = False,
) -> None:
    """Print the assessment as one script. Raises InputError for a dialect that is unknown or that no test has run.

    ``cdm_schema``: the schema of an OMOP CDM of ``cdm_version``, which the script then reads. ``again``: it begins by
    dropping what an earlier run of it made.
    """
    from opentrd.assess.script import script
    from opentrd.record.omop_script import VERSIONS

    if dialect not in TESTED_DIALECTS + OTHER_DIALECTS:
        raise InputError(f"The dialect {dialect!r} is not known; choose duckdb, spark or postgres.")
    if dialect not in TESTED_DIALECTS and not untested:
        raise InputError(
            f"The dialect {dialect} is not tested in this version; --untested prints it all the same."
        )
    if cdm_version not in VERSIONS:
        raise InputError(f"--cdm-version {cdm_version}: expected {' or '.join(VERSIONS)}.")
    sys.stdout.write(
        script(
            dialect,
            tested=dialect in TESTED_DIALECTS,
            cdm_schema=cdm_schema,
            cdm_version=cdm_version,
            again=again,
        )
    )


def run_synthesis(
    out: Console, errors: Console, persons: int, seed: int, folder: Path, form: str, quiet: bool
) -> None:
    """Write synthetic histories with a progress bar. Raises InputError for an unknown format."""
    from opentrd.record.synthesize import MOST_PERSONS, synthesize

    if form not in FORMATS:
        raise InputError(f"The format {form!r} is not known; choose omop, record or fhir.")
    if persons > MOST_PERSONS:
        raise InputError(f"--persons {persons:,}: expected at most {MOST_PERSONS:,}.")
    columns = (TextColumn("persons"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=quiet) as progress:
        task = progress.add_task("persons", total=persons)
        counts = synthesize(
            persons, seed, folder, form, progress=lambda done, _: progress.update(task, completed=done)
        )
    if not quiet:
        out.print(f"{folder}: " + ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())))


def run_comparison(
    out: Console, errors: Console, run_dir: Path, truth: Path | None, min_count: int | None, quiet: bool
) -> None:
    """Compare the definitions of a run with a progress bar. Raises InputError when the run cannot be used."""
    from opentrd.report.compare import write_comparison

    columns = (TextColumn("persons"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=quiet) as progress:
        task = progress.add_task("persons", total=None, visible=False)
        page = write_comparison(
            run_dir,
            truth=truth,
            min_count=min_count,
            progress=lambda done, total: progress.update(task, completed=done, total=total, visible=True),
        )
    if not quiet:
        out.print(f"Page:   {page}", soft_wrap=True)
        out.print(f"Tables: {page.parent}", soft_wrap=True)


def run_conversion(out: Console, source: str, files: list[Path], folder: Path) -> None:
    """Convert public files to record tables. Raises InputError for an unknown source."""
    from opentrd.record.nhanes import convert

    if source != "nhanes":
        raise InputError(f"{source!r} is not a source that can be converted; the only one is nhanes.")
    summary = convert(files, folder)
    for name, value in summary.items():
        out.print(f"{name}: {value}", markup=False)
    out.print(f"Record tables: {folder}; assess them with: opentrd assess {folder}", markup=False)
