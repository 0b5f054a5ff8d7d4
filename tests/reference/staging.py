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
from reference.truth import Truth, and3, or3

Row = dict[str, Any]
Interval = tuple[float | None, float | None]
NOT_APPLICABLE = "not applicable"


class Staging:
    """What an instrument sees: the episode at ``as_of`` and its trials."""

    def __init__(self, instrument: str, history: History, trials: list[Trial], episodes: list[Episode]):
        self.instrument = instrument
        self.history = history
        self.episode = episodes[-1] if episodes else None
        definition = facts.one("definition", definition=instrument)
        self.failure = facts.one("failure_rule", failure_rule=definition["failure_rule"])
        self.exposures_complete = history.complete("exposure")
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
        return True if touches(trial.certain_part, self.episode.pieces[-1]) else None

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
    assert trial.joint_days is not None
    return True if trial.joint_days[0] >= facts.parameter("min_joint_days") else None


def ect_failed(staging: Staging, bilateral: bool = False) -> Truth:
    """Whether a course of ECT was used and failed; not known when procedures are not kept."""
    found: list[Truth] = []
    for trial in staging.trials:
        if trial.kind == "procedure" and trial.agents[0] in facts.members("procedure_set", "ect"):
            placed = _bilateral(trial) if bilateral else True
            found.append(and3([staging.used_and_failed(trial), placed]))
    if not staging.history.complete("procedure"):
        found.append(None)
    return or3(found)


def _bilateral(trial: Trial) -> Truth:
    return or3([None if side is None else side.strip().lower() == "bilateral" for side in trial.laterality])


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
    """The five items and the total; nothing when no drug failed at all."""
    count_high = len(failed_agents(staging.possibly_failed))
    if staging.episode is None or (count_high == 0 and staging.exposures_complete):
        return {"failures": (None, None), "total": (None, None)}
    scale = facts.scale("maudsley", "failures")
    count_low = len(failed_agents(staging.failed))
    low = facts.level("maudsley", "failures", max(count_low, 1))
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


def duration(episode: Episode, history: History) -> Interval:
    """From the certain extent of the episode to the possible one."""
    bounds = facts.scale("maudsley", "duration")
    if history.undated or not episode.start_known:
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


def severity(episode: Episode, history: History) -> Interval:
    """The last rating in the episode, else the severity coded with the diagnosis, else anything."""
    ratings = [
        row
        for row in history.measurements
        if row["measure"] == "maudsley severity"
        and row["value"] is not None
        and _rated(row, episode, history)
    ]
    if ratings:
        last = max(ratings, key=lambda r: (r["date_latest"] or date.min, r["measurement_id"] or ""))
        return float(last["value"]), float(last["value"])
    coded = []
    for row in facts.rows("severity_level"):
        wanted = facts.members("condition_set", row["condition_set"])
        for event in episode.rows:
            if event.row["condition"] in wanted:
                start = -1 if event.start_latest is None else event.start_latest
                coded.append((start, float(row["score"])))
    if coded:
        score = max(coded)[1]
        return score, score
    return facts.scale("maudsley", "severity")


def _rated(row: Row, episode: Episode, history: History) -> bool:
    earliest, latest = ordinal(row["date_earliest"]), ordinal(row["date_latest"])
    if earliest is None or latest is None:
        return history.undated
    return touches((earliest, latest), episode.possible)


def augmentation_failed(staging: Staging) -> Truth:
    """Whether an augmentation was used and failed."""
    found: list[Truth] = [
        and3([staging.used_and_failed(trial), long_enough(trial)])
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
        items[item] = interval(
            item,
            len({j.counted_as for j in low if optimised(j.trial, measure, staging.history) is True}),
            len({j.counted_as for j in high if optimised(j.trial, measure, staging.history) is not False}),
        )
    items["augmentation"] = interval(
        "augmentation",
        len({pair for j in low for pair in _added(j.trial, staging, certain=True)}),
        len({pair for j in high for pair in _added(j.trial, staging, certain=False)}),
    )
    items["ect"] = points(ect_failed(staging), facts.level("mgh_s", "ect", 1))
    return items | {"total": total(items)}


def optimised(trial: Trial, measure: str, history: History) -> Truth:
    """Whether the rating says 1 on a day inside the trial."""
    found: list[Truth] = []
    for row in history.measurements:
        if row["measure"] != measure or row["value"] != 1:
            continue
        earliest, latest = ordinal(row["date_earliest"]), ordinal(row["date_latest"])
        if earliest is None or latest is None:
            found.append(None)
            continue
        inside = trial.certain_part
        if inside is not None and inside[0] <= earliest and latest <= inside[1]:
            found.append(True)
        elif touches((earliest, latest), trial.possible_part):
            found.append(None)
    return or3(found if history.complete("measurement") else [*found, None])


def _added(base: Trial, staging: Staging, certain: bool) -> set[tuple[str, tuple[str, ...]]]:
    """What was added to a trial: augmentations and combinations that name it as their base."""
    return {
        (base.agents[0], trial.agents)
        for trial in staging.trials
        if trial.base is base and (long_enough(trial) or not certain)
    }
