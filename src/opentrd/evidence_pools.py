"""Questions that are set in the knowledge (``pool_question``, ``pool_member``), pooled: which studies, which measure.

A study that gives several effects with one control group (doses of one trial) counts once: their mean, with a correlation of
1/2 between them, which is that of contrasts with a shared control group of equal size (Borenstein, Hedges, Higgins &
Rothstein, Introduction to Meta-Analysis, 2009, chapter 25). Arms that are counted together are one group (Cochrane Handbook
6.5, 23.3.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from opentrd import evidence, knowledge
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.result import PairwiseResult

Row = Mapping[str, Any]
SHARED_CONTROL = 0.5
_EVENTS = {"response": "events_response", "remission": "events_remission", "other": "events"}


def set_questions() -> list[Row]:
    """The questions of the knowledge, in the order of their table; none where there is no such table."""
    return list(knowledge.table("pool_question").to_pylist()) if "pool_question" in knowledge.tables() else []


def members(pool: str) -> list[Row]:
    """What the studies give to a question."""
    return [row for row in knowledge.table("pool_member").to_pylist() if row["pool"] == pool]


def pool_question(question: Row, scale: Any, standard_error: Any) -> tuple[tuple[Row, ...], PairwiseResult]:
    """The rows that answer a question (effects; of counts a row that says them), and their meta-analysis.

    ``scale``, ``standard_error``: the estimate and standard error of an effect row on the scale of the engine. Raises
    EvidenceError where a row named is not there or has no interval.
    """
    effects = {row["effect"]: row for row in knowledge.table("effect").to_pylist()}
    arms = {(row["study"], row["arm"]): row for row in knowledge.table("arm").to_pylist()}
    shown: list[Row] = []
    found: dict[str, list[tuple[float, float]]] = {}
    for member in members(question["pool"]):
        if member["effect"]:
            row = effects.get(member["effect"])
            error = standard_error(row) if row is not None else None
            if row is None or row["estimate"] is None or error is None:
                raise EvidenceError(
                    "the effect cannot be pooled: it is not there, or has no interval", field="effect",
                    value=member["effect"], expected=f"a row of effect.csv, for the question {question['pool']}",
                )  # fmt: skip
            point = (scale(row), error**2)
        else:
            row, point = _counted(question, member, arms)
        shown.append(row)
        found.setdefault(member["study"], []).append(point)
    study, yi, vi = [], [], []
    for name, points in found.items():
        mean, variance = together(points)
        study.append(name)
        yi.append(mean)
        vi.append(variance)
    data = evidence.read_effects({"study": study, "yi": yi, "vi": vi})
    # With so few studies the plain Knapp-Hartung interval can be narrower than that of a common effect.
    result = evidence.pool(replace(data, measure=question["measure"]), test="knapp-hartung-adhoc")
    several = [name for name, points in found.items() if len(points) > 1]
    notes = [question["caution"]]
    if several:
        notes.append(
            f"effects of {', '.join(several)} share a control group: their mean is used, once, with correlation 1/2"
        )
    return tuple(shown), replace(result, notes=(*notes, *result.notes))


def together(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The mean of effects that share a control group, and its variance."""
    estimates, errors = np.array([y for y, _ in points]), np.sqrt([v for _, v in points])
    correlation = np.full((len(points), len(points)), SHARED_CONTROL)
    np.fill_diagonal(correlation, 1.0)
    return float(estimates.mean()), float(errors @ correlation @ errors) / len(points) ** 2


def _counted(
    question: Row, member: Row, arms: Mapping[tuple[str, str], Row]
) -> tuple[Row, tuple[float, float]]:
    field = _EVENTS[member["event"]]
    groups = []
    for names in (member["arms"], member["control_arms"]):
        rows = [arms.get((member["study"], name.strip())) for name in names.split(";")]
        if any(row is None or row[field] is None or row["n"] is None for row in rows):
            raise EvidenceError(
                f"the arms cannot be counted: one is not there, or has no n or no {field}", field="arms", value=names,
                expected=f"arms of {member['study']} in arm.csv, for the question {question['pool']}",
            )  # fmt: skip
        groups.append((sum(row[field] for row in rows if row), sum(row["n"] for row in rows if row)))
    (a, n1), (c, n2) = groups
    yi, vi = evidence.effect_sizes(question["measure"], events_1=[a], n_1=[n1], events_2=[c], n_2=[n2])
    empty = dict.fromkeys(knowledge.table("effect").column_names)
    shown = {
        **empty, "effect": "", "study": member["study"], "comparison": f"{member['arms']} vs {member['control_arms']}",
        "outcome": member["event"], "measure": question["measure"], "result": f"{a:g} of {n1:g} against {c:g} of {n2:g}",
        "contrast": "between", "better": question["better"], "knowledge_status": "computed",
    }  # fmt: skip
    return shown, (float(yi[0]), float(vi[0]))
