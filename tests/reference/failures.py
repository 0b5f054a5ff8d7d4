"""Section 6 of the rules: definitions that count failures of different agents inside an episode."""

from __future__ import annotations

from typing import Any

from reference import facts
from reference.episodes import Episode
from reference.history import History
from reference.judgements import CLAUSES, Judgement, judge
from reference.trials import Trial
from reference.truth import Truth, and3, reaches

Row = dict[str, Any]


def eligibility(definition: Row, history: History) -> tuple[Truth, str | None]:
    """Who the definition speaks about at all, and what keeps a person out (or leaves it open)."""
    needed = definition["min_depression_rows"]
    diagnosis = history.diagnosed("depression", needed) if needed else True
    if diagnosis is False:
        return False, "diagnosis"
    for name in exclusions(definition["definition"]):
        if history.recorded(name):
            return False, says(definition["definition"], name)
    return diagnosis, None if diagnosis else "diagnosis"


def exclusions(definition: str) -> list[str]:
    """The names of the condition sets that keep a person out."""
    return sorted(
        row["condition_set"] for row in facts.rows("definition_exclusion") if row["definition"] == definition
    )


def says(definition: str, condition_set: str) -> str:
    """An exclusion in words."""
    row = facts.one("definition_exclusion", definition=definition, condition_set=condition_set)
    return str(row["says"])


def verdict(
    definition: Row, history: History, trials: list[Trial], episodes: list[Episode]
) -> tuple[Row, list[Judgement]]:
    """The verdict of one definition and the judgements it rests on."""
    needed = int(definition["needed"])
    judgements = judge(definition, history, trials, episodes)
    scopes = [scope for episode in episodes if (scope := Scope(episode, judgements)).judgements]
    low = max((scope.low for scope in scopes), default=0)
    possible = max((scope.high for scope in scopes), default=0)
    high = possible if history.complete("exposure") else None
    reached = reaches(low, high, needed)
    eligible, barrier = eligibility(definition, history)
    met = and3([eligible, reached])
    decided = _deciding(scopes, needed)
    found: Row = {
        "definition": definition["definition"],
        "eligible": eligible,
        "met": met,
        "failed_low": low,
        "failed_high": high,
        "met_on": None,
        "possible_on": None,
        "index_date": None,
        "clause": None,
    }
    if decided is not None:
        found["index_date"] = history.day(decided.index_day())
    if met is True:
        found["met_on"] = history.day(_earliest(scope.met_day(needed) for scope in scopes))
    if met is not False:
        found["possible_on"] = history.day(_earliest(scope.possible_day(needed) for scope in scopes))
    if eligible is False:
        found["clause"] = barrier
    elif met is False:
        found["clause"] = _deciding_clause(scopes, judgements, needed)
    elif met is None:
        found["clause"] = _open_clause(judgements, reached, history.complete("exposure"))
    return found, judgements


class Scope:
    """The failures of one episode, under one definition."""

    def __init__(self, episode: Episode, judgements: list[Judgement]):
        self.episode = episode
        self.judgements = [item for item in judgements if item.episode is episode]
        self.certain = {
            piece: [item for item in self.judgements if item.counts is True and item.piece == piece]
            for piece in episode.pieces
        }
        self.possible = [item for item in self.judgements if item.counts is not False]

    @property
    def low(self) -> int:
        """Different agents that failed for certain, inside one of the finest pieces."""
        return max((len({item.counted_as for item in found}) for found in self.certain.values()), default=0)

    @property
    def high(self) -> int:
        """Different agents that possibly failed."""
        return len({item.counted_as for item in self.possible})

    def high_without(self, clause: str) -> int:
        """Different agents that possibly failed if one clause were not asked."""
        return len({i.counted_as for i in self.judgements if i.counts_without(clause) is not False})

    def met_day(self, needed: int) -> int | None:
        """The day on which the needed-th certain failure ended."""
        return _earliest(_nth_end(found, needed) for found in self.certain.values())

    def possible_day(self, needed: int) -> int | None:
        """The same over possible failures."""
        return _nth_end(self.possible, needed)

    def index_day(self) -> int | None:
        """The start of the first antidepressant trial of the episode."""
        antidepressants = facts.members("agent_set", "antidepressant")
        starts = [
            item.trial.start
            for item in self.judgements
            if item.trial.kind == "drug" and item.trial.agents[0] in antidepressants
        ]
        return _earliest(starts)


def _nth_end(judgements: list[Judgement], needed: int) -> int | None:
    ends: dict[str, int] = {}
    for item in judgements:
        end = item.trial.bridged_end
        end = max(item.trial.possible_days) if end is None else end
        ends[item.counted_as] = min(end, ends.get(item.counted_as, end))
    return sorted(ends.values())[needed - 1] if len(ends) >= needed else None


def _earliest(days: Any) -> int | None:
    return min((day for day in days if day is not None), default=None)


def _deciding(scopes: list[Scope], needed: int) -> Scope | None:
    """The episode met first, else the one with the most possible, then certain failures, then the latest."""
    met = [scope for scope in scopes if scope.low >= needed]
    if met:
        return min(met, key=lambda scope: (scope.met_day(needed), scope.episode.number))
    return max(scopes, key=lambda s: (s.high, s.low, s.episode.number), default=None)


def _deciding_clause(scopes: list[Scope], judgements: list[Judgement], needed: int) -> str:
    for clause in CLAUSES:
        if clause == "episode_ok":
            count = len({i.counted_as for i in judgements if i.counts_without(clause) is not False})
        else:
            count = max((scope.high_without(clause) for scope in scopes), default=0)
        if count >= needed:
            return clause.removesuffix("_ok")
    return "number"


def _open_clause(judgements: list[Judgement], reached: Truth, complete: bool) -> str:
    if reached is not None:
        return "diagnosis"
    for clause in CLAUSES[:-1]:
        if any(item.counts is None and item.clauses[clause] is None for item in judgements):
            return clause.removesuffix("_ok")
    return "episode" if complete else "exposure"
