"""Did participants know what they got? What a registry says of masking, and what the treatment itself betrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from opentrd import knowledge
from opentrd.evidence.certainty.tools import propose
from opentrd.evidence.errors import EvidenceError

# What masking by design says about "participants knew", "carers knew", "assessors knew" (RoB 2 items 2.1, 2.2, 4.3).
_MASKING = {
    "open": ("Y", "Y", "Y"),
    "rater-blind": ("Y", "Y", "PN"),
    "double-blind": ("PN", "PN", "PN"),
}
_STRENGTH = ("NI", "PY", "Y")


def functional_unblinding(treatment: str, control: str) -> list[dict[str, Any]]:
    """Rows of knowledge by which a treatment betrays itself against this kind of control, the strongest first.

    ``treatment``: its name in words; ``control``: saline, placebo, midazolam, low dose, sham, ... Each row has the expected
    answer to "did participants know" (Y, PY or NI: cannot be told), the reason and its source. An empty list says that
    nothing is known, not that the blind holds.
    """
    found = [
        row
        for row in knowledge.table("unmasking").to_pylist()
        if row["control"] == control and re.search(rf"\b{re.escape(row['term'])}\b", treatment, re.IGNORECASE)
    ]
    return sorted(found, key=lambda row: -_STRENGTH.index(row["expected"]))


def prefill_rob2(
    blinding: str | None,
    arms: Sequence[Mapping[str, Any]],
    *,
    self_rated: bool,
    analysed: float | None = None,
) -> list[dict[str, Any]]:
    """Answers to RoB 2 items that a trial's own record proposes, each with its reason; a person checks them.

    ``blinding``: open, rater-blind, double-blind, or None (then nothing is proposed from it); ``arms``: rows with
    ``treatment`` and ``control`` (empty for the treatment studied); ``self_rated``: the outcome is rated by the participant,
    who is then its assessor; ``analysed``: share of the randomised whose outcome is known (0 to 1).

    Rows: item, answer, because, knowledge_status. A treatment that betrays itself raises items 2.1 and, for a self-rated
    outcome, 4.3, whatever masking says. Item 3.1 follows the rules of the tool ``rob2_prefill``.
    Raises EvidenceError for an unknown kind of blinding or a share outside 0 to 1.
    """
    if blinding is not None and blinding not in _MASKING:
        raise EvidenceError(
            "unknown kind of blinding", field="blinding", value=blinding, expected=", ".join(_MASKING)
        )
    if analysed is not None and not 0 <= analysed <= 1:
        raise EvidenceError("not a share", field="analysed", value=analysed, expected="0 to 1")
    rows: dict[str, dict[str, Any]] = {}
    if blinding is not None:
        participants, carers, assessors = _MASKING[blinding]
        said = f"masking by design: {blinding}"
        for item, answer in (
            ("2.1", participants), ("2.2", carers), ("4.3", participants if self_rated else assessors),
        ):  # fmt: skip
            rows[item] = {"item": item, "answer": answer, "because": said, "knowledge_status": "computed"}
    controls = {arm["control"] for arm in arms if arm.get("control")}
    for arm in arms:
        if arm.get("control"):
            continue
        for control in sorted(controls):
            for found in functional_unblinding(str(arm["treatment"]), str(control)):
                for item in ("2.1", "4.3") if self_rated else ("2.1",):
                    _raise(rows, item, found, control)
    if analysed is not None:
        found_by_size = propose("rob2_prefill", {"analysed": analysed})["3.1"]
        rows["3.1"] = {
            "item": "3.1", "answer": found_by_size.judgement,
            "because": f"{analysed:.0%} of the randomised have the outcome", "knowledge_status": "recalled",
        }  # fmt: skip
    return [rows[item] for item in sorted(rows)]


def _raise(rows: dict[str, dict[str, Any]], item: str, found: Mapping[str, Any], control: str) -> None:
    """Put the answer that the treatment betrays in the place of a weaker one."""
    order = ("N", "PN", "NI", "PY", "Y")
    now = rows.get(item, {"answer": "N"})["answer"]
    if order.index(found["expected"]) > order.index(now):
        rows[item] = {
            "item": item,
            "answer": found["expected"],
            "because": f"{found['term']} against {control}: {found['says']} ({found['source']})",
            "knowledge_status": found["knowledge_status"],
        }
