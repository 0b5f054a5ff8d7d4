"""Section 9 of the rules: the staging instruments Maudsley, Thase-Rush and MGH-S, as intervals."""

from __future__ import annotations

from datetime import date
from typing import Any

from reference import facts
from reference.days import Span, ordinal, touches
from reference.episodes import TREATMENT, Episode
from reference.history import History
from reference.judgements import Judgement, judge, response_ok
from reference.trials import Trial
from reference.truth import Truth, and3, or3, reaches

Row = dict[str, Any]
Interval = tuple[float | None, float | None]
DOSE_TABLE = "atrq"


class Staging:
    """What an instrument sees: the episode at ``as_of`` and its trials."""

    def __init__(self, instrument: str, history: History, trials: list[Trial], episodes: list[Episode]):
        self.instrument = instrument
        self.history = history
        self.episode = episodes[-1] if episodes else None
        definition = facts.one("definition", definition=instrument)
        self.failure = facts.one("failure_rule", failure_rule=definition["failure_rule"])
        self.exposures_complete = history.complete("exposure")
        self.all_trials = trials
        self.trials = [trial for trial in trials if self._possibly_inside(trial)]
        judged = judge(definition, history, trials, episodes)
        self.judgements = [j for j in judged if j.episode is self.episode and self.episode is not None]
        self.failed = [item for item in self.judgements if self.failed_for_certain(item)]
        self.possibly_failed = [item for item in self.judgements if item.counts is not False]

    def _possibly_inside(self, trial: Trial) -> bool:
        return self.episode is not None and touches(trial.possible_part, self.episode.possible)

    def certainly_inside(self, trial: Trial) -> Truth:
        """Whether a trial of the episode lies in its finest last piece."""
        if self.episode is None or not self.episode.pieces:
            return None
        return True if trial.certainly_touches(self.episode.pieces[-1]) else None

    def failed_for_certain(self, item: Judgement) -> bool:
        """Certain failures count inside the last of the finest pieces of the episode."""
        assert self.episode is not None
        return item.counts is True and bool(self.episode.pieces) and item.piece == self.episode.pieces[-1]

    def used_and_failed(self, trial: Trial) -> Truth:
        """An augmentation or a course that was given in the episode and did not help."""
        return and3([self.certainly_inside(trial), response_ok(trial.outcome, self.failure)])


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


def ect_failed(staging: Staging, bilateral: bool = False) -> Truth:
    """Whether a course of ECT was used and failed; not known when procedures are not kept."""
    found: list[Truth] = []
    for trial in staging.trials:
        if trial.kind == "procedure" and trial.agents[0] in facts.members("procedure_set", "ect"):
            placed = _bilateral(trial) if bilateral else True
            found.append(and3([staging.used_and_failed(trial), enough_sessions(trial), placed]))
    if not staging.history.complete("procedure"):
        found.append(None)
    return or3(found)


def enough_sessions(trial: Trial) -> Truth:
    """Whether it was a course: too few recorded sessions may not have been one."""
    few = trial.sessions is not None and trial.sessions < facts.parameter("ect_course_sessions")
    return None if few else True


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


# --- Maudsley -------------------------------------------------------------------------------------------


def maudsley(staging: Staging) -> dict[str, Interval]:
    """The five items and the total; no lower bound when perhaps, nothing when certainly no drug failed."""
    count_high = len(failed_agents(staging.possibly_failed))
    if count_high == 0 and staging.exposures_complete:
        return {"failures": (None, None), "total": (None, None)}
    scale = facts.scale("maudsley", "failures")
    count_low = len(failed_agents(staging.failed))
    # Without a certain failure the instrument perhaps does not apply: no lower bound.
    low = facts.level("maudsley", "failures", count_low) if count_low else None
    high = facts.level("maudsley", "failures", count_high) if staging.exposures_complete else scale[1]
    items: dict[str, Interval] = {
        "duration": duration(staging.episode, staging.history),
        "severity": severity(staging.episode, staging.history),
        "failures": (low, high),
        "augmentation": points(augmentation_failed(staging), facts.level("maudsley", "augmentation", 1)),
        "ect": points(ect_failed(staging), facts.level("maudsley", "ect", 1)),
    }
    return items | {"total": total(items)}


def months_begun(first: date, last: date) -> int:
    """Completed calendar months, and one more for any further day."""
    whole = (last.year - first.year) * 12 + last.month - first.month
    return whole + (1 if last.day > first.day else 0)


def duration(episode: Episode | None, history: History) -> Interval:
    """From the certain extent of the episode to the possible one."""
    bounds = facts.scale("maudsley", "duration")
    if episode is None or history.undated or not episode.start_known:
        return bounds
    shortest: Span = episode.pieces[-1] if episode.pieces else (episode.possible[1], episode.possible[1])
    scores = [
        facts.level(
            "maudsley",
            "duration",
            months_begun(date.fromordinal(span[0]), date.fromordinal(span[1])),
        )
        for span in (shortest, episode.possible)
    ]
    # The untreated time before the first treatment counts, too; treatment alone does not show it.
    return scores[0], bounds[1] if episode.basis == TREATMENT else scores[1]


def severity(episode: Episode | None, history: History) -> Interval:
    """The last rating of the presenting episode, else the severity coded with the diagnosis, else anything."""
    begin = history.first if episode is None else episode.possible[0]
    ratings = [
        (ordinal(row["date_latest"]), float(row["value"]))
        for row in history.measurements
        if row["measure"] == "maudsley severity" and row["value"] is not None
    ]
    codes = [
        (event.start_latest, float(level["score"]))
        for level in facts.rows("severity_level")
        for event in history.conditions
        if event.row["condition"] in facts.members("condition_set", level["condition_set"])
    ]
    if not history.undated:
        ratings = [(day, score) for day, score in ratings if day is not None and day >= begin]
    codes = [(day, score) for day, score in codes if day is None or day >= begin]
    return (
        _last_said(ratings)
        or (_last_said(codes) if episode is not None else None)
        or facts.scale("maudsley", "severity")
    )


