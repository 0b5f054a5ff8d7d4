"""docs/fit-pharmacogenetics.md, sections 6 and 7: too little of the drug, and what the findings say of genes and levels."""

from __future__ import annotations

from typing import Any

from reference import facts
from reference.days import ordinal
from reference.fit_findings import antidepressant_trials, row
from reference.fit_outcome import trial_key
from reference.fit_pgx import FACTORS, NORMAL, SYSTEMS, ULTRARAPID, UNSETTLED
from reference.history import Event, History
from reference.trials import Trial
from reference.truth import Truth, and3, or3

Row = dict[str, Any]


def helped(trial: Trial) -> bool:
    """Whether a trial is known to have helped."""
    improvement = trial.outcome["improvement_pct"]
    return (improvement is not None and improvement >= 50) or trial.outcome["stop_reason"] == "remission"


def genes_of(agent: str, system: str) -> list[str]:
    """The genes that a guideline asks for a drug."""
    lines = [r for r in facts.rows("pgx_recommendation") if (r["agent"], r["system"]) == (agent, system)]
    return sorted({gene for line in lines for gene in (line["gene_1"], line["gene_2"]) if gene})


def exposure_failures(
    history: History, trials: list[Trial], genes: list[Row], found_levels: list[Row]
) -> list[Row]:
    """Section 6."""
    found = []
    for trial in trials:
        if trial.kind != "drug" or helped(trial):
            continue
        key = trial_key(trial)
        for gene in genes:
            if gene["gene"] in genes_of(trial.agent, gene["system"]):
                present = _too_fast(history, trial, gene)
                source = f"OpenTRD, by {gene['system']} {gene['gene']}"
                found.append(row("exposure_failure", key, present, source=source))
        for level in found_levels:
            lab, start, end = level["lab"], trial.certain_start, trial.bridged_end
            if level["agent"] != trial.agent or level["kind"] != "range" or start is None or end is None:
                continue
            if lab["date_low"] is not None and start <= lab["date_low"] and lab["date_high"] <= end:
                source = f"OpenTRD, by {scheme_of(level)} level {lab['measurement_id']}"
                found.append(row("exposure_failure", key, level["below"], source=source))
    return found


def scheme_of(level: Row) -> str:
    """Whose range it is, with its note: a scheme may have two for one drug."""
    return ", ".join(filter(None, (level["scheme"], level["rule"]["note"])))


def _too_fast(history: History, trial: Trial, gene: Row) -> Truth:
    phenotype = gene["phenotype"]
    fast: Truth = None if phenotype in (None, UNSETTLED) else phenotype == ULTRARAPID
    minimum = facts.minimum_dose("atrq", trial.agent, None)
    little: Truth = None
    if trial.days_at_dose("atrq")[1] == 0:
        little = True
    elif trial.top_dose is not None and minimum is not None:
        little = trial.top_dose <= minimum
    both = and3([fast, little])
    if both:
        blocking = {
            r["agent"]
            for r in facts.rows("cyp_modifier")
            if r["kind"] == "inhibitor" and r["enzyme"] == gene["gene"] and r["strength"] in FACTORS
        } - {trial.agent}
        for event in history.exposures:
            if event.row["agent"] in blocking and _may_overlap(event, trial):
                return None
    return both


def _may_overlap(event: Event, trial: Trial) -> bool:
    """Whether another drug may have been taken during a trial: of one without a known end nothing says that it ended."""
    first, last = event.start_earliest, ordinal(event.row["end_latest"])
    return (first is None or first <= max(trial.possible_days)) and (
        last is None or last >= min(trial.possible_days)
    )


def findings(
    history: History, mine: list[Row], rows: list[Row], genes: list[Row], said: list[Row], trials: list[Trial],
    found_levels: list[Row],
) -> list[Row]:  # fmt: skip
    """Section 7, and ``cyp_poor`` of docs/fit-findings.md."""
    taken = {event.row["agent"] for event in history.exposures}
    asked = {line["agent"] for line in facts.rows("pgx_recommendation")}
    found = []
    for gene in genes:
        settled = gene["phenotype"] not in (None, UNSETTLED)
        source = gene["system"]
        found.append(
            row(
                "enzyme_activity",
                gene["gene"],
                gene["phenotype"] != NORMAL if settled else None,
                source=source,
            )
        )
        if gene["inhibited"]:
            found.append(row("phenoconversion", gene["gene"], gene["changed"], source=source))
    for line in said:
        if line["agent"] in taken:
            name = "gene_drug" if line["reading"] == "genotype" else "gene_drug_inhibited"
            found.append(
                row(name, f"{line['agent']}, {line['genes']}", line["actionable"], source=line["source"])
            )
    for level in found_levels:
        if level["lab"]["last"]:
            subject = f"{level['agent']}, {level['kind']}, {level['lab']['measurement_id']}"
            outside = level["above"] if level["kind"] == "alert" else or3([level["below"], level["above"]])
            found.append(row("drug_level", subject, outside, source=scheme_of(level)))
    for line in rows:
        unread = line["phenotype"] is None
        if unread or line["contradicts"]:
            subject = f"{line['gene']} {line['diplotype'] or line['reported'] or 'without a result'}"
            said_so = row("genotype_problem", subject, None if unread else True, source=line["system"])
            found += [said_so] if said_so not in found else []
    found += exposure_failures(history, trials, genes, found_levels)
    if taken & asked and not mine:
        found.append(row("genotype", "", None))
    for trial in antidepressant_trials(trials):
        if helped(trial) or trial.outcome["stop_reason"] != "intolerance":
            continue
        for system in SYSTEMS:
            if wanted := genes_of(trial.agent, system):
                known = {gene["gene"]: gene["phenotype"] for gene in genes if gene["system"] == system}
                states = [known.get(gene) for gene in wanted]
                present: Truth = None
                if any(state in ("Poor Metabolizer", "Likely Poor Metabolizer") for state in states):
                    present = True
                elif all(state not in (None, UNSETTLED) for state in states):
                    present = False
                found.append(row("cyp_poor", trial_key(trial), present, source=system))
    return found
