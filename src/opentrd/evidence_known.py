"""What the knowledge's own studies allow: which effects can be pooled with each other, and for every other one why not.

Two effects are pooled only if they answer one question: the same comparison, outcome, measure, time, way of counting a response
and direction, from studies that share no persons, with an interval (or a standard error) each. Everything else is listed with
its reason and, where several estimates are on one scale, summarised by median and range (Cochrane Handbook, 12.2.1.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from opentrd import evidence, knowledge
from opentrd.evidence.convert import se_from_interval
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.narrative import summarise_estimates
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence_pools import members, pool_question, set_questions

Row = Mapping[str, Any]
ALL = "all"
POOLS = "pools"
# Measure of an effect row -> the measure of the engine that has its scale.
_RATIOS = {"OR": "OR", "Peto OR": "PETO", "RR": "RR", "HR": "HR"}
_DIFFERENCES = {"d": "SMD", "g": "SMD", "SMD": "SMD", "MD": "MD", "RD": "RD", "RD per 100": "RD"}
_POOLING = ("meta-analysis", "network meta-analysis", "individual participant data meta-analysis")
_SAME = ("comparison", "outcome", "measure", "timepoint", "timing", "response_threshold_pct", "better")
# Where a topic is looked for, beside the effects themselves.
_STUDY_TEXT = ("study", "trial_name", "first_author", "groups", "population", "primary_outcome", "doi")


@dataclass(frozen=True)
class PooledQuestion:
    """One question with at least two independent effects: its words, its effect rows, and their meta-analysis. ``pool``: its
    name where it is set in the knowledge, else empty."""

    words: str
    effects: tuple[Row, ...]
    result: PairwiseResult
    pool: str = ""


@dataclass(frozen=True)
class Topic:
    """Everything the knowledge has on a topic. ``questions``: what can be pooled; ``rest``: every other effect row with
    ``reason``; ``summaries``: outcome, measure, k, median, least, most, comparisons; ``studies``: the rows of these
    studies."""

    name: str
    questions: tuple[PooledQuestion, ...]
    rest: tuple[Row, ...]
    summaries: tuple[Row, ...]
    studies: tuple[Row, ...]


def known_effects(found: Topic) -> int:
    """How many effect rows a topic has, each once."""
    named = {row["effect"] for one in found.questions for row in one.effects} | {
        row["effect"] for row in found.rest
    }
    return len(named - {""})


def topic(name: str) -> Topic:
    """What is known on a topic: a text with which a word of a study (name, groups, population, outcome) or of an effect
    begins, ``all``, ``pools`` (the questions set in the knowledge), or the name of one of these.

    Raises EvidenceError when nothing holds it.
    """
    wanted = name.strip().casefold()
    asked = [row for row in set_questions() if wanted in (POOLS, row["pool"])]
    if asked:
        return _set_topic(name.strip(), asked)
    studies = {row["study"]: row for row in knowledge.table("study").to_pylist()}
    effects = knowledge.table("effect").to_pylist()
    if wanted != ALL:
        by_study = {key for key, row in studies.items() if _holds(row, _STUDY_TEXT, wanted)}
        effects = [
            row
            for row in effects
            if row["study"] in by_study or _holds(row, ("comparison", "outcome"), wanted)
        ]
        named = by_study | {row["study"] for row in effects}
    else:
        named = set(studies)
    if not wanted or not named:
        raise EvidenceError(
            "no study and no effect of the knowledge holds this text", field="topic", value=name,
            expected="a treatment, a study, an outcome, a set question, pools, or all",
            advice="opentrd knowledge study lists the studies",
        )  # fmt: skip
    reasons = {row["effect"]: _why_not(row, studies[row["study"]]) for row in effects}
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in effects:
        if not reasons[row["effect"]]:
            groups.setdefault(tuple(row[column] for column in _SAME), []).append(row)
    questions = []
    for rows in groups.values():
        kept = _independent(rows, studies, reasons)
        if len(kept) > 1:
            questions.append(_pooled(kept))
        else:
            reasons[kept[0]["effect"]] = "the only effect of this comparison, outcome, measure and time"
    questions += [
        made
        for row in set_questions()
        if {one["study"] for one in members(row["pool"])} <= named
        for made in [_set(row)]
    ]
    pooled = {row["effect"]: one.pool for one in questions if one.pool for row in one.effects}
    for key, pool in pooled.items():
        if reasons.get(key):
            reasons[key] = f"pooled in the set question {pool} only"
    rest = tuple({**row, "reason": reasons[row["effect"]]} for row in effects if reasons[row["effect"]])
    return Topic(
        name.strip(), tuple(questions), rest, () if wanted == ALL else tuple(_summaries(rest)),
        tuple(studies[key] for key in sorted(named)),
    )  # fmt: skip


def _set_topic(name: str, asked: Sequence[Row]) -> Topic:
    questions = tuple(_set(row) for row in asked)
    named = {row["study"] for one in questions for row in one.effects}
    studies = tuple(row for row in knowledge.table("study").to_pylist() if row["study"] in named)
    return Topic(name, questions, (), (), studies)


def _set(row: Row) -> PooledQuestion:
    effects, result = pool_question(row, _scaled, _scaled_error)
    return PooledQuestion(row["question"], effects, result, row["pool"])


def _scaled(row: Row) -> float:
    """The estimate of an effect row on the scale of the engine: ratios as logarithms, per 100 as shares."""
    if row["measure"] in _RATIOS:
        return float(np.log(row["estimate"]))
    return float(row["estimate"]) / (100.0 if row["measure"] == "RD per 100" else 1.0)


def _scaled_error(row: Row) -> float | None:
    error = _standard_error(row)
    return None if error is None else error / (100.0 if row["measure"] == "RD per 100" else 1.0)


def _holds(row: Row, columns: Sequence[str], text: str) -> bool:
    begins = re.compile(rf"(?<!\w){re.escape(text)}")
    return any(begins.search(str(row.get(column) or "").casefold()) for column in columns)


def _why_not(row: Row, study: Row) -> str:
    """Why an effect row cannot be pooled, empty where nothing stands against it."""
    if row["contrast"] != "between":
        return "a change within one group, not an effect against a control"
    if row["printed_inconsistent"]:
        return f"as printed it cannot be right: {row['inconsistency'] or 'see the row'}"
    if row["estimate"] is None:
        return "no estimate is printed"
    if row["k_studies"] or study["design"] in _POOLING or row["analysis"] == "meta-analytic":
        return "a pooled estimate: pooling it again would count its studies twice"
    if row["measure"] not in _RATIOS and row["measure"] not in _DIFFERENCES:
        return f"this measure ({row['measure']}) is not pooled"
    if row["subgroup"]:
        return f"a subgroup ({row['subgroup']})"
    if _standard_error(row) is None:
        return "no interval and no standard error is printed, so it has no weight"
    if row["knowledge_status"] == "recalled":
        return "only recalled, not yet read in a source"
    return ""


def _independent(rows: Sequence[Row], studies: Mapping[str, Row], reasons: dict[str, str]) -> list[Row]:
    """One row for each sample of persons, the primary analysis first; the others get their reason."""
    kept: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["analysis"] != "primary", row["effect"])):
        sample = studies[row["study"]]["sample"]
        if sample not in kept:
            kept[sample] = row
        elif kept[sample]["study"] == row["study"]:
            reasons[row["effect"]] = "another row of the same study is used"
        else:
            reasons[row["effect"]] = f"shares its persons with {kept[sample]['study']}"
    return sorted(kept.values(), key=lambda row: row["effect"])


def _standard_error(row: Row) -> float | None:
    """From the interval (of ratios: of the logarithm), else as it is printed beside a difference ("SE 2.99")."""
    ratio = row["measure"] in _RATIOS
    if row["ci_low"] is not None and row["ci_high"] is not None:
        level = row["ci_level"] or 0.95
        return float(se_from_interval(row["ci_low"], row["ci_high"], level=level, ratio=ratio)[0])
    said = re.search(r"\bSE (\d+(?:\.\d+)?)", f"{row['result'] or ''} {row['test_statistic'] or ''}")
    return float(said[1]) if said and not ratio and float(said[1]) > 0 else None


def _pooled(rows: Sequence[Row]) -> PooledQuestion:
    first = rows[0]
    yi = [_scaled(row) for row in rows]
    vi = [(_scaled_error(row) or 0.0) ** 2 for row in rows]
    table = evidence.read_effects({"study": [row["study"] for row in rows], "yi": yi, "vi": vi})
    measure = {**_RATIOS, **_DIFFERENCES}[first["measure"]]
    parts = [first["comparison"], first["outcome"], first["timepoint"], first["timing"]]
    result = evidence.pool(replace(table, measure=measure))
    return PooledQuestion("; ".join(str(part) for part in parts if part), tuple(rows), result)


def _summaries(rest: Sequence[Row]) -> list[Row]:
    """Estimates of at least two studies on one outcome, measure and control that could not be pooled: median and range."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rest:
        usable = (
            row["contrast"] == "between"
            and row["estimate"] is not None
            and not row["printed_inconsistent"]
            and not row["subgroup"]
            and not row["reason"].startswith(("a pooled", "another row", "shares", "pooled in"))
        )
        if usable:
            key = (row["outcome"], row["measure"], row["better"], _against(row["comparison"]))
            groups.setdefault(key, []).append(row)
    made: list[Row] = []
    for (outcome, measure, better, against), rows in groups.items():
        if len({row["study"] for row in rows}) < 2:
            continue
        found = summarise_estimates([row["estimate"] for row in rows], [row["measure"] for row in rows])
        made.append(
            {
                "outcome": outcome, "measure": measure, "better": better, "against": against, **found,
                "studies": len({row["study"] for row in rows}),
                "comparisons": "; ".join(dict.fromkeys(f"{row['comparison']} ({row['study']})" for row in rows)),
            }
        )  # fmt: skip
    return made


def _against(comparison: str) -> str:
    """What a comparison is against: the words after its last "vs" or "minus"."""
    return re.split(r" vs | minus ", comparison)[-1].strip()
