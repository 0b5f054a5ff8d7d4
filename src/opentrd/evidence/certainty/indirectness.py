"""Does a trial speak about the resistance that is asked about? Its entry rule against a stated number of failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.evidence.certainty.tools import propose
from opentrd.evidence.errors import EvidenceError
from opentrd.knowledge.tool_rules import Decision


def trial_indirectness(required: int | None, failures: int) -> Decision:
    """How indirect a trial is for persons with this many failed treatments.

    ``required``: failed treatments that the trial asked for (0: none; None: not known, then the decision stays open);
    ``failures``: failed treatments of the persons asked about, at the least that is certain. The rules are the rows of
    ``trd_indirectness`` in the table ``tool_rule``, a convention of OpenTRD.
    """
    if failures < 0 or (required is not None and required < 0):
        raise EvidenceError(
            "a number of failures below zero", field="failures", value=min(failures, required or 0)
        )
    numbers = {"required": required, "gap": None if required is None else failures - required}
    return propose("trd_indirectness", numbers)["overall"]


def indirect_shares(
    studies: Sequence[Mapping[str, Any]], failures: int
) -> tuple[float, float, list[dict[str, Any]]]:
    """Share of the weight in trials that are indirect, share in trials that cannot be told, and one row for each study.

    ``studies``: rows with study, weight (any unit) and failed_trials_required (None: not known).
    """
    total = sum(float(row["weight"]) for row in studies)
    if not total > 0:
        raise EvidenceError("the weights do not add up to anything", field="weight", value=total)
    indirect = unknown = 0.0
    rows = []
    for row in studies:
        decision = trial_indirectness(row.get("failed_trials_required"), failures)
        share = float(row["weight"]) / total
        if decision.judgement is None:
            unknown += share
        elif decision.judgement != "not serious":
            indirect += share
        rows.append(
            {
                "study": row["study"], "share": share, "required": row.get("failed_trials_required"),
                "asked_about": failures, "judgement": decision.judgement, "rules": "; ".join(decision.rules),
            }
        )  # fmt: skip
    return indirect, unknown, rows
