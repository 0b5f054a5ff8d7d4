"""CINeMA-type proposals for one comparison of a network, with the numbers they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.evidence.certainty.grade import _bias_shares
from opentrd.evidence.certainty.indirectness import indirect_shares
from opentrd.evidence.certainty.tools import definition, propose
from opentrd.evidence.certainty.zones import areas_alike, check_interval, check_zone, crossings
from opentrd.evidence.errors import EvidenceError

Interval = tuple[float, float]


def propose_cinema(
    contributions: Sequence[Mapping[str, Any]],
    *,
    interval: Interval,
    prediction: Interval | None,
    zone: Interval,
    direct: Interval | None,
    indirect: Interval | None,
    global_p: float | None = None,
    failures: int | None = None,
) -> list[dict[str, Any]]:
    """One row for each domain: scope, proposed (empty: open), possible, rules, missing, numbers, version, knowledge_status.

    ``contributions``: rows with study, weight (its share of this comparison, from the contribution matrix), risk_of_bias and,
    where known, failed_trials_required; ``interval``, ``prediction``: of the network estimate; ``zone``: differences too small
    to matter; ``direct``, ``indirect``: the intervals of direct and indirect evidence (None: there is none); ``global_p``: of
    the design-by-treatment test, which alone speaks where all evidence is indirect; ``failures``: failed treatments of the
    persons asked about.

    The rules are the rows of the tool ``cinema``, by an early version of the documentation of the CINeMA web tool. Reporting
    bias and the final confidence are a person's: a row says so. Raises EvidenceError.
    """
    check_zone(zone)
    if direct is None and indirect is None:
        raise EvidenceError("neither direct nor indirect evidence", field="direct, indirect")
    network = check_interval(*interval, "interval")
    if network is None:
        raise EvidenceError("the network estimate has no interval", field="interval", value=interval)
    spread = None if prediction is None else check_interval(*prediction, "prediction")
    both = None
    if direct is not None and indirect is not None:
        both = areas_alike(direct, indirect, zone)
    shares: tuple[float | None, float | None] = (None, None)
    if failures is not None:
        share, unknown, _ = indirect_shares(contributions, failures)
        shares = (share, unknown)
    total = sum(float(row["weight"]) for row in contributions)
    if not total > 0:
        raise EvidenceError("the contributions do not add up to anything", field="weight", value=total)
    numbers: dict[str, float | None] = {
        **_bias_shares(contributions, total),
        "indirect_share": shares[0],
        "indirect_unknown_share": shares[1],
        "ci_crossings": crossings(network, zone),
        "pi_extra": None if spread is None else max(crossings(spread, zone) - crossings(network, zone), 0),
        "direct": float(direct is not None),
        "indirect": float(indirect is not None),
        "global_p": global_p,
        "areas_shared": both,
    }
    tool = definition("cinema")
    rows: list[dict[str, Any]] = []
    for scope, decision in propose("cinema", numbers).items():
        used = {name for rule in tool.rules[scope] for name in (clause.subject for clause in rule.clauses)}
        said = [
            f"{name} {value:.4g}" for name, value in numbers.items() if name in used and value is not None
        ]
        rows.append(
            {
                "scope": scope, "proposed": decision.judgement or "", "possible": "; ".join(decision.possible),
                "rules": "; ".join(decision.rules), "missing": "; ".join(decision.missing),
                "numbers": "; ".join(said), "version": tool.row["version"],
                "knowledge_status": tool.knowledge_status,
            }
        )  # fmt: skip
    for scope in ("reporting bias", "confidence"):
        rows.append(
            {
                "scope": scope, "proposed": "", "possible": "a person decides", "rules": "", "missing": "",
                "numbers": "", "version": tool.row["version"], "knowledge_status": tool.knowledge_status,
            }
        )  # fmt: skip
    return rows
