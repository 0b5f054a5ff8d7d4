"""Sections 9 and 11 of the rules: what the staging instruments have in common, as intervals."""

from __future__ import annotations

from typing import Any

from reference import facts
from reference.days import touches
from reference.episodes import episode_of
from reference.following import NOTHING
from reference.judgements import Judgement, judge, response_ok
from reference.reading import Reading
from reference.trials import Trial
from reference.truth import Truth, and3, or3, reaches

Row = dict[str, Any]
Interval = tuple[float | None, float | None]
DOSE_TABLE = "atrq"


class Staging:
    """What an instrument sees: the episode at ``as_of`` and its trials."""

    def __init__(self, instrument: str, reading: Reading):
        self.instrument = instrument
        self.rule = facts.one("instrument_rule", instrument=instrument)
        self.history = reading.history
        self.episode = reading.last_episode
        self.episodes = reading.episodes
        self.definition = facts.one("definition", definition=instrument)
        self.failure = facts.one("failure_rule", failure_rule=self.definition["failure_rule"])
        self.exposures_complete = self.history.complete("exposure")
        self.all_trials = reading.trials
        self.trials = [trial for trial in reading.trials if self._possibly_inside(trial)]
        judged = judge(self.definition, self.history, reading.trials, reading.episodes)
        self.judgements = [j for j in judged if j.episode is self.episode and self.episode is not None]
        self.failed = [item for item in self.judgements if self.failed_for_certain(item)]
        self.possibly_failed = [item for item in self.judgements if item.counts is not False]

    def _possibly_inside(self, trial: Trial) -> bool:
        if self.episode is None or not touches(trial.possible_part, self.episode.possible):
            return False
        episode, certainly = episode_of(trial, self.episodes)
        return episode is self.episode or certainly is not True

    def certainly_inside(self, trial: Trial) -> Truth:
        """Whether a trial of the episode lies in its finest last piece; it may yet belong to another episode."""
        if self.episode is None or not self.episode.pieces:
            return None
        episode, certainly = episode_of(trial, self.episodes)
        if episode is not self.episode or certainly is not True:
            return None
        return True if trial.certainly_touches(self.episode.pieces[-1]) else None

    def failed_for_certain(self, item: Judgement) -> bool:
        """Certain failures count inside the last of the finest pieces of the episode."""
        assert self.episode is not None
        return item.counts is True and bool(self.episode.pieces) and item.piece == self.episode.pieces[-1]

    def used(self, trial: Trial, failed: bool = True) -> Truth:
        """An augmentation or a course that was given in the episode, and (``failed``) did not help."""
        if not failed:
            return self.certainly_inside(trial)
        return and3([self.certainly_inside(trial), self._did_not_help(trial)])

    def _did_not_help(self, trial: Trial) -> Truth:
        """By the instrument's threshold; where it has none, by the reason of the stop."""
        if self.failure["basis"] == "improvement":
            return response_ok(trial.outcome, self.failure, NOTHING)
        stop = trial.outcome["stop_reason"]
        return bool(stop == "inefficacy") if stop in ("inefficacy", "remission") else None

    @property
    def asks_failure(self) -> bool:
        """Whether recorded use of an add-on is not enough."""
        return bool(self.rule["add_on"] != "used")


def failed_agents(items: list[Judgement]) -> set[str]:
    """The different agents among these judgements."""
    return {item.counted_as for item in items}


def long_enough(trial: Trial) -> Truth:
    """Whether joint use certainly reached the days that make it more than a cross-taper."""
    return True if trial.days()[0] >= facts.parameter("min_joint_days") else None


def against_depression(trial: Trial) -> Truth:
    """Whether what was added reached its minimum dose, so far as there is one: less is given for sleep or pain."""
    if facts.minimum_doses(DOSE_TABLE, trial.agent):
        return reaches(*trial.days_at_dose(DOSE_TABLE), 1)
    return True


def stimulation_failed(staging: Staging, bilateral: bool = False, failed: bool = True) -> Truth:
    """Whether a course of the instrument's stimulation was used (and failed); not known when not kept."""
    found: list[Truth] = []
    for trial in staging.trials:
        wanted = facts.members("procedure_set", staging.rule["stimulation_set"])
        if trial.kind == "procedure" and trial.agent in wanted:
            placed = _bilateral(trial) if bilateral else True
            found.append(and3([staging.used(trial, failed), enough_sessions(trial), placed]))
    if not staging.history.complete("procedure"):
        found.append(None)
    return or3(found)


def enough_sessions(trial: Trial) -> Truth:
    """Whether it was a course: too few recorded sessions of ECT may not have been one."""
    ect = trial.agent in facts.members("procedure_set", "ect")
    few = trial.sessions is not None and trial.sessions < facts.parameter("ect_course_sessions")
    return None if ect and few else True


def _bilateral(trial: Trial) -> Truth:
    both_sides = ("bilateral", "bitemporal", "bifrontal")
    return or3([None if side is None else side.strip().lower() in both_sides for side in trial.laterality])


def points(truth: Truth, score: float) -> Interval:
    """A yes-or-no item worth ``score``."""
    return (score if truth is True else 0, 0 if truth is False else score)


def total(items: dict[str, Interval]) -> Interval:
    """The sum of the items; without bound if one of them is."""
    lows = [low for low, _ in items.values()]
    highs = [high for _, high in items.values()]
    low = None if None in lows else sum(low for low in lows if low is not None)
    high = None if None in highs else sum(high for high in highs if high is not None)
    return low, high
