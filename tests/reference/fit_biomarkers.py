"""docs/fit-biomarkers.md: CRP with its cautions, the INFLAMED composite, other markers with a direction and no cut-off."""

from __future__ import annotations

from typing import Any

from reference import facts
from reference.days import ordinal
from reference.fit_findings import row
from reference.fit_measures import mark_last, measure_of
from reference.fit_pgx import _taken
from reference.history import History
from reference.truth import Truth, and3

Row = dict[str, Any]
DEXAMETHASONE = "cortisol, post-dexamethasone"
PROTEINS = ("CRP", "hs-CRP")


def rules(kind: str) -> list[Row]:
    """The rows of ``biomarker_rule`` of a kind."""
    return [rule for rule in facts.rows("biomarker_rule") if rule["kind"] == kind]


def values(history: History, labs: list[Row]) -> dict[str, Row]:
    """Section 1: the latest value of each marker; without a usable one ``reason`` is given."""
    wanted = {r["measure"] for r in facts.rows("biomarker_direction")} | {DEXAMETHASONE}
    given = [lab for lab in labs if lab["measure"] in wanted] + _images(history, wanted)
    found = {}
    for name in sorted({lab["measure"] for lab in given}):
        mine = [lab for lab in given if lab["measure"] == name]
        last = [lab for lab in mine if lab["last"]]
        assays = {lab["assay"] for lab in last}
        highs = [lab["high"] for lab in last]
        found[name] = {
            "low": min((lab["low"] for lab in last), default=None),
            "high": None if None in highs else max(highs, default=None),
            "usable": bool(last),
            "assay": assays.pop() if len(assays) == 1 else None,
            "last": last,
            "all": mine,
        }
    return found


def _images(history: History, wanted: set[str]) -> list[Row]:
    found = []
    for line in history.measurements:
        if line["measure"] in wanted and measure_of(line["measure"])["kind"] == "imaging":
            value = line["value"] if line["sign"] == "=" else None
            low, high = ordinal(line["date_earliest"]), ordinal(line["date_latest"])
            found.append(
                {
                    "measure": line["measure"], "low": value, "high": value, "usable": value is not None,
                    "date_low": low, "date_high": None if high is None else min(high, history.as_of),
                    "assay": line["assay"],
                }
            )  # fmt: skip
    mark_last(found, lambda line: line["measure"], lambda line: line["usable"])
    return found


def _top(high: float | None) -> float:
    return float("inf") if high is None else high


def acute(value: Row) -> Truth:
    """Section 2.1."""
    (rule,) = rules("acute")
    if not value["usable"]:
        return None
    limit = rule["value_low"]
    return True if value["low"] > limit else False if _top(value["high"]) < limit else None


def inside(rule: Row, value: Row) -> Truth:
    """Section 2.3: whether the bounds lie in the cut-off; a value that is or may be acute is not placed."""
    if acute(value) is not False:
        return None
    low, high, limit = value["low"], _top(value["high"]), rule["value_low"]
    if low > limit or (low == limit and not rule["low_open"]):
        return True
    return False if high < limit or (high == limit and rule["low_open"]) else None


def two_values(value: Row) -> Truth:
    """Section 2.4: with an earlier value, certainly below the acute limit and days enough before."""
    (rule,) = rules("stable")
    highest = max(rules("stratum"), key=lambda r: r["value_low"])["value_low"]
    limit = rules("acute")[0]["value_low"]
    if acute(value) is not False:
        return None
    first = min((lab["date_low"] for lab in value["last"] if lab["date_low"] is not None), default=None)
    before = [
        lab
        for lab in value["all"]
        if lab["usable"]
        and lab["date_high"] is not None
        and first is not None
        and _top(lab["high"]) < limit
        and lab["date_high"] <= first - rule["value_low"]
    ]
    if not before:
        return None
    latest = [lab for lab in before if lab["date_high"] == max(lab["date_high"] for lab in before)]
    low = value["low"] + min(lab["low"] for lab in latest)
    high = _top(value["high"]) + max(lab["high"] for lab in latest)
    return True if low > 2 * highest else False if high <= 2 * highest else None


