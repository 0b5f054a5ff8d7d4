"""docs/fit-pharmacogenetics.md, sections 1 to 5: genotypes under CPIC and DPWG, inhibitors, recommendations, levels."""

from __future__ import annotations

from datetime import date
from typing import Any

from reference import facts
from reference.days import ordinal
from reference.gates import completed_years
from reference.history import History
from reference.truth import Truth, and3

Row = dict[str, Any]
SYSTEMS = ("CPIC", "DPWG")
NORMAL, ULTRARAPID, UNSETTLED = "Normal Metabolizer", "Ultrarapid Metabolizer", "Indeterminate"
FACTORS = ("strong", "moderate")


# --- section 2: phenotype by genotype ---------------------------------------------------------------------


def genotypes(mine: list[Row]) -> list[Row]:
    """One row per reported genotype and system."""
    return [
        _genotype(reported, system)
        for reported in mine
        for system in SYSTEMS
        if _rules(reported["gene"], system)
    ]


def _genotype(reported: Row, system: str) -> Row:
    gene = reported["gene"]
    functions, low, high = _alleles(reported["diplotype"], gene, system)
    scored = any(rule["score_from"] is not None for rule in _rules(gene, system))
    basis = "diplotype" if functions else None
    phenotype = None
    if functions is None and scored and reported["activity_score"] is not None:
        low = high = reported["activity_score"]
        basis = "activity score"
    if low is not None:
        phenotype = banded(gene, system, low, high)
    elif functions:
        phenotype = next(
            (
                rule["phenotype"]
                for rule in _rules(gene, system)
                if [rule["function_1"], rule["function_2"]] == sorted(functions)
            ),
            None,
        )
    elif basis is None:
        names = {name["name"]: name["phenotype"] for name in facts.rows("phenotype_name")}
        phenotype = names.get((reported["phenotype"] or "").lower())
        basis = None if phenotype is None else "phenotype as reported"
    contradicts = False
    if system == "CPIC" and basis == "diplotype":
        said = {name["name"]: name["phenotype"] for name in facts.rows("phenotype_name")}.get(
            (reported["phenotype"] or "").lower()
        )
        score = reported["activity_score"]
        contradicts = (phenotype is not None and said is not None and said != phenotype) or (
            score is not None and low is not None and (score < low or (high is not None and score > high))
        )
    return {
        "gene": gene, "system": system, "low": low, "high": high, "phenotype": phenotype, "basis": basis,
        "diplotype": reported["diplotype"], "reported": reported["phenotype"],
        "stated": reported["activity_score"], "contradicts": contradicts,
    }  # fmt: skip


def _rules(gene: str, system: str) -> list[Row]:
    return [rule for rule in facts.rows("phenotype_rule") if (rule["gene"], rule["system"]) == (gene, system)]


def _alleles(
    diplotype: str | None, gene: str, system: str
) -> tuple[list[str] | None, float | None, float | None]:
    """The functions of both alleles, and the sum of their values as an interval."""
    known = {
        allele["allele"]: allele
        for allele in facts.rows("allele_function")
        if (allele["gene"], allele["system"]) == (gene, system)
    }
    both = [known.get(part) for part in (diplotype or "").split("/")]
    if len(both) != 2 or both[0] is None or both[1] is None:
        return None, None, None
    one, other = both[0], both[1]
    low = high = None
    if one["value_low"] is not None and other["value_low"] is not None:
        low = one["value_low"] + other["value_low"]
        if one["value_high"] is not None and other["value_high"] is not None:
            high = one["value_high"] + other["value_high"]
    return [one["function"], other["function"]], low, high


def banded(gene: str, system: str, low: float, high: float | None) -> str | None:
    """The phenotype of the one band in which the whole score lies."""
    for rule in _rules(gene, system):
        first, last = rule["score_from"], rule["score_to"]
        if first is not None and first <= low and (last is None or (high is not None and high <= last)):
            return str(rule["phenotype"])
    return None


# --- section 3: inhibitors --------------------------------------------------------------------------------


