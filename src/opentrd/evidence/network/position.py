"""What stands beside every rank: where a treatment sits in the network, who was studied there, how certain it is.

A P-score alone favours thin nodes: a treatment of one small trial can head a list. So a rank is only shown with the number of
studies behind it, its comparators, and the certainty of the evidence (or that it was not assessed); and the transitivity table,
which says whether the nodes hold like patients, comes before any league table.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from opentrd.evidence.network.read import Line
from opentrd.evidence.network.structure import Network, Row, sort_names

# What decides, in treatment-resistant depression, whether trials of two nodes can be compared through a third.
MODIFIERS = ("definition", "stage", "baseline")
NOT_ASSESSED = "not assessed"
NOT_GIVEN = "not given"
_WEAKEST_FIRST = ("very low", "low", "moderate", "high")
CERTAINTIES = (*_WEAKEST_FIRST, NOT_ASSESSED)


def certainty_word(value: Any) -> str | None:
    """One of :data:`CERTAINTIES` as it is written here; None for any other word."""
    word = " ".join(str(value).lower().replace("-", " ").replace("_", " ").split())
    return word if word in CERTAINTIES else None


def check_certainty(lines: Sequence[Line]) -> None:
    """Raise EvidenceError for a certainty that is none of :data:`CERTAINTIES`, with its place."""
    for line in lines:
        for field in ("certainty", "certainty_1", "certainty_2"):
            word = line.text(field)
            if word is not None and certainty_word(word) is None:
                raise line.fault(
                    "this is no certainty of evidence",
                    field,
                    ", ".join(CERTAINTIES),
                    "correct the cell, or leave it empty",
                )


def positions(network: Network) -> list[dict[str, Any]]:
    """One row per treatment: studies, persons (None when not given), comparators, and whether it hangs on a single one."""
    neighbours: dict[str, set[str]] = {name: set() for name in network.treatments}
    studies: Counter[str] = Counter()
    persons: dict[str, list[float | None]] = {name: [] for name in network.treatments}
    for study in network.studies:
        for name in study.treatments:
            studies[name] += 1
            neighbours[name] |= set(study.treatments) - {name}
            persons[name].append(_persons(study.rows, name))
    rows = []
    for name in network.treatments:
        known = [value for value in persons[name] if value is not None]
        beside = sort_names(neighbours[name])
        rows.append(
            {
                "treatment": name,
                "studies": studies[name],
                "persons": sum(known) if known and len(known) == len(persons[name]) else None,
                "comparators": "; ".join(beside),
                "only_through": beside[0] if len(beside) == 1 and len(network.treatments) > 2 else None,
            }
        )
    return rows


def certainty_of(network: Network, given: dict[str, str] | None) -> dict[str, str]:
    """Treatment -> certainty: as given; else the weakest of the column ``certainty`` over its rows; else not assessed."""
    known = dict.fromkeys(network.treatments, NOT_ASSESSED)
    for name in network.treatments:
        words = {certainty_word(value) or str(value) for value in _values(network, name, "certainty")}
        graded = [word for word in _WEAKEST_FIRST if word in words]
        if words:
            known[name] = graded[0] if graded else "; ".join(sorted(words))
    return known | {
        name: certainty_word(value) or str(value) for name, value in (given or {}).items() if name in known
    }


def transitivity(network: Network, modifiers: tuple[str, ...] = MODIFIERS) -> list[dict[str, Any]]:
    """One row per treatment: studies, and of each modifier how it is spread over the studies of this node.

    Text: each value with the number of studies. Numbers: median [lowest, highest], and in how many studies it is missing.
    """
    rows = []
    for name in network.treatments:
        count = sum(name in study.treatments for study in network.studies)
        row: dict[str, Any] = {"treatment": name, "studies": count}
        for modifier in modifiers:
            values = _values(network, name, modifier)
            row[modifier] = _spread(values, count)
        rows.append(row)
    return rows


def _persons(rows: tuple[Row, ...], treatment: str) -> float | None:
    for row in rows:
        for name, size in (("treatment", "n"), ("treatment_1", "n_1"), ("treatment_2", "n_2")):
            if str(row.get(name) or "").strip() == treatment and row.get(size) not in (None, ""):
                try:
                    return float(row[size])
                except (TypeError, ValueError):
                    return None
    return None


def _values(network: Network, treatment: str, field: str) -> list[Any]:
    """One value per study of the treatment that gives one: of its arm, of its side of a contrast, or of the study."""
    found = []
    for study in network.studies:
        if treatment not in study.treatments:
            continue
        for row in study.rows:
            sides = [str(row.get(key) or "").strip() for key in ("treatment", "treatment_1", "treatment_2")]
            if treatment not in sides:
                continue
            own = row.get(f"{field}_{sides.index(treatment)}") if sides.index(treatment) else None
            value = own if own not in (None, "") else row.get(field)
            if value is not None and str(value).strip() and str(value).strip().lower() not in {"na", "nan"}:
                found.append(value)
                break
    return found


def _spread(values: list[Any], studies: int) -> str:
    if not values:
        return NOT_GIVEN
    missing = f"; {NOT_GIVEN} in {studies - len(values)}" if len(values) < studies else ""
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        counted = Counter(str(value).strip() for value in values)
        return "; ".join(f"{word} ({counted[word]})" for word in sort_names(counted)) + missing
    return f"{statistics.median(numbers):g} [{min(numbers):g}, {max(numbers):g}]{missing}"
