"""The certainty on a page: proposals with their numbers, and beside them what a person decided (from a log of decisions)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from opentrd.evidence import EvidenceError, egger
from opentrd.evidence.certainty import DecisionLog, propose_cinema, propose_grade
from opentrd.evidence.network import NetworkResult, interaction
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.report.evidence_shared import contribution_of, splits_of

Row = Mapping[str, Any]
# Below so many studies a test of asymmetry has hardly any power (Sterne et al., BMJ 2011;343:d4002).
FEW_FOR_ASYMMETRY = 10
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_RISKS = ("low", "some concerns", "high")
NEEDS = "Not assessed: it needs the differences that are too small to matter (--zone LOW,HIGH, on the scale of the analysis)."

# The names of the numbers in the rules, in words.
_NUMBERS = {
    "high_share": "share of weight at high risk of bias", "low_share": "share of weight at low risk of bias",
    "pi_extra": "limits that only the prediction interval crosses", "i2_low": "lower end of I²",
    "ci_crossings": "limits that the interval crosses", "ois_ratio": "persons over those needed",
    "indirect_unknown_share": "share of weight of unknown indirectness",
    "indirect_share": "share of weight in indirect studies", "egger_p": "p of Egger's test",
    "unregistered_share": "share of weight in unregistered studies", "k": "studies",
    "direct": "direct evidence", "indirect": "indirect evidence", "global_p": "p of the interaction test",
    "areas_shared": "areas where direct and indirect agree",
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What a certainty is asked for. ``zone``: differences too small to matter, on the scale of the analysis (logarithms for
    ratios); ``failures``: failed treatments of the persons asked about (None: indirectness stays open); ``decisions``:
    what persons decided."""

    zone: tuple[float, float] | None = None
    failures: int | None = None
    decisions: DecisionLog | None = None


def pairwise_certainty(result: PairwiseResult, name: str, question: Question) -> dict[str, Any]:
    """``rows`` of a proposal in the words of GRADE (and what was decided), or ``why_not``."""
    if len(result.terms) > 1:
        return {"rows": [], "why_not": "A meta-regression has no single result to grade."}
    if question.zone is None:
        return {"rows": [], "why_not": NEEDS}
    raw = result.data.raw
    studies = [
        {
            "study": row["study"],
            "weight": row["weight"],
            **_said({key: cells[place] for key, cells in raw.columns.items()}, raw.file, raw.rows[place]),
        }
        for place, row in enumerate(result.studies())
    ]
    p = egger(result)["p_value"] if result.k >= FEW_FOR_ASYMMETRY else None
    proposal = propose_grade(
        result.table(), studies, zone=question.zone, failures=question.failures, egger_p=p
    )
    return {
        "rows": _decided(proposal.table(), name, question.decisions),
        "why_not": "",
        "zone": question.zone,
    }


def network_certainty(result: NetworkResult, question: Question) -> dict[str, Any]:
    """For each treatment against the reference ``rows`` of a CINeMA-type proposal (and what was decided), or ``why_not``."""
    if question.zone is None:
        return {"pairs": [], "why_not": NEEDS}
    try:
        shares = contribution_of(result)
    except EvidenceError as problem:
        return {"pairs": [], "why_not": str(problem)}
    facts = [_of_study(study.rows, study.name) for study in result.network.studies]
    splits = {frozenset((row["treatment_1"], row["treatment_2"])): row for row in splits_of(result)}
    half = float(norm.ppf((1 + result.level) / 2))
    agreement = interaction(result).between.p
    pairs = []
    for row in result.league(result.reference):
        pair = frozenset((row["treatment_1"], row["treatment_2"]))
        place = next(i for i, names in enumerate(shares.estimates) if frozenset(names) == pair)
        weights = shares.studies[place]
        rows = [
            {"study": study.name, "weight": float(weights[i]), **facts[i]}
            for i, study in enumerate(result.network.studies)
            if weights[i] > 0
        ]
        direct, indirect = _sides(row, splits.get(pair), half)
        proposal = propose_cinema(
            rows,
            interval=(row["ci_low"], row["ci_high"]),
            prediction=None if row["pi_low"] is None else (row["pi_low"], row["pi_high"]),
            zone=question.zone,
            direct=direct,
            indirect=indirect,
            global_p=agreement,
            failures=question.failures,
        )
        subject = f"{row['treatment_1']} against {row['treatment_2']}"
        pairs.append({"pair": subject, "rows": _decided(proposal, subject, question.decisions)})
    return {"pairs": pairs, "why_not": "", "zone": question.zone}


