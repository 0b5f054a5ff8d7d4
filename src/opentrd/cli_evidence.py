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
    from opentrd.evidence_face import Pooled
    from opentrd.report.evidence_certainty import Question

out = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
# Fields of an error that are options of the command and not columns of a table.
_OPTIONS = ("measure", "model", "test", "level", "zero_cells", "missing")
STYLES = {"high": "bold red", "medium": "yellow", "low": "cyan", "question": "dim"}


def register(app: typer.Typer) -> None:
    """Add the commands of this wing to the command line."""
    app.command()(audit)
    app.command()(pool)


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


def pool(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="EFFECTS.csv...", help="Effects tables, each pooled by itself."),
    ] = None,
    known: Annotated[
        str | None,
        typer.Option(
            "--knowledge",
            metavar="TOPIC|pools|all",
            help="No file, but the studies OpenTRD knows on a topic: what can be pooled, and why the rest cannot. "
            "pools: the questions set there.",
        ),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="OR|RR|RD|MD|SMD|...", help="For raw numbers; beside yi it names what these are."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="REML, DL, PM, ML, EB, SJ, HE or common; of counts mantel-haenszel or peto; of a network REML, DL, ML or common."
        ),
    ] = "REML",
    test: Annotated[
        str | None,
        typer.Option(
            help="knapp-hartung (default of pairwise) or z (default of networks and of common); pairwise also "
            "knapp-hartung-adhoc and t."
        ),
    ] = None,
    mods: Annotated[
        str | None, typer.Option(metavar="COLUMN,...", help="Moderators of a pairwise table.")
    ] = None,
    level: Annotated[float, typer.Option(help="Level of all intervals.")] = 0.95,
    zero_cells: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="What is done about a zero cell (docs/evidence-pairwise.md)."),
    ] = None,
    missing: Annotated[
        str, typer.Option(help="A row with an empty cell is an `error`, or left out and listed (`list`).")
    ] = "error",
    reference: Annotated[
        str | None,
        typer.Option(metavar="TREATMENT", help="Of a network; default: the one with most studies."),
    ] = None,
    small_is_good: Annotated[
        bool, typer.Option("--small-is-good", help="Of a network: for ranks, a smaller effect is the better.")
    ] = False,
    levels: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN,...",
            help="Of a pairwise table: nested random effects, from the outermost column inwards.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Of a pairwise table: standard errors robust against dependence inside these.",
        ),
    ] = None,
    components: Annotated[
        bool,
        typer.Option("--components", help="Of a network: treatments as sums of their parts (SSRI+lithium)."),
    ] = False,
    inactive: Annotated[
        str | None,
        typer.Option(metavar="COMPONENT", help="With --components: the one without effect, such as placebo."),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="LOW,HIGH",
            help="Differences too small to matter (logarithms for ratios): the page then proposes a certainty.",
        ),
    ] = None,
    failures: Annotated[
        int | None,
        typer.Option(min=0, help="With --zone: failed treatments of the persons asked about (indirectness)."),
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="With --zone: what persons decided on the proposals, shown beside them."
        ),
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write pages and tables there.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Pool effects tables: pairwise or network meta-analysis, as their columns say."""
    from opentrd import cli_pool
    from opentrd.evidence.errors import EvidenceError
    from opentrd.evidence_face import pool as run
    from opentrd.record.raw import InputError

    if known is not None:
        unused = {
            "--measure": measure, "--test": test, "--mods": mods, "--zero-cells": zero_cells, "--reference": reference,
            "--zone": zone, "--decisions": decisions, "--model": None if model == "REML" else model,
            "--level": None if level == 0.95 else level, "--missing": None if missing == "error" else missing,
            "--small-is-good": small_is_good or None, "--levels": levels, "--cluster": cluster,
            "--components": components or None, "--inactive": inactive,
        }  # fmt: skip
        given = [name for name, value in unused.items() if value is not None]
        if given:
            raise InputError(
                f"{' and '.join(given)}: --knowledge takes no such option (each question there is pooled by REML on the scale "
                "of its studies); leave it out, or pool a table of your own."
            )
        _pool_known(known, files, failures, out_dir, as_json, quiet)
        return
    if not files:
        raise InputError(
            "there is no effects table: give a file, or --knowledge TOPIC for the studies OpenTRD knows."
        )
    _check_folder(out_dir, files)
    _check_question(zone, failures, decisions, out_dir)
    if zone is not None and (levels or cluster or components or model in ("mantel-haenszel", "peto")):
        raise InputError(
            "--zone: a certainty is proposed for plain pairwise tables and networks only; leave it out, or leave out "
            "--levels, --cluster, --components and the models of counts."
        )
    found: dict[str, Pooled] = {}
    try:
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), console=errors, transient=True, disable=quiet
        ) as bar:
            task = bar.add_task("reading ...", total=None)
            for file, name in zip(files, _names(files), strict=True):
                bar.update(task, description=f"pooling {name} ...")
                try:
                    found[name] = run(
                        file, measure=measure, model=model, test=test, mods=mods, level=level, zero_cells=zero_cells,
                        missing=missing, reference=reference, small_is_good=small_is_good,
                        levels=levels, cluster=cluster, components=components, inactive=inactive,
                    )  # fmt: skip
                except EvidenceError as problem:
                    # A fault of the table as a whole does not know its file; that of an option in a single file has none.
                    if problem.file is None and (len(files) > 1 or problem.field not in _OPTIONS):
                        raise InputError(f"{name}: {problem}") from None
                    raise
            page = None
            if out_dir is not None:
                from opentrd.report import evidence as pages

                page = pages.write(
                    out_dir, {name: cli_pool.written(one) for name, one in found.items()}, inputs=files,
                    question=_question(zone, failures, decisions),
                    progress=lambda what: bar.update(task, description=f"writing {what} ..."),
                )  # fmt: skip
    except EvidenceError as problem:
        raise InputError(str(problem)) from None
    for name, one in found.items():
        if not quiet:
            cli_pool.notes(errors if as_json else out, name, one)
        if not (quiet or as_json):
            cli_pool.show(out, name, one)
    if as_json:
        typer.echo(cli_pool.as_json(found))
    if page is not None and not (quiet or as_json):
        out.print(f"Page:   {page}", soft_wrap=True)


def _pool_known(
    topic: str,
    files: list[Path] | None,
    failures: int | None,
    folder: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Pool what the knowledge has on a topic, and say why the rest is not pooled."""
    from opentrd import cli_pool
    from opentrd.evidence.errors import EvidenceError
    from opentrd.evidence_known import topic as look_up
    from opentrd.record.raw import InputError

    if files:
        raise InputError("--knowledge pools the studies OpenTRD knows: leave the files out, or leave it out.")
    _check_folder(folder, [])
    try:
        found = look_up(topic)
    except EvidenceError as problem:
        raise InputError(str(problem)) from None
    page = None
    if folder is not None:
        from opentrd.report.evidence_known import write

        page = write(folder, found, failures=failures, each=True)
    if as_json:
        typer.echo(cli_pool.known_json(found))
    elif not quiet:
        cli_pool.show_known(out, found)
        if page is not None:
            out.print(f"Page:   {page}", soft_wrap=True)


