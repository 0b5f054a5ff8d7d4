"""Section 5 of the rules: the clauses of a failed trial, each true, false or not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference import facts
from reference.days import Span
from reference.episodes import Episode, episode_of, piece_of
from reference.history import History
from reference.trials import Trial
from reference.truth import Truth, and3, reaches

Row = dict[str, Any]
# In the order in which the rules name the clause that decides.
CLAUSES = ("response_ok", "duration_ok", "dose_ok", "stop_ok", "adherence_ok", "episode_ok")


@dataclass
class Judgement:
    """What one definition says of one trial; ``counted_as`` the agent, of an augmentation the added one."""

    trial: Trial
    clauses: dict[str, Truth]
    counted_as: str
    episode: Episode | None
    piece: Span | None

    @property
    def counts(self) -> Truth:
        """Whether it is a failure that counts."""
        return and3(self.clauses.values())

    def counts_without(self, clause: str) -> Truth:
        """Whether it would count if one clause were not asked."""
        return and3(value for name, value in self.clauses.items() if name != clause)


def judge(definition: Row, history: History, trials: list[Trial], episodes: list[Episode]) -> list[Judgement]:
    """The judgement of a definition on every trial it speaks about."""
    adequacy = facts.one("adequacy_rule", adequacy_rule=definition["adequacy_rule"])
    failure = facts.one("failure_rule", failure_rule=definition["failure_rule"])
    return [
        judge_trial(trial, adequacy, failure, definition["episode"], episodes=episodes, as_of=history.as_of)
        for trial in trials
        if _spoken_of(trial, definition)
    ]


def _spoken_of(trial: Trial, definition: Row) -> bool:
    if trial.kind == "drug":
        return trial.agents[0] in facts.members("agent_set", definition["agent_set"])
    if trial.kind == "augmentation":
        return bool(definition["augmentation"] != "none")
    if trial.kind == "procedure":
        stimulation = trial.agents[0] in facts.members("procedure_set", "neurostimulation")
        return stimulation and bool(definition["neurostimulation"] != "none")
    return False


def judge_trial(
    trial: Trial,
    adequacy: Row,
    failure: Row,
    episode_rule: str,
    *,
    episodes: list[Episode],
    as_of: int,
) -> Judgement:
    """All clauses of one trial."""
    dose = dose_ok(trial, adequacy)
    duration = duration_ok(trial, adequacy, dose)
    episode, certainly = episode_of(trial, episodes)
    piece = None if episode is None else piece_of(trial, episode)
    if episode_rule in ("last", "current"):
        certainly = and3([certainly, _in_last(episode, piece, episodes, as_of, episode_rule == "current")])
    clauses = {
        "response_ok": response_ok(trial.outcome, failure),
        "duration_ok": duration,
        "dose_ok": dose,
        "stop_ok": stop_ok(trial.outcome, duration),
        "adherence_ok": adherence_ok(trial.outcome, adequacy),
        "episode_ok": True if episode_rule == "none" else certainly,
    }
    return Judgement(trial, clauses, trial.agents[-1], episode, piece)


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


def response_ok(outcome: Row, failure: Row) -> Truth:
    """Whether it did not help."""
    threshold = facts.number(failure["max_improvement_pct"])
    if threshold is None:
        return True if failure["max_improvement_pct"] == "none" else None
    improvement = outcome["improvement_pct"]
    if improvement is not None:
        below = bool(improvement < threshold)
        return below or bool(failure["includes_threshold"] and improvement == threshold)
    if outcome["stop_reason"] == "inefficacy":
        # A stop for inefficacy says "below 50 %" and nothing finer.
        return True if threshold >= 50 else None
    return False if outcome["stop_reason"] == "remission" else None
