"""The whole reading of one person's record tables, as plain rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from reference import cohort_1009, facts, failures, maudsley, other_instruments, scores, switches, thase_rush
from reference.episodes import Episode, episode_of, episodes
from reference.history import History, read
from reference.judgements import Judgement, judge
from reference.reading import Reading
from reference.staging import Interval, Staging
from reference.trials import Trial, trials

Row = dict[str, Any]

METHODS = {
    "maudsley": maudsley.maudsley,
    "thase_rush": thase_rush.thase_rush,
    "european_staging": other_instruments.european,
    "mgh_s": other_instruments.mgh_s,
    "count": other_instruments.count,
}


def assess(tables: dict[str, list[Row]], as_of: date | None = None) -> dict[str, Row]:
    """Per person: ``as_of``, ``episodes``, ``trials``, ``judgement``, ``verdict``, ``stage``, ``band``.

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
    reading = Reading(history, trials(history), episodes(history))
    instruments = {
        row["instrument"]: Staging(row["instrument"], reading) for row in facts.rows("instrument_rule")
    }
    stages = {name: METHODS[staging.rule["method"]](staging) for name, staging in instruments.items()}
    verdicts: dict[str, Row] = {}
    judgement: dict[str, list[Row]] = {}
    for definition in facts.rows("definition"):
        name, family = definition["definition"], definition["family"]
        if family == "failures":
            verdicts[name], judged = failures.verdict(definition, reading)
            judgement[name] = [_judgement_row(item, history) for item in judged]
        elif family == "switches":
            verdicts[name] = switches.verdict(definition, reading)
        elif family == "window":
            verdicts[name] = cohort_1009.verdict(definition, reading)
        elif family == "scores":
            verdicts[name] = scores.verdict(definition, reading, stages)
        else:
            judged = judge(definition, history, reading.trials, reading.episodes)
            judgement[name] = [_judgement_row(item, history) for item in judged]
    return {
        "as_of": history.day(history.as_of),
        "episodes": [_episode_row(episode, history) for episode in reading.episodes],
        "trials": [_trial_row(trial, history, reading.episodes) for trial in reading.trials],
        "judgement": judgement,
        "verdict": verdicts,
        "switch": switches_of(history),
        "stage": stages,
        "band": {name: bands(staging, stages[name]) for name, staging in instruments.items()},
    }


def bands(staging: Staging, items: dict[str, Interval]) -> list[str | None]:
    """The named band at either bound of the total, and what the total does not say."""
    low, high = items["total"]
    names = [facts.band(staging.instrument, bound) for bound in (low, high)]
    method = staging.rule["method"]
    if method == "maudsley":
        absent = "not applicable (no failed trial)"
        return [absent if bound is None else name for bound, name in zip((low, high), names, strict=True)]
    remark = ""
    if method == "european_staging" and other_instruments.one_class(staging):
        remark = " (one class)"
    if method == "thase_rush":
        remark = thase_rush.broken(staging)
    return [
        name + remark if name is not None and (bound == low) else name
        for bound, name in zip((low, high), names, strict=True)
    ]


def switches_of(history: History) -> dict[str, list[Row]]:
    """What follows each drug episode, by definition of the family ``switches``."""
    return {
        row["definition"]: switches.rows(row, history)
        for row in facts.rows("definition")
        if row["family"] == "switches"
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
        "certain_start": history.day(trial.certain_start),
        "top_dose_mg": trial.top_dose,
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
        "counted_as": "trial" if item.counted_as.startswith("trial ") else item.counted_as,
        "start_date": history.day(item.trial.start),
        **item.clauses,
        "counts": item.counts,
        "agents": "; ".join(item.trial.agents),
    }