def _names(files: list[Path]) -> list[str]:
    """How each file is called: by its name, or by its path where two have one name. The same file twice is an error."""
    from opentrd.record.raw import InputError

    for place, file in enumerate(files):
        if any(file.resolve() == other.resolve() for other in files[:place]):
            raise InputError(f"{file} is given twice; give each file once.")
    names = [file.name for file in files]
    return [name if names.count(name) == 1 else str(file) for name, file in zip(names, files, strict=True)]


def _check_question(
    zone: str | None, failures: int | None, decisions: Path | None, folder: Path | None
) -> None:
    """A certainty is asked for by a zone, and stands on a page."""
    from opentrd.record.raw import InputError

    if zone is None and (failures is not None or decisions is not None):
        raise InputError("--failures and --decisions belong to a certainty: give --zone LOW,HIGH with them.")
    if zone is not None and folder is None:
        raise InputError("--zone is for the certainty on the page: give --out DIR with it.")


def _question(zone: str | None, failures: int | None, decisions: Path | None) -> Question:
    from opentrd.evidence.certainty import DecisionLog
    from opentrd.evidence.errors import EvidenceError
    from opentrd.report.evidence_certainty import Question

    ends: tuple[float, float] | None = None
    if zone is not None:
        try:
            low, high = (float(part) for part in zone.split(","))
        except ValueError:
            raise EvidenceError(
                "this is not a zone", field="zone", value=zone, expected="two numbers, such as -0.2,0.2"
            ) from None
        ends = (low, high)
    log = None
    if decisions is not None:
        try:
            log = DecisionLog.read(decisions)
        except (OSError, UnicodeDecodeError) as problem:
            raise EvidenceError(
                f"the decisions cannot be read ({problem})", file=str(decisions), advice="check the path"
            ) from None
    return Question(ends, failures, log)


def _check_folder(folder: Path | None, files: list[Path]) -> None:
    """Results go to a folder of their own."""
    from opentrd.record.raw import InputError

    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder} is a file; give the name of a folder.")
    for file in files:
        if folder.resolve() in file.resolve().parents:
            raise InputError(f"--out {folder} holds the input {file}; give another folder for the results.")
