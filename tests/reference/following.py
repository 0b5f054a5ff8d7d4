"""Section 10 of the rules, basis ``switch``: whether another trial followed, and on which day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference import facts
from reference.days import Span
from reference.episodes import Episode, episode_of
from reference.trials import Trial
from reference.truth import Truth


@dataclass(frozen=True)
class Followed:
    """Whether a trial was followed, and the start of the next one: earliest, latest, and the day that is shown."""

    truth: Truth
    earliest: int
    latest: int | None  # None: nothing follows for certain
    shown: int


NOTHING = Followed(False, 0, None, 0)


def start_of(trial: Trial) -> Span:
    """The earliest and the latest day on which it may have started."""
    first = min(trial.possible_days)
    return first, max(trial.possible_days) if trial.certain_start is None else trial.certain_start


def followed(
    trial: Trial,
    wanted: list[Trial],
    trials: list[Trial],
    max_next_days: Any,
    episodes: list[Episode] | None,
) -> Followed:
    """What follows a trial among those that the definition looks at.

    ``episodes``: the next trial has to lie in the same one; None: it may lie anywhere.
    """
    placed = [(next_one, same_episode(trial, next_one, episodes)) for next_one in wanted]
    possible = [
        first
        for next_one, same in placed
        for first, last in starts_of(next_one)
        if (same is not False or (first, last) != start_of(next_one))
        and possibly_follows((first, last), next_one, trial, trials, max_next_days)
    ]
    certain = [
        next_one
        for next_one, same in placed
        if same and certainly_follows(next_one, trial, trials, max_next_days)
    ]
    if not possible:
        return NOTHING
    return Followed(
        True if certain else None,
        earliest=min(possible),
        latest=min((start_of(next_one)[1] for next_one in certain), default=None),
        shown=min([start_of(next_one)[0] for next_one in certain] or possible),
    )


def same_episode(one: Trial, other: Trial, episodes: list[Episode] | None) -> Truth:
    """Whether two trials lie in one episode."""
    if episodes is None:
        return True
    (first, first_sure), (second, second_sure) = episode_of(one, episodes), episode_of(other, episodes)
    return first is second if first_sure and second_sure else None


def starts_of(trial: Trial) -> list[Span]:
    """When it may have started: also where a later piece of a drug's use would be a use of its own."""
    begun = start_of(trial)
    later = [min(piece) for piece in trial.certain_pieces()] if trial.kind == "drug" else []
    return [begun, *((day, day) for day in later if day > begun[1])]


def possibly_follows(
    begun: Span, next_one: Trial, trial: Trial, trials: list[Trial], max_next_days: Any
) -> bool:
    """Whether it may have started after the trial started, and soon enough after it ended."""
    if not _may_be_next(next_one, trial):
        return False
    limit = facts.number(max_next_days)
    added = next_one.kind == "augmentation"
    near = limit is None or added or begun[0] - max(trial.possible_days) <= limit
    low, _ = joint_days(next_one, trial, trials)
    return begun[1] > start_of(trial)[0] and near and low < facts.parameter("min_joint_days")


def certainly_follows(next_one: Trial, trial: Trial, trials: list[Trial], max_next_days: Any) -> bool:
    """Whether it did so whatever the days that are not known."""
    if not _may_be_next(next_one, trial) or not next_one.certain_parts:
        return False
    limit = facts.number(max_next_days)
    end = min(trial.possible_days) if trial.bridged_end is None else trial.bridged_end
    near = next_one.kind == "augmentation" or max_next_days == "none"
    near = near or (limit is not None and start_of(next_one)[1] - end <= limit)
    _, high = joint_days(next_one, trial, trials)
    return start_of(next_one)[0] > start_of(trial)[1] and near and high < facts.parameter("min_joint_days")


def _may_be_next(next_one: Trial, trial: Trial) -> bool:
    """Another agent; an augmentation follows its base trial only."""
    if next_one.agent == trial.agent:
        return False
    return next_one.kind != "augmentation" or next_one.base is trial


def joint_days(next_one: Trial, trial: Trial, trials: list[Trial]) -> tuple[int, float]:
    """The certain and possible days of joint use of two drugs; none for a course, or for what is added to a base."""
    one, other = (era(item) for item in (trial, next_one))
    if one is None or other is None or next_one.kind == "augmentation":
        return 0, 0
    for row in trials:
        if row.kind in ("combination", "augmentation") and {id(row.base), id(row.added)} == {
            id(one),
            id(other),
        }:
            low, high = row.days()
            return low, float("inf") if high is None else high
    return 0, 0


def era(trial: Trial) -> Trial | None:
    """The continuous use of the drug that a trial is about."""
    if trial.kind == "drug":
        return trial
    return trial.added if trial.kind == "augmentation" else None
