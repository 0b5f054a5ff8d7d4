"""docs/fit-domains.md: the indicators of each domain, and where it may stand among the others."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from reference import facts
from reference.fit_signs import Sign, read
from reference.history import History
from reference.truth import Truth

Row = dict[str, Any]


def indicators(history: History, signs: dict[str, Sign]) -> list[Row]:
    """Rules 1 to 3."""
    found = []
    for row in facts.rows("domain_indicator"):
        present: Truth = None
        if row["sign"]:
            present = read(row["sign"], signs, history)
        if row["weight"] == "proxy" and present is False:
            present = None
        found.append(
            {"domain": row["domain"], "indicator": row["indicator"], "sign": row["sign"], "present": present}
        )
    return found


def domains(rows: list[Row]) -> list[Row]:
    """Rules 5 to 7."""
    found = []
    for domain in facts.rows("domain"):
        mine = [row for row in rows if row["domain"] == domain["domain"]]
        states = [row["present"] for row in mine]
        found.append(
            {
                "domain": domain["domain"], "title": domain["title"], "present": states.count(True),
                "absent": states.count(False), "not_measured": states.count(None),
                "measurable": sum(bool(row["sign"]) for row in mine), "rank_best": None, "rank_worst": None,
            }
        )  # fmt: skip
    ranked = {row["domain"] for row in facts.rows("domain") if row["ranked"]}
    shares = {row["domain"]: _share(row) for row in found if row["domain"] in ranked}
    for row in found:
        if row["domain"] in shares:
            low, high = shares[row["domain"]]
            row["rank_best"] = 1 + sum(other_low > high for other_low, _ in shares.values())
            row["rank_worst"] = 1 + sum(
                other_high > low for name, (_, other_high) in shares.items() if name != row["domain"]
            )
    return found


def _share(row: Row) -> tuple[Fraction, Fraction]:
    """The share of measurable indicators that are present, at least and at most."""
    return (
        Fraction(row["present"], row["measurable"]),
        Fraction(row["measurable"] - row["absent"], row["measurable"]),
    )