def inhibitors(history: History, gene: str) -> list[tuple[str, str, bool]]:
    """Drugs that inhibit the enzyme and may be taken at ``as_of``: agent, strength, certainly or perhaps."""
    found = []
    for rule in facts.rows("cyp_modifier"):
        if rule["kind"] != "inhibitor" or rule["enzyme"] != gene:
            continue
        for event in history.exposures:
            taken = _taken(event.row, history.as_of) if event.row["agent"] == rule["agent"] else False
            dose = event.row["daily_dose_mg"]
            enough: Truth = True
            if rule["above_mg"] is not None:
                enough = None if dose is None else dose >= rule["above_mg"]
            both = and3([taken, enough])
            if both is not False:
                found.append((rule["agent"], rule["strength"], bool(both)))
    return found


def _taken(exposure: Row, now: int) -> Truth:
    """Whether an exposure runs at ``as_of``; a drug without a known end counts as perhaps still taken."""
    first, last = ordinal(exposure["start_earliest"]), ordinal(exposure["start_latest"])
    end, latest = ordinal(exposure["end_earliest"]), ordinal(exposure["end_latest"])
    if (first is not None and first > now) or (latest is not None and latest < now):
        return False
    if latest is None and exposure["ongoing"] is False:
        return False
    goes_on = end >= now if end is not None else exposure["ongoing"] is True
    return True if last is not None and last <= now and goes_on else None


def metabolism(history: History, rows: list[Row]) -> list[Row]:
    """One row per gene and system: by genotype, and with the drugs taken now."""
    found = []
    for gene, system in sorted({(r["gene"], r["system"]) for r in rows}):
        mine = [r for r in rows if (r["gene"], r["system"]) == (gene, system)]
        settled = [r for r in mine if r["phenotype"] is not None]
        scores = [r for r in mine if r["low"] is not None]
        low = high = None
        if scores and all(r["low"] is not None for r in settled):
            low = min(r["low"] for r in scores)
            high = None if any(r["high"] is None for r in scores) else max(r["high"] for r in scores)
        agreed = {r["phenotype"] for r in settled}
        phenotype = agreed.pop() if len(agreed) == 1 else None
        found.append(_with_inhibitors(history, gene, system, low, high, phenotype))
    return found


def _with_inhibitors(
    history: History, gene: str, system: str, low: float | None, high: float | None, phenotype: str | None
) -> Row:
    taken = inhibitors(history, gene)
    sure = _strongest([strength for _, strength, certain in taken if certain])
    may = _strongest([strength for _, strength, _ in taken])
    converted_low, converted_high = low, high
    if low is not None:
        converted_low = low * _factor(gene, may)
        factor = _factor(gene, sure)
        converted_high = 0.0 if factor == 0 else None if high is None else high * factor
        most = banded(gene, system, converted_low, converted_low)
        top = [
            rule["phenotype"]
            for rule in _rules(gene, system)
            if rule["score_from"] and rule["score_to"] is None
        ]
        least = top[0] if converted_high is None else banded(gene, system, converted_high, converted_high)
    else:
        most, least = (_shifted(gene, strength, phenotype) for strength in (may, sure))
    if not taken:
        most = least = phenotype
    converted = most if most == least else None
    changed: Truth = None
    if not taken:
        changed = False
    elif converted is not None and phenotype is not None:
        changed = converted != phenotype
    return {
        "gene": gene, "system": system, "score_low": low, "score_high": high, "phenotype": phenotype,
        "inhibited": bool(taken), "by": frozenset(agent for agent, strength, _ in taken if strength in FACTORS),
        "converted_low": converted_low, "converted_high": converted_high, "converted_least": least,
        "converted_most": most, "converted_phenotype": converted, "changed": changed,
    }  # fmt: skip


def _strongest(strengths: list[str]) -> str | None:
    return next((strength for strength in FACTORS if strength in strengths), None)


def _factor(gene: str, strength: str | None) -> float:
    for rule in facts.rows("phenoconversion"):
        if (rule["gene"], rule["strength"]) == (gene, strength) and rule["score_factor"] is not None:
            return float(rule["score_factor"])
    return 1.0


def _shifted(gene: str, strength: str | None, phenotype: str | None) -> str | None:
    if strength is None or phenotype is None:
        return phenotype
    for rule in facts.rows("phenoconversion"):
        if (rule["gene"], rule["strength"], rule["phenotype"]) == (gene, strength, phenotype):
            return str(rule["converted"])
    return None


# --- section 4: what the guidelines say -------------------------------------------------------------------