Interval = tuple[float, float]


def _sides(row: Row, split: Row | None, half: float) -> tuple[Interval | None, Interval | None]:
    """The intervals of direct and of indirect evidence; where the two cannot be told apart, all is the one that is there."""
    whole = (float(row["ci_low"]), float(row["ci_high"]))
    if split is None:
        return None, whole
    sign = 1.0 if split["treatment_1"] == row["treatment_1"] else -1.0
    sides: list[Interval | None] = []
    for what in ("direct", "indirect"):
        middle, se = split[what], split[f"se_{what}"]
        if middle is None:
            sides.append(None)
            continue
        low, high = sorted(sign * (middle + turn * half * se) for turn in (-1, 1))
        sides.append((float(low), float(high)))
    return (whole, None) if sides == [None, None] else (sides[0], sides[1])


def _decided(rows: Sequence[Row], subject: str, log: DecisionLog | None) -> list[dict[str, Any]]:
    """Proposals with the decision that holds: decided, by, reason, on; empty where nobody has decided."""
    made = []
    for row in rows:
        found = log.holding(subject, row["scope"]) if log else None
        said = "" if found is None else f"{found.decided} ({found.by}, {found.on})"
        made.append(
            {
                **row, "numbers": _in_words(row["numbers"]), "missing": _in_words(row["missing"]),
                "possible": "" if row["possible"] == row["proposed"] else row["possible"],
                "decided": said, "reason": "" if found is None else found.reason,
            }
        )  # fmt: skip
    return made


def _in_words(text: str) -> str:
    """``high_share 0.2; k 13`` with the names of the numbers in words."""
    parts = []
    for part in text.split("; "):
        name, _, rest = part.partition(" ")
        parts.append(f"{_NUMBERS[name]} {rest}".strip() if name in _NUMBERS else part)
    return "; ".join(parts)


def _of_study(rows: Sequence[Row], name: str) -> dict[str, Any]:
    """What all rows of a study say together: the worst risk of bias, the fewest failed trials that an arm required."""
    found = [_said(row, None, name) for row in rows]
    risks = [row["risk_of_bias"] for row in found if row["risk_of_bias"]]
    required = [row["failed_trials_required"] for row in found if row["failed_trials_required"] is not None]
    return {
        "risk_of_bias": max(risks, key=_RISKS.index) if risks else None,
        "failed_trials_required": int(np.min(required)) if required else None,
    }


def _said(cells: Row, file: str | None, row: int | str) -> dict[str, Any]:
    """The columns ``risk_of_bias``, ``failed_trials_required`` and ``registered`` of a row. Raises EvidenceError."""

    def cell(name: str) -> str | None:
        text = str(cells.get(name) or "").strip().lower()
        return text if text not in ("", "na") else None

    def fault(name: str, expected: str) -> EvidenceError:
        return EvidenceError(
            "this cannot be used for the certainty", file=file, row=row, field=name, value=cell(name),
            expected=expected, advice="correct the cell, or leave it empty where it is not known",
        )  # fmt: skip

    risk, required, registered = cell("risk_of_bias"), cell("failed_trials_required"), cell("registered")
    if risk is not None and risk not in _RISKS:
        raise fault("risk_of_bias", ", ".join(_RISKS))
    if required is not None and not required.isdigit():
        raise fault("failed_trials_required", "a whole number, 0 or more")
    if registered is not None and registered not in _TRUTHS:
        raise fault("registered", "true or false")
    return {
        "risk_of_bias": risk,
        "failed_trials_required": None if required is None else int(required),
        "registered": None if registered is None else _TRUTHS[registered],
    }