def _last_said(scores: list[tuple[int | None, float]]) -> Interval | None:
    """The score of the last day (no day: first of all); several on that day: from the smallest to the largest."""
    if not scores:
        return None
    last = max(-1 if day is None else day for day, _ in scores)
    said = [score for day, score in scores if (-1 if day is None else day) == last]
    return min(said), max(said)


def augmentation_failed(staging: Staging) -> Truth:
    """Whether an augmentation was used and failed."""
    found: list[Truth] = [
        and3([staging.used_and_failed(trial), long_enough(trial), against_depression(trial)])
        for trial in staging.trials
        if trial.kind == "augmentation"
    ]
    return or3(found if staging.exposures_complete else [*found, None])


# --- Thase-Rush -----------------------------------------------------------------------------------------


def thase_rush(staging: Staging) -> dict[str, Interval]:
    """Stage 0 to V, read as a set: the order of the trials does not matter."""
    ect = ect_failed(staging, bilateral=True)
    low = stage(_classes(staging.failed), ect is True)
    if staging.exposures_complete:
        high = stage(_classes(staging.possibly_failed), ect is not False)
    else:
        every = {row["thase_rush_class"] for row in facts.rows("agent") if row["thase_rush_class"]}
        high = stage(every, ect is not False)
    return {"total": (low, high)}


def _classes(items: list[Judgement]) -> set[str]:
    return {facts.one("agent", agent=item.counted_as)["thase_rush_class"] for item in items}


def stage(classes: set[str], bilateral_ect: bool) -> int:
    """Each stage needs all those below it."""
    steps = [
        len(classes) >= 1,
        len(classes) >= 2,
        "TCA" in classes,
        "MAOI" in classes,
        bilateral_ect,
    ]
    return steps.index(False) if False in steps else len(steps)


# --- MGH-S ----------------------------------------------------------------------------------------------


def mgh_s(staging: Staging) -> dict[str, Interval]:
    """The sum score of failed adequate trials and of what was done to make each of them work."""
    low, high = staging.failed, staging.possibly_failed
    bounded = staging.exposures_complete

    def interval(item: str, count_low: int, count_high: int) -> Interval:
        score = facts.level("mgh_s", item, 1)
        return count_low * score, count_high * score if bounded else None

    items = {"trials": interval("trials", len(failed_agents(low)), len(failed_agents(high)))}
    for item, measure in (("optimised_dose", "dose_optimised"), ("optimised_duration", "duration_optimised")):
        ratings = optimised(staging, measure)
        items[item] = interval(
            item,
            len({j.counted_as for j in low if ratings[j.trial.name] is True}),
            len({j.counted_as for j in high if ratings[j.trial.name] is not False}),
        )
    items["augmentation"] = interval(
        "augmentation", _most_added(low, staging, certain=True), _most_added(high, staging, certain=False)
    )
    items["ect"] = points(ect_failed(staging), facts.level("mgh_s", "ect", 1))
    return items | {"total": total(items)}


def optimised(staging: Staging, measure: str) -> dict[str, Truth]:
    """By trial of the episode: whether it was rated as optimised; a rating that may speak for several is not certain."""
    silent = False if staging.history.complete("measurement") else None
    certain: dict[str, list[bool]] = {}
    possible: dict[str, list[bool]] = {}
    for row in staging.history.measurements:
        day = ordinal(row["date_latest"])
        if row["measure"] == measure and row["value"] is not None and day is not None:
            spoken_for = rated_trials(staging, day)
            for trial in spoken_for:
                possible.setdefault(trial.name, []).append(row["value"] >= 1)
                if len(spoken_for) == 1:
                    certain.setdefault(trial.name, []).append(row["value"] >= 1)
    found: dict[str, Truth] = {}
    for name in (item.trial.name for item in staging.judgements):
        if any(certain.get(name, [])):
            found[name] = True
        elif any(possible.get(name, [])):
            found[name] = None
        else:
            found[name] = False if name in certain else silent
    return found


def rated_trials(staging: Staging, day: int) -> list[Trial]:
    """The trials for which a rating of this day may speak.

    It speaks for the trial it is dated in (of several the one begun last), else for the last one begun before it.
    """
    begun = {
        item.trial.name: (item.trial.start, item.trial)
        for item in staging.judgements
        if item.trial.start is not None and item.trial.start <= day
    }.values()
    inside = [start for start, trial in begun if trial.certainly_touches((day, day))]
    after = max(inside, default=None)
    if after is None:
        last = max((start for start, _ in begun), default=None)
        return [trial for start, trial in begun if max(trial.possible_days) >= day or start == last]
    return [
        trial
        for start, trial in begun
        if (start == after and trial.certainly_touches((day, day)))
        or (start > after and max(trial.possible_days) >= day)
    ]


def _most_added(items: list[Judgement], staging: Staging, certain: bool) -> int:
    """How many different agents were added to a drug; of several trials of one drug the one with the most."""
    most: dict[str, int] = {}
    for item in items:
        agents = {
            trial.agent
            for trial in staging.all_trials
            if trial.base is item.trial
            and (added := and3([long_enough(trial), against_depression(trial)])) is not False
            and (added or not certain)
        }
        most[item.counted_as] = max(len(agents), most.get(item.counted_as, 0))
    return sum(most.values())