def findings(
    history: History, conditions: list[Row], labs: list[Row], ratings: list[Row], genotypes: list[Row]
) -> list[Row]:
    """Sections 2 to 4."""
    found, known = [], values(history, labs)
    proteins = {name: known[name] for name in PROTEINS if name in known}
    (limit,), (stable,), (composite,) = rules("acute"), rules("stable"), rules("composite")
    highest = max(rules("stratum"), key=lambda r: r["value_low"])
    for name, value in proteins.items():
        found.append(row("crp_stratum", name, inside(highest, value), source=highest["scheme"]))
        found.append(row("crp_acute_phase", name, acute(value), source=limit["scheme"]))
        for cut in rules("cut"):
            found.append(row("crp_cut", f"{name} {cut['label']}", inside(cut, value), source=cut["scheme"]))
        if value["usable"]:
            found.append(row("crp_two_values", name, two_values(value), source=stable["scheme"]))
        found.append(row("crp_bmi_adjusted", name, None, source="Chamberlain 2019"))
    if proteins:
        found += _confounders(history, conditions, labs, proteins)
    rated = [r for r in ratings if r["measure"] in ("IDS-SR30", "AES") and r["last"]]
    if rated:
        found.append(row("inflamed_composite", "", _composite(rated, proteins), source=composite["scheme"]))
    peripheral = ("CRP", "hs-CRP", "IL-", "TNF", "IFN")
    if any(name.startswith((*peripheral, "TSPO", "choroid")) for name in known):
        (caution,) = rules("limit")
        found.append(row("peripheral_not_central", "", True, source=caution["source"]))
    for reported in facts.rows("biomarker_direction"):
        name = reported["measure"]
        if name in known and name not in PROTEINS:
            found.append(row("biomarker_reported", name, None, source=reported["source"]))
    for reference in rules("reference"):
        value = known.get(reference["measure"])
        if value and value["usable"] and reference["label"] in (value["assay"] or "").lower():
            outside = _outside(reference, value)
            found.append(row("assay_reference", reference["measure"], outside, source=reference["scheme"]))
    if DEXAMETHASONE in known:
        (test,) = rules("challenge")
        value, present = known[DEXAMETHASONE], None
        if value["usable"]:
            over, under = value["low"] > test["value_low"], _top(value["high"]) < test["value_low"]
            present = True if over else False if under else None
        found.append(row("dexamethasone_nonsuppression", DEXAMETHASONE, present, source=test["scheme"]))
    return found + _binding(known, genotypes)


def _outside(reference: Row, value: Row) -> Truth:
    limit, low, high = reference["value_high"], value["low"], _top(value["high"])
    if low > limit or (reference["high_open"] and low == limit):
        return True
    return False if high < limit or (high == limit and not reference["high_open"]) else None


def _confounders(
    history: History, conditions: list[Row], labs: list[Row], proteins: dict[str, Row]
) -> list[Row]:
    def recorded(*names: str) -> bool:
        return any(c["condition"] in names and c["present"] is not False for c in conditions)

    last = [lab for lab in labs if lab["last"]]
    kept = history.complete("condition")
    smoked = any(lab["measure"] == "cigarettes per day" and lab["low"] > 0 for lab in last)
    agents = {agent["agent"]: agent["class"] for agent in facts.rows("agent")}
    oestrogen = any(
        ("estradiol" in event.row["agent"] or "oestrogen" in agents[event.row["agent"]])
        and _taken(event.row, history.as_of) is not False
        for event in history.exposures
    )
    inflamed = recorded(*facts.members("condition_set", "inflammatory_disease"))
    infected = any(_infection(c, value, history) for c in conditions for value in proteins.values())
    present: dict[str, Truth] = {
        "BMI": any(lab["measure"] == "BMI" for lab in last) or recorded("obesity") or None,
        "smoking": smoked or recorded("nicotine dependence") or None,
        "oestrogen": True if oestrogen else False if history.complete("exposure") else None,
        "inflammatory disease": True if inflamed else False if kept else None,
        "infection": True if infected else False if kept else None,
    }
    return [
        row("crp_confounder", rule["scheme"], present[rule["scheme"]], source=rule["source"])
        for rule in rules("confounder")
    ]


def _infection(condition: Row, value: Row, history: History) -> bool:
    """Whether an infection may have been there on the day of a CRP value, or in the two weeks before."""
    group = {kind["condition"]: kind["grp"] for kind in facts.rows("condition_kind")}
    (days,) = [rule["value_low"] for rule in rules("confounder") if rule["scheme"] == "infection"]
    if condition["present"] is False or group[condition["condition"]] != "infection":
        return False
    for lab in value["last"] or value["all"]:
        begun = ordinal(condition["start_earliest"])
        if begun is not None and lab["date_high"] is not None and begun > lab["date_high"]:
            continue
        if condition["course"] == "open" or (condition["course"] == "span" and not condition["end_latest"]):
            return True
        stem = "start" if condition["course"] == "point" else "end"
        over = ordinal(condition[f"{stem}_latest"])
        if over is None or lab["date_low"] is None or lab["date_low"] - over <= days:
            return True
    return False


def _composite(rated: list[Row], proteins: dict[str, Row]) -> Truth:
    parts: list[Truth] = []
    for part in rules("composite_part"):
        if part["measure"] == "CRP":
            protein = proteins.get("hs-CRP") or proteins.get("CRP")
            parts.append(None if protein is None else inside(part, protein))
            continue
        mine = [r for r in rated if r["measure"] == part["measure"]]
        least = part["value_low"]
        low, high = min((r["low"] for r in mine), default=None), max((r["high"] for r in mine), default=None)
        if low is None or high is None:
            parts.append(None)
        else:
            parts.append(True if low >= least else False if high < least else None)
    return and3(parts)


def _binding(known: dict[str, Row], genotypes: list[Row]) -> list[Row]:
    mine = [genotype["diplotype"] or "" for genotype in genotypes if genotype["gene"] == "TSPO"]
    alleles = {rule["unit"]: rule["value_low"] > 0 for rule in rules("genotype")} | {"T/C": True}
    read = {present for text in mine for pair, present in alleles.items() if pair in text}
    source = rules("genotype")[0]["scheme"]
    found = []
    if read:
        found.append(row("tspo_binding", "TSPO", read.pop() if len(read) == 1 else None, source=source))
    if not mine:
        found += [
            row("tspo_binding", name, None, source="TSPO rs6971") for name in known if name.startswith("TSPO")
        ]
    return found
