"""Sections 5 and 10 of the rules: the clauses of a failed trial, each true, false or not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference import facts
from reference.days import Span
from reference.episodes import Episode, episode_of, piece_of
from reference.following import Followed, followed
from reference.history import History
from reference.trials import Trial
from reference.truth import Truth, and3, or3, reaches

Row = dict[str, Any]
# In the order in which the rules name the clause that decides.
CLAUSES = ("response_ok", "duration_ok", "dose_ok", "stop_ok", "adherence_ok", "episode_ok")


@dataclass(frozen=True)
class Day:
    """The day on which a trial counts: at the earliest, at the latest, and the one that is shown."""

    low: int
    high: int
    shown: int


@dataclass
class Judgement:
    """What one definition says of one trial.

    ``counted_as``: what can count once, the agent (of an augmentation the added one), its class, or the trial.
    ``may_be``: how many it possibly counts for; a trial may turn out to be several.
    """

    trial: Trial
    clauses: dict[str, Truth]
    counted_as: str
    episode: Episode | None
    piece: Span | None
    day: Day
    may_be: int = 1

    @property
    def counts(self) -> Truth:
        """Whether it is a failure that counts."""
        return and3(self.clauses.values())

    def counts_without(self, clause: str) -> Truth:
        """Whether it would count if one clause were not asked."""
        return and3(value for name, value in self.clauses.items() if name != clause)


def looked_at(definition: Row, trials: list[Trial]) -> list[Trial]:
    """The trials that a definition speaks about."""
    return [trial for trial in trials if _spoken_of(trial, definition)]


def _spoken_of(trial: Trial, definition: Row) -> bool:
    if trial.kind == "drug":
        return trial.agent in facts.members("agent_set", definition["agent_set"])
    if trial.kind == "augmentation":
        return trial.agent in facts.members("agent_set", definition["augmentation"])
    if trial.kind == "procedure":
        return trial.agent in facts.members("procedure_set", definition["neurostimulation"])
    return False


def judge(definition: Row, history: History, trials: list[Trial], episodes: list[Episode]) -> list[Judgement]:
    """The judgement of a definition on every trial it speaks about."""
    wanted = looked_at(definition, trials)
    return [judge_trial(trial, definition, history, trials, wanted, episodes) for trial in wanted]


def judge_trial(
    trial: Trial,
    definition: Row,
    history: History,
    trials: list[Trial],
    wanted: list[Trial],
    episodes: list[Episode],
) -> Judgement:
    """All clauses of one trial; ``wanted`` are the trials that the definition looks at."""
    adequacy = facts.one("adequacy_rule", adequacy_rule=definition["adequacy_rule"])
    failure = facts.one("failure_rule", failure_rule=definition["failure_rule"])
    inside = None if definition["episode"] == "none" else episodes
    next_one = followed(trial, wanted, trials, failure["max_next_days"], inside)
    course = trial.kind == "procedure"
    dose = True if course else dose_ok(trial, adequacy)
    duration = True if course else duration_ok(trial, adequacy, dose)
    clauses = {
        "response_ok": response_ok(trial.outcome, failure, next_one),
        "duration_ok": duration,
        "dose_ok": dose,
        "stop_ok": stop_ok(trial.outcome, duration),
        "adherence_ok": True if course else adherence_ok(trial.outcome, adequacy),
    }
    if definition["intolerance"] == "failure":
        # A reason of the stop that is not recorded may turn out to be intolerance.
        perhaps = True if trial.outcome["stop_reason"] == "intolerance" else None
        if perhaps or trial.outcome["stop_reason"] is None:
            for name in ("response_ok", "duration_ok", "dose_ok", "stop_ok"):
                clauses[name] = or3([clauses[name], perhaps])
    episode, certainly = episode_of(trial, episodes)
    piece = None if episode is None else piece_of(trial, episode)
    if definition["episode"] in ("last", "current"):
        current = definition["episode"] == "current"
        certainly = and3([certainly, _in_last(episode, piece, episodes, history.as_of, current)])
    clauses["episode_ok"] = True if definition["episode"] == "none" else certainly
    day = _day(trial, definition, adequacy, failure, next_one, history.as_of)
    may_be = trial.may_be if definition["distinct_level"] == "trial" else 1
    return Judgement(
        trial, clauses, _counted_as(trial, definition["distinct_level"]), episode, piece, day, may_be
    )


def _counted_as(trial: Trial, level: str) -> str:
    if level == "trial":
        return f"trial {'; '.join(trial.agents)} {trial.name}"
    if level == "class" and trial.kind in ("drug", "augmentation"):
        return str(facts.one("agent", agent=trial.agent)["class"])
    return trial.agent


def _day(trial: Trial, definition: Row, adequacy: Row, failure: Row, next_one: Followed, as_of: int) -> Day:
    """The day on which the trial counts as failed."""
    first, last = min(trial.possible_days), max(trial.possible_days)
    if definition["window_from"] == "before_ect":
        # Adequate before the course: the day on which it was long enough.
        begun = last if trial.certain_start is None else trial.certain_start
        if trial.kind in ("drug", "augmentation"):
            if not facts.stated(adequacy["min_days"]):
                return Day(first, last, last)
            asked = int(facts.number(adequacy["min_days"]) or 1) - 1
            return Day(first + asked, begun + asked, begun + asked)
        return Day(first, begun, begun)
    end = trial.bridged_end
    if failure["basis"] == "switch" and next_one.truth is not False:
        return Day(next_one.earliest, as_of if next_one.latest is None else next_one.latest, next_one.shown)
    return Day(first if end is None else end, last, last if end is None else end)


def _in_last(
    episode: Episode | None, piece: Span | None, episodes: list[Episode], as_of: int, current: bool
) -> Truth:
    """Whether the episode, and the finest piece of it that the trial lies in, is the last one (and current)."""
    if episode is None or episode is not episodes[-1] or (current and not episode.current(as_of)):
        return False
    last = episode.current_piece(as_of) if current else next(reversed(episode.pieces), None)
    return True if piece is not None and piece == last else None


def dose_ok(trial: Trial, adequacy: Row) -> Truth:
    """Whether any day was at or above the minimum dose."""
    dose_table = adequacy["dose_table"]
    if dose_table == "none":
        return True
    if not facts.stated(dose_table):
        return None
    low, high = trial.days_at_dose(dose_table)
    return reaches(low, high, 1)


def duration_ok(trial: Trial, adequacy: Row, dose: Truth) -> Truth:
    """Whether it lasted long enough; a trial at too low a dose is not also blamed for its length."""
    if adequacy["min_days"] == "none":
        return True
    if not facts.stated(adequacy["min_days"]):
        return None
    at_dose = dose is True and adequacy["dose_table"] != "none"
    low, high = trial.days_at_dose(adequacy["dose_table"]) if at_dose else trial.days()
    return reaches(low, high, float(adequacy["min_days"]))


def adherence_ok(outcome: Row, adequacy: Row) -> Truth:
    """Whether enough of it was taken."""
    if adequacy["min_adherence"] == "none":
        return True
    needed, adherence = facts.number(adequacy["min_adherence"]), outcome["adherence"]
    return None if needed is None or adherence is None else bool(adherence >= needed)


def stop_ok(outcome: Row, duration: Truth) -> Truth:
    """A stop for intolerance or nonadherence before the adequate duration is not a failure."""
    if outcome["stop_reason"] in ("intolerance", "nonadherence"):
        return duration
    return True


def response_ok(outcome: Row, failure: Row, next_one: Followed) -> Truth:
    """Whether it did not help, or what the definition takes for that."""
    basis, stop, threshold = failure["basis"], outcome["stop_reason"], failure["max_improvement_pct"]
    if basis == "any":
        return True
    if basis == "switch":
        return next_one.truth
    if basis == "stop":
        return None if stop is None else bool(stop == "inefficacy")
    if basis == "improvement" and facts.stated(failure["min_improvement_pct"]) and threshold is not None:
        improvement = outcome["improvement_pct"]
        if improvement is not None:
            below = improvement < threshold or (failure["includes_threshold"] and improvement == threshold)
            least = facts.number(failure["min_improvement_pct"])
            return bool(below and (least is None or improvement >= least))
        if stop == "remission":
            return False
        # A stop for inefficacy says "below 50 %" and nothing finer.
        if stop == "inefficacy" and failure["min_improvement_pct"] == "none":
            return True if threshold >= 50 else None
    return None
