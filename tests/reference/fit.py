"""The reading of the later tables for one person: ratings, values, outcomes, genes, findings, domains, options."""

from __future__ import annotations

from datetime import date
from typing import Any

from reference import fit_measures, fit_outcome
from reference.episodes import episodes
from reference.history import read
from reference.reading import Reading
from reference.trials import trials

Row = dict[str, Any]


def assess_person(
    tables: dict[str, list[Row]], person_id: str, as_of: date | None = None
) -> dict[str, list[Row]]:
    """Table -> rows of one person, from record tables typed as for ``reference.assess``."""
    history = read(tables, person_id, as_of)
    items = fit_measures.rating_items(history)
    ratings = fit_measures.ratings(history, items)
    labs = fit_measures.labs(history)
    reading = Reading(history, trials(history), episodes(history))
    return {
        "rating_item": items,
        "rating": ratings,
        "lab": labs,
        "outcome": fit_outcome.outcomes(history, reading.trials, ratings, items),
    }
