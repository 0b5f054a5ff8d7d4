"""The reading of the later tables for one person: ratings, values, outcomes, genes, findings, domains, options."""

from __future__ import annotations

from datetime import date
from typing import Any

from reference import (
    fit_biomarkers,
    fit_domains,
    fit_findings,
    fit_measures,
    fit_options,
    fit_outcome,
    fit_pgx,
    fit_pgx_findings,
    fit_safety,
    fit_signs,
)
from reference.episodes import episodes
from reference.history import read
from reference.reading import Reading
from reference.trials import trials

Row = dict[str, Any]
NOT_STATED = ...  # a cell that the documents leave to the SQL


def assess_person(
    tables: dict[str, list[Row]], person_id: str, as_of: date | None = None
) -> dict[str, list[Row]]:
    """Table -> rows of one person, from record tables typed as for ``reference.assess``."""
    history = read(tables, person_id, as_of)
    items = fit_measures.rating_items(history)
    ratings = fit_measures.ratings(history, items)
    labs = fit_measures.labs(history)
    reading = Reading(history, trials(history), episodes(history))
    tables_so_far = {"rating_item": items, "rating": ratings, "lab": labs}
    conditions = [
        row
        for row in tables["condition"]
        if row["person_id"] == person_id
        and (row["start_earliest"] is None or row["start_earliest"].toordinal() <= history.as_of)
    ]
    signs = fit_signs.signs(history, fit_signs.evidence(history, conditions, tables_so_far))
    indicators = fit_domains.indicators(history, signs)
    domains = fit_domains.domains(indicators)
    findings = [
        *fit_findings.by_signs(history, signs),
        *fit_findings.of_trials(history, reading.trials, signs, domains),
        *fit_findings.bipolar(history, conditions, reading.trials, ratings, signs),
        *fit_findings.context(history, labs),
        *fit_findings.data_quality(history, reading.trials, labs),
        *fit_findings.monitoring(history, reading.trials, reading.episodes, ratings),
    ]
    mine = [row for row in tables["genotype"] if row["person_id"] == person_id]
    genotypes = fit_pgx.genotypes(mine)
    genes = fit_pgx.metabolism(history, genotypes)
    said = fit_pgx.drugs(genes)
    levels = fit_pgx.levels(history, labs)
    findings += fit_pgx_findings.findings(history, mine, genotypes, genes, said, reading.trials, levels)
    findings += fit_biomarkers.findings(history, conditions, labs, ratings, mine)
    suicidal = any(
        row["present"] for row in findings if row["finding"] in ("suicidality", "suicidal_behaviour")
    )
    rated = [fit_safety.SUICIDAL] if suicidal else []
    safety = fit_safety.Safety(history, [*conditions, *rated], labs, genotypes, mine)
    options = fit_options.Options(
        history, reading.trials, reading.episodes, safety, findings, domains, said, labs
    )
    return {
        **tables_so_far,
        "pgx_metabolism": genes,
        "pgx_drug": said,
        "option_scope": [{"admitted": options.admitted}],
        "option_state": [{"state": name, "holds": holds} for name, holds in options.states.items()],
        "option": options.options(),
        "recommendation": options.recommendations(),
        "outcome": fit_outcome.outcomes(history, reading.trials, ratings, items),
        "indicator": indicators,
        "domain": domains,
        "finding": findings,
        "sign": [
            {
                "sign": name,
                "present": sign.present,
                "row_id": NOT_STATED if sign.basis is None else sign.basis.row_id,
                "day": NOT_STATED if sign.basis is None else sign.basis.last,
            }
            for name, sign in signs.items()
        ],
    }