def drugs(rows: list[Row]) -> list[Row]:
    """What each guideline says of each drug: by genotype, and with the inhibitors where they change something."""
    found = []
    for system in SYSTEMS:
        mine = {r["gene"]: r for r in rows if r["system"] == system}
        if not any(r["phenotype"] is not None or r["score_low"] is not None for r in mine.values()):
            continue
        groups: dict[tuple[str, str, str | None], list[Row]] = {}
        for line in facts.rows("pgx_recommendation"):
            if line["system"] == system:
                groups.setdefault((line["agent"], line["gene_1"], line["gene_2"]), []).append(line)
        for (agent, one, other), lines in groups.items():
            genes = [one] if other is None else [one, other]
            for reading in ("genotype", "with inhibitors"):
                if reading == "with inhibitors" and not _may_change(
                    agent, [mine.get(gene) for gene in genes]
                ):
                    continue
                states = [_state(mine.get(gene), reading) for gene in genes]
                hits = [line for line in lines if _matches(line, states)]
                if hits:
                    found.append(
                        {
                            "agent": agent, "source": system, "genes": " + ".join(genes), "reading": reading,
                            "avoid": _agreed(hits, "avoid"), "actionable": _agreed(hits, "actionable"),
                            "consider_alternative": any(line["consider_alternative"] for line in hits),
                            "action": " or ".join(sorted({line["action"] for line in hits})),
                        }
                    )  # fmt: skip
    return found


def _agreed(lines: list[Row], name: str) -> Truth:
    said = {line[name] for line in lines}
    return said.pop() if len(said) == 1 else None


def _may_change(agent: str, genes: list[Row | None]) -> bool:
    known = [gene for gene in genes if gene is not None]
    return any(gene["changed"] is not False for gene in known) and not any(
        agent in gene["by"] for gene in known
    )


def _state(gene: Row | None, reading: str) -> tuple[set[str | None], float | None, float | None]:
    """The phenotypes that a gene may have, and its score."""
    if gene is None or (gene["phenotype"] is None and gene["score_low"] is None):
        return {"No Result"}, None, None
    if reading == "genotype":
        return {gene["phenotype"]}, gene["score_low"], gene["score_high"]
    both = {gene["converted_least"], gene["converted_most"]}
    return both, gene["converted_low"], gene["converted_high"]


def _matches(line: Row, states: list[tuple[set[str | None], float | None, float | None]]) -> bool:
    phenotypes, low, high = states[0]
    if line["score_from"] is not None and low is not None:
        first = (line["score_to"] is None or low <= line["score_to"]) and (
            high is None or high >= line["score_from"]
        )
    else:
        first = line["phenotype_1"] in phenotypes
    return first and (len(states) == 1 or line["phenotype_2"] in states[1][0])


# --- section 5: levels ------------------------------------------------------------------------------------


def levels(history: History, labs: list[Row]) -> list[Row]:
    """Each usable level against every range of every scheme."""
    found = []
    for lab in labs:
        for rule in facts.rows("level_range"):
            if not lab["usable"] or rule["measure"] != lab["measure"]:
                continue
            if rule["from_age"] is not None and not _certainly_aged(history, rule["from_age"]):
                continue
            low, high = lab["low"], lab["high"]
            if rule["is_sum"]:
                added = [
                    other
                    for other in labs
                    if other["usable"]
                    and other["measure"] == rule["metabolite"]
                    and (other["date_low"], other["date_high"]) == (lab["date_low"], lab["date_high"])
                ]
                if added:
                    low += min(other["low"] for other in added)
                    tops = [other["high"] for other in added]
                    high = None if high is None or None in tops else high + max(tops)
                else:
                    high = None
            found.append(_placed(lab, rule, low, high))
    return found


def _placed(lab: Row, rule: Row, low: float, high: float | None) -> Row:
    least, most = rule["value_low"], rule["value_high"]
    below: Truth = None
    above: Truth = None
    if rule["kind"] == "alert":
        above = True if low >= most else False if high is not None and high < most else None
    else:
        if least is None or low >= least:
            below = False
        elif high is not None and high < least:
            below = True
        if most is None or (high is not None and high <= most):
            above = False
        elif low > most:
            above = True
    return {
        "agent": rule["agent"], "scheme": rule["scheme"], "kind": rule["kind"], "rule": rule, "below": below,
        "above": above, "lab": lab,
    }  # fmt: skip


def _certainly_aged(history: History, years: float) -> bool:
    person = history.person
    if person is None or person["birth_latest"] is None or history.undated:
        return False
    return completed_years(person["birth_latest"], date.fromordinal(history.as_of)) >= years
