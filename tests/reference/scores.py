"""Section 10 of the rules: definitions that are a cut-off of a staging instrument."""

from __future__ import annotations

from typing import Any

from reference import facts
from reference.eligibility import eligibility
from reference.judgements import judge
from reference.reading import Reading
from reference.staging import Interval
from reference.truth import Truth
from reference.verdicts import Count, conclude
from reference.windows import first_start

Row = dict[str, Any]


def verdict(definition: Row, reading: Reading, stages: dict[str, dict[str, Interval]]) -> Row:
    """The verdict: whether the score of the staged episode reaches the cut-off."""
    rule = facts.one("score_rule", definition=definition["definition"])
    low, high = stages[rule["instrument"]].get(rule["item"], (None, None))
    reached = passes(low, high, rule)
    staged = reading.last_episode
    looks = facts.one("definition", definition=rule["instrument"]) | {"agent_set": definition["agent_set"]}
    judged = judge(looks, reading.history, reading.trials, reading.episodes)
    inside = [item for item in judged if staged is not None and item.episode is staged]
    drugs = facts.members("agent_set", definition["agent_set"])
    starts = [
        item.trial.start
        for item in inside
        if item.trial.kind == "drug" and item.trial.agent in drugs and item.trial.start is not None
    ]
    found = Count(
        low=int(reached is True),
        high=int(reached is not False),
        reached=reached,
        closed="score",
        open="score",
        index_date=min(starts, default=None),
        index=first_start(inside, definition["agent_set"]),
        rated_from=None if staged is None else staged.possible[0],
        episode=staged,
    )
    return conclude(definition, reading, found, eligibility(definition, reading.history))


def passes(low: float | None, high: float | None, rule: Row) -> Truth:
    """Whether a score between the bounds is high enough; no bounds at all: the instrument does not apply."""

    def enough(score: float) -> bool:
        return bool(score > rule["at_least"] if rule["strictly"] else score >= rule["at_least"])

    if low is None and high is None:
        return False
    if low is not None and enough(low):
        return True
    return False if high is not None and not enough(high) else None
