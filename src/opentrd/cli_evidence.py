"""The commands of the evidence wing. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

if TYPE_CHECKING:
    from opentrd.evidence.audit import Finding

out = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
STYLES = {"high": "bold red", "medium": "yellow", "low": "cyan", "question": "dim"}


def register(app: typer.Typer) -> None:
    """Add the commands of this wing to the command line."""
    app.command()(audit)


def audit(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Evidence tables (.csv, .tsv) or texts with references (.txt, .md)."
        ),
    ],
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write a page and tables of the findings there."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as one JSON list and nothing else.")
    ] = False,
    questions: Annotated[
        bool, typer.Option("--questions", help="With --json: also what only a person can settle.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Find what a published table or text contradicts: itself, its references, or the studies it is about."""
    from opentrd.evidence.audit import audit as run
    from opentrd.evidence.errors import EvidenceError
    from opentrd.record.raw import InputError

    if out_dir is not None and out_dir.exists() and not out_dir.is_dir():
        raise InputError(f"--out {out_dir} is a file; give the name of a folder.")
    try:
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), console=errors, transient=True, disable=quiet
        ) as bar:
            task = bar.add_task("reading ...", total=None)
            report = run(files, progress=lambda what: bar.update(task, description=what))
    except EvidenceError as problem:
        raise InputError(str(problem)) from None
    page = None
    if out_dir is not None:
        from opentrd.report.audit import write

        page = write(out_dir, report)
    if as_json:
        typer.echo(json.dumps(report.rows(questions=questions), ensure_ascii=False, indent=2))
        return
    if quiet:
        return
    for found in (*report.findings, *report.questions):
        _print(found)
    for document in report.documents:
        for note in document.notes:
            out.print(f"note: {document.file}: {note}", markup=False, soft_wrap=True, style="dim")
    counts = {
        word: sum(found.severity == word for found in report.findings) for word in ("high", "medium", "low")
    }
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    asked = len(report.questions)
    out.print(
        f"{len(report.findings)} finding{'' if len(report.findings) == 1 else 's'} ({said}); "
        f"{asked} question{'' if asked == 1 else 's'} for a person."
    )
    if page is not None:
        out.print(f"Page:   {page}")


def _print(found: Finding) -> None:
    kind = "question" if found.question else found.severity
    out.print(f"{kind}: {found.rule}  {found.locus}", style=STYLES[kind], markup=False, soft_wrap=True)
    for line in (found.statement_a, found.statement_b, found.arithmetic):
        out.print(f"    {line}", markup=False, soft_wrap=True)
    if found.origin:
        out.print(f"    the error starts in the {found.origin}", markup=False, soft_wrap=True)
