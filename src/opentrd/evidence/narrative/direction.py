"""The data of effect-direction and harvest plots, from rows of effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.evidence.errors import EvidenceError

Row = Mapping[str, Any]


def direction_of(row: Row) -> int:
    """1: the estimate is an improvement, -1: a worsening, 0: it cannot be told.

    Reads ``estimate``, ``better`` (lower or higher) and ``measure`` (ratios turn at 1, everything else at 0).
    """
    estimate, better = row.get("estimate"), row.get("better")
    if estimate is None or better not in ("lower", "higher"):
        return 0
    turn = 1.0 if row.get("measure") in ("OR", "Peto OR", "RR", "HR", "fold") else 0.0
    if estimate == turn:
        return 0
    return 1 if (estimate > turn) == (better == "higher") else -1


def effect_direction(rows: Sequence[Row], *, agreement: float) -> list[dict[str, Any]]:
    """One row for each study and outcome: how many effects, and the direction most of them have.

    ``rows``: effects between groups, with study, outcome and what :func:`direction_of` reads; effects within one group are
    refused, since a change from before to after is not an effect of the treatment. ``agreement``: share of effects that
    have to agree for a direction (the updated effect direction plot of Boon & Thomson 2021 is commonly used with 0.7).
    ``direction``: better, worse, conflicting, unclear. Raises EvidenceError.
    """
    if not 0.5 < agreement <= 1:
        raise EvidenceError(
            "not a majority", field="agreement", value=agreement, expected="above 0.5, at most 1"
        )
    groups: dict[tuple[str, str], list[Row]] = {}
    for number, row in enumerate(rows, 1):
        if row.get("contrast") == "within":
            raise EvidenceError(
                "an effect within one group has no direction against a control", row=number, field="contrast",
                value="within", expected="between", advice="leave these rows out and say how many there were",
            )  # fmt: skip
        groups.setdefault((str(row["study"]), str(row["outcome"])), []).append(row)
    made = []
    for (study, outcome), own in groups.items():
        known = [direction for direction in map(direction_of, own) if direction]
        good = known.count(1) / len(known) if known else 0.0
        if not known:
            word = "unclear"
        elif good >= agreement:
            word = "better"
        else:
            word = "worse" if 1 - good >= agreement else "conflicting"
        made.append(
            {
                "study": study, "outcome": outcome, "effects": len(own), "better": known.count(1),
                "worse": known.count(-1), "direction": word, "n": max((row.get("n") or 0 for row in own), default=0) or None,
            }
        )  # fmt: skip
    return made


_HEIGHT = {"low": 3, "some concerns": 2, "high": 1}


def harvest(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Bars of a harvest plot: one for each study and outcome, in a column by its direction, higher with less bias.

    ``rows``: as :func:`effect_direction` returns them, with ``risk_of_bias`` (low, some concerns, high, or None: drawn with
    height 1 and marked as not judged). Columns come in the order worse, conflicting, unclear, better; within a column the
    most trustworthy bar stands first. Raises EvidenceError for an unknown direction or judgement (Ogilvie et al. 2008).
    """
    order = ("worse", "conflicting", "unclear", "better")
    bars = []
    for number, row in enumerate(rows, 1):
        risk, direction = row.get("risk_of_bias"), row.get("direction")
        if direction not in order:
            raise EvidenceError(
                "unknown direction", row=number, field="direction", value=direction, expected=", ".join(order)
            )
        if risk is not None and risk not in _HEIGHT:
            raise EvidenceError(
                "unknown risk of bias",
                row=number,
                field="risk_of_bias",
                value=risk,
                expected=", ".join(_HEIGHT),
            )
        bars.append(
            {
                "outcome": row["outcome"], "column": direction, "study": row["study"],
                "height": 1 if risk is None else _HEIGHT[risk], "judged": risk is not None, "n": row.get("n"),
            }
        )  # fmt: skip
    return sorted(
        bars, key=lambda bar: (bar["outcome"], order.index(bar["column"]), -bar["height"], bar["study"])
    )
