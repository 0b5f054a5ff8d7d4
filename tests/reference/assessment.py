"""The whole reading of one person's record tables, as plain rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from reference import cohort_1009, facts, failures, staging, switches
from reference.episodes import Episode, episode_of, episodes
from reference.history import History, read
from reference.judgements import Judgement
from reference.trials import Trial, trials

Row = dict[str, Any]

INSTRUMENTS = {"maudsley": staging.maudsley, "thase_rush": staging.thase_rush, "mgh_s": staging.mgh_s}


def assess(tables: dict[str, list[Row]], as_of: date | None = None) -> dict[str, Row]:
    """Per person: ``as_of``, ``episodes``, ``trials``, ``judgement``, ``verdict``, ``stage``.

    ``tables`` are typed as in ``RECORD_COLUMNS`` (rows as dicts, days as ``datetime.date`` or None), with
    ``kept`` saying which tables the source keeps.
    """
    people = sorted(
        {row["person_id"] for name, rows in tables.items() if name not in ("kept", "unread") for row in rows}
    )
    return {person: assess_person(tables, person, as_of) for person in people}


def assess_person(tables: dict[str, list[Row]], person_id: str, as_of: date | None) -> Row:
    """The reading of one person."""
    history = read(tables, person_id, as_of)
    found = episodes(history)
    attempts = trials(history)
    verdicts: dict[str, Row] = {}
    judgement: dict[str, list[Row]] = {}
    for definition in facts.rows("definition"):
        name = definition["definition"]
        if definition["family"] == "failures":
            verdicts[name], judged = failures.verdict(definition, history, attempts, found)
            judgement[name] = [_judgement_row(item, history) for item in judged]
        elif definition["family"] == "switches":
            verdicts[name] = switches.verdict(definition, history)
        elif definition["family"] == "window":
            verdicts[name] = cohort_1009.verdict(definition, history)
    stages = {
        name: instrument(staging.Staging(name, history, attempts, found))
        for name, instrument in INSTRUMENTS.items()
    }
    return {
        "as_of": history.day(history.as_of),
        "episodes": [_episode_row(episode, history) for episode in found],
        "trials": [_trial_row(trial, history, found) for trial in attempts],
        "judgement": judgement,
        "verdict": verdicts,
        "stage": stages,
        "band": {
            name: [facts.band(name, bound) for bound in items["total"]] for name, items in stages.items()
        },
    }


def _episode_row(episode: Episode, history: History) -> Row:
    return {
        "number": episode.number,
        "basis": episode.basis,
        "start_date": history.day(episode.possible[0]) if episode.start_known else None,
        "end_date": history.day(episode.possible[1]),
    }


def _trial_row(trial: Trial, history: History, found: list[Episode]) -> Row:
    low, high = trial.days()
    episode, _ = episode_of(trial, found)
    return {
        "kind": trial.kind,
        "agents": "; ".join(trial.agents),
        "base": None if trial.base is None else trial.base.agent,
        "start_date": history.day(trial.start),
        "supply_end": history.day(trial.supply_end),
        "bridged_end": history.day(trial.bridged_end),
        "last_issue": history.day(trial.last_issue),
        "days_low": low,
        "days_high": high,
        "days_at_dose": {name: trial.days_at_dose(name) for name in _dosed(trial)},
        "episode": None if episode is None else episode.number,
        **trial.outcome,
    }


def _dosed(trial: Trial) -> list[str]:
    """The dose tables that speak about a trial: none for procedures."""
    return list((trial.added or trial).certain_at_dose)


def _judgement_row(item: Judgement, history: History) -> Row:
    return {
        "kind": item.trial.kind,
        "counted_as": item.counted_as,
        "start_date": history.day(item.trial.start),
        **item.clauses,
        "counts": item.counts,
    }
