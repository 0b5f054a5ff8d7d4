"""The definitions of the patient page in groups, told from what their rows ask: who reads fifty needs an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report import words
from opentrd.report.lineage import Lineage

# Group, and what its definitions have in common; in the order of the page.
GROUPS: dict[str, tuple[str, str]] = {
    "criteria": (
        "Consensus and trial criteria, labels and guidelines",
        "They ask how the depression responded to each trial, or leave that to the clinician.",
    ),
    "cut-off": (
        "Cut-offs of staging instruments",
        "They are met from a score or a stage on; the instruments themselves are under Stages.",
    ),
    "algorithm": (
        "Register and claims algorithms",
        "They infer resistance from dispensing: the next treatment, a switch, or the treatments tried in a time.",
    ),
    "other": ("Other definitions", "Their rows say nothing by which they could be put into a group."),
}
# Which verdicts are read first.
ORDER = (True, None, False)


def group_of(definition: str, lineage: Lineage, rated: set[str]) -> str:
    """The group of one definition, from its family and the basis on which a trial has failed.

    ``rated`` are the definitions that ask for a rating: these look at the response although any outcome of a trial counts.
    Where the source does not say when a trial has failed, a window or any past episode tells an algorithm.
    """
    row = lineage.knowledge("definition", definition)
    family = (row or {}).get("family")
    if family == "scores":
        return "cut-off"
    if family in ("switches", "window"):
        return "algorithm"
    rule = lineage.knowledge("failure_rule", str((row or {}).get("failure_rule")))
    if row is None or family != "failures" or rule is None:
        return "other"
    basis = rule.get("basis") or ""
    if basis == "switch" or (basis == "any" and definition not in rated):
        return "algorithm"
    searched = row.get("window_from") not in (None, "none") or row.get("episode") == "any"
    return "algorithm" if basis == "" and searched else "criteria"


def grouped(
    verdicts: Sequence[dict[str, Any]], explain: Mapping[str, Any], lineage: Lineage
) -> list[dict[str, Any]]:
    """The verdicts in their groups: met first, then undetermined, then not met, each numbered for its anchor.

    The first group that has any is shown as cards, the others as tables.
    """
    rated = {
        str(row.get("definition"))
        for (table, _), row in (explain.get("knowledge_rows") or {}).items()
        if str(table).endswith("definition_gate") and str(row.get("gate")).startswith("rating")
    }
    members: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for view in verdicts:
        members[group_of(str(view["definition"]), lineage, rated)].append(view)
    groups: list[dict[str, Any]] = []
    number = 0
    for name, views in members.items():
        if not views:
            continue
        views.sort(key=lambda view: (ORDER.index(view["met"]), str(view["title"]).casefold()))
        for view in views:
            number += 1
            view["number"] = number
        met = [view["met"] for view in views]
        groups.append(
            {
                "number": len(groups) + 1,
                "title": GROUPS[name][0],
                "meaning": GROUPS[name][1],
                "cards": not groups,
                "verdicts": views,
                "counts": [met.count(value) for value in ORDER],
                "size": words.plural(len(views), "definition"),
            }
        )
    return groups
