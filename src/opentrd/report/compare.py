"""``opentrd compare``: from a finished run to the tables and the page of a comparison of its definitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import opentrd
from opentrd import knowledge
from opentrd.compare import Comparison, RunError, compare
from opentrd.knowledge.wording import definition_texts
from opentrd.record.raw import InputError
from opentrd.report import compare_omop
from opentrd.report.compare_extra import accuracy, by_true_number, effects, levels, specifications
from opentrd.report.compare_files import write_table
from opentrd.report.compare_page import page
from opentrd.report.compare_tables import MOST_SETS, Tables

DEFAULT_MIN_COUNT = 5
# The columns of a table without rows, so that its file still says what it would hold.
EMPTY = {
    "prevalence": ("definition", "persons", "eligible_low", "eligible_high", "met_low", "met_high"),
    "group": ("definition", "kind", "level", "persons", "met_low", "met_high"),
    "attrition": ("definition", "step", "meaning", "persons"),
    "agreement": ("definition_a", "definition_b", "persons", "both_met", "only_a", "only_b", "neither"),
    "disagreement": ("met_by", "not_met_by", "in_denominator", "clause", "persons"),
    "missed": ("definition", "in_denominator", "clause", "persons"),
    "joint": ("definitions", "persons"),
    "time_to_resistance": ("definition", "reading", "followed", "events"),
    "curve": ("definition", "reading", "day", "at_risk", "risk"),
    "follow_up": ("definition", "fate", "persons"),
    "pathway": ("line_1", "line_2", "line_3", "line_4", "persons"),
}
_OPTIONAL = ("accuracy", "true_number", "parameter_effect", "parameter_level", "specification")


def write_comparison(
    run_dir: Path,
    *,
    truth: Path | None = None,
    min_count: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write ``RUN_DIR/compare/``: tables as Parquet and CSV, OHDSI's summarised result, and ``index.html``; return the page.

    ``min_count`` is the smallest count that is shown (default: that of the run). Raises InputError when the run or the
    truth cannot be used.
    """
    try:
        comparison = compare(run_dir, truth, progress=progress)
    except RunError as problem:
        raise InputError(str(problem)) from None
    try:
        least = _min_count(comparison.facts, run_dir) if min_count is None else min_count
        texts = definition_texts(comparison.connection)
        tables = _tables(comparison, texts, least)
        folder = run_dir / "compare"
        folder.mkdir(exist_ok=True)
        for name in _OPTIONAL:
            for kind in ("parquet", "csv"):
                (folder / f"{name}.{kind}").unlink(missing_ok=True)
        for name, rows in tables.items():
            write_table(folder, name, rows, EMPTY.get(name, ()))
        compare_omop.write(
            folder,
            tables,
            cdm_name=str(comparison.facts.get("input_kind") or "opentrd"),
            version=opentrd.__version__,
            min_count=least,
        )
        meta = {
            "version": comparison.facts.get("opentrd") or opentrd.__version__,
            "knowledge_digest": comparison.facts.get("knowledge_sha256") or "",
            "min_count": least,
            "persons": comparison.persons,
            "as_of": comparison.facts.get("as_of"),
            "other_knowledge": comparison.facts.get("knowledge_sha256") not in (None, knowledge.digest()),
            "has_person": "person" in comparison.tables,
        }
        text = page(tables, texts, meta)
    finally:
        comparison.close()
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


def _tables(comparison: Comparison, texts: Mapping[str, Mapping[str, str]], least: int) -> dict[str, Any]:
    made = Tables(comparison, {name: text["title"] for name, text in texts.items()}, least)
    agreement = made.agreement()
    sets, rest = made.joint(MOST_SETS)
    summaries, points, fates = made.times()
    joint: list[dict[str, Any]] = list(sets)
    if rest.text != "0":
        joint.append({"definitions": ["(all other sets)"], "persons": rest})
    tables: dict[str, Any] = {
        "prevalence": made.prevalence(),
        "group": made.groups(),
        "attrition": made.attrition(),
        "agreement": agreement,
        "disagreement": made.disagreement(agreement),
        "missed": made.missed(),
        "joint": joint,
        "time_to_resistance": summaries,
        "curve": points,
        "follow_up": fates,
        "pathway": made.pathways(),
    }
    if "true_count" in comparison.tables:
        tables["accuracy"] = accuracy(comparison)
        tables["true_number"] = by_true_number(comparison)
    if "parameter_effect" in comparison.tables:
        tables["parameter_effect"] = effects(comparison)
        tables["parameter_level"] = levels(comparison)
        tables["specification"] = specifications(comparison, least)
    return tables


def _min_count(facts: Mapping[str, Any], run_dir: Path) -> int:
    given = facts.get("min_count", DEFAULT_MIN_COUNT)
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise InputError(
            f"{run_dir / 'run.json'}: min_count is {given!r}, expected a whole number from 1 on; "
            "run `opentrd assess` again or give --min-count."
        )
    return given
