"""Sections 6 and 10 of the rules: definitions that count failed trials in an episode or over the whole record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reference import facts
from reference.eligibility import eligibility
from reference.episodes import Episode
from reference.judgements import CLAUSES, Judgement, judge
from reference.reading import Reading
from reference.truth import Truth, reaches
from reference.verdicts import Count, conclude
from reference.windows import Window, first_start, unknown, windows

Row = dict[str, Any]


class Scope:
    """The trials of one episode (None: of the whole record) under one definition."""

    def __init__(
        self, definition: Row, reading: Reading, judgements: list[Judgement], episode: Episode | None
    ):
        self.definition = definition
        self.reading = reading
        self.episode = episode
        self.judgements = [item for item in judgements if episode is None or item.episode is episode]
        counting = [item for item in self.judgements if item.counts is True]
        # What is certain to lie together: one of the finest pieces of the episode.
        self.certain = (
            [counting]
            if episode is None
            else [[item for item in counting if item.piece == piece] for piece in episode.pieces]
        )
        self.possible = [item for item in self.judgements if item.counts is not False]

    def _windows(self, items: list[Judgement]) -> list[Window]:
        return windows(self.definition, self.reading, items, self.judgements)

    def certain_groups(self) -> list[list[Judgement]]:
        """The failures that certainly count together: of one piece, in one window."""
        return [
            [item for item in items if window.certainly_holds(item)]
            for items in self.certain
            for window in self._windows(items)
        ]

    def possible_groups(self, items: list[Judgement]) -> list[list[Judgement]]:
        """The trials of ``items`` that possibly count together."""
        if unknown(self.definition, self.reading, self.judgements):
            return [items]
        return [[item for item in items if window.may_hold(item)] for window in self._windows(items)]

    @property
    def low(self) -> int:
        """How many failures certainly count."""
        return _most(self.certain_groups())

    @property
    def high(self) -> int:
        """How many possibly count."""
        return self.high_of(self.possible)

    def high_of(self, items: list[Judgement]) -> int:
        """How many of these possibly count."""
        return max((sum(_sizes(group).values()) for group in self.possible_groups(items)), default=0)

    def high_without(self, clause: str) -> int:
        """How many possibly count if one clause were not asked."""
        return self.high_of([i for i in self.judgements if i.counts_without(clause) is not False])

    def met_day(self, needed: int) -> int | None:
        """The day on which the needed-th certain failure counts."""
        return _earliest(_nth_day(group, needed) for group in self.certain_groups())

    def possible_day(self, needed: int) -> int | None:
        """The same over possible failures."""
        return _earliest(
            _nth_day(group, needed, _sizes(group)) for group in self.possible_groups(self.possible)
        )

    def measured(self, basis: set[str | None], certain: bool) -> int:
        """How many failures were rated on this basis."""
        return len(
            {
                item.counted_as
                for item in self.possible
                if (item.counts or not certain) and item.trial.outcome["improvement_basis"] in basis
            }
        )

    def index_day(self) -> int | None:
        """The start of the first drug trial of the definition's set."""
        drugs = facts.members("agent_set", self.definition["agent_set"])
        return _earliest(
            item.trial.start
            for item in self.judgements
            if item.trial.kind == "drug" and item.trial.agent in drugs
        )


def _most(groups: Iterable[list[Judgement]]) -> int:
    return max((len({item.counted_as for item in group}) for group in groups), default=0)


def _sizes(judgements: list[Judgement]) -> dict[str, int]:
    """What possibly counts, and how often: a trial may turn out to be several."""
    return {item.counted_as: item.may_be for item in judgements}


def _nth_day(judgements: list[Judgement], needed: int, sizes: dict[str, int] | None = None) -> int | None:
    days: dict[str, int] = {}
    for item in judgements:
        days[item.counted_as] = min(item.day.shown, days.get(item.counted_as, item.day.shown))
    counted = sorted(day for name, day in days.items() for _ in range((sizes or {}).get(name, 1)))
    return counted[needed - 1] if len(counted) >= needed else None


def _earliest(days: Iterable[int | None]) -> int | None:
    return min((day for day in days if day is not None), default=None)


def verdict(definition: Row, reading: Reading) -> tuple[Row, list[Judgement]]:
    """The verdict of one definition and the judgements it rests on."""
    history = reading.history
    judgements = judge(definition, history, reading.trials, reading.episodes)
    places = [None] if definition["episode"] == "none" else reading.episodes
    scopes = [
        scope for place in places if (scope := Scope(definition, reading, judgements, place)).judgements
    ]
    stated = definition["needed"]
    needed = int(stated or 1)
    low = max((scope.low for scope in scopes), default=0)
    recorded = max((scope.high for scope in scopes), default=0)
    bounded = None if unseen(definition, reading) else recorded
    high = bounded if definition["alternative"] == "none" else None
    decided = _deciding(scopes, stated)
    found = Count(
        low=low,
        high=high,
        reached=_reached(definition, low, high),
        closed="",
        open="",
        met_on=_earliest(scope.met_day(needed) for scope in scopes),
        possible_on=_earliest(scope.possible_day(needed) for scope in scopes),
        measured=(
            max((scope.measured({"measured"}, certain=True) for scope in scopes), default=0),
            max((scope.measured({"measured", None}, certain=False) for scope in scopes), default=0),
        ),
    )
    found.rated_from = found.possible_on
    if decided is not None:
        found.index_date = decided.index_day()
        found.index = first_start(decided.judgements, definition["agent_set"])
        found.episode = decided.episode
    if found.reached is False:
        found.closed = _closed(definition, reading, scopes, judgements, low)
    if found.reached is None:
        alone = _reached(definition, low, bounded)
        found.open = _open(definition, reading, scopes, judgements, alone)
    return conclude(definition, reading, found, eligibility(definition, history)), judgements


def unseen(definition: Row, reading: Reading) -> str | None:
    """The table that may hold failures that the record does not show."""
    if not reading.history.complete("exposure"):
        return "exposure"
    courses = definition["neurostimulation"] != "none" or definition["window_from"] == "before_ect"
    return "procedure" if courses and not reading.history.complete("procedure") else None


def _reached(definition: Row, low: int, high: int | None) -> Truth:
    at_most = definition["at_most"]
    most = facts.number(at_most)
    if most is not None and low > most:
        return False
    if definition["needed"] is None:
        return False if high == 0 else None
    reached = reaches(low, high, int(definition["needed"]))
    if at_most == "none" or reached is False:
        return reached
    return reached if most is not None and high is not None and high <= most else None


def _deciding(scopes: list[Scope], needed: int | None) -> Scope | None:
    """The episode met first, else the one with the most possible, then certain failures, then the latest.

    Without any possible failure it is the latest with a drug.
    """
    met = [scope for scope in scopes if needed is not None and scope.low >= needed]
    if needed is not None and met:
        return min(met, key=lambda scope: (scope.met_day(needed), _number(scope)))
    if any(scope.high for scope in scopes):
        return max(scopes, key=lambda scope: (scope.high, scope.low, _number(scope)))
    with_drug = [scope for scope in scopes if any(item.trial.kind == "drug" for item in scope.judgements)]
    return max(with_drug, key=_number, default=None)


def _number(scope: Scope) -> int:
    return 0 if scope.episode is None else scope.episode.number


def _closed(
    definition: Row, reading: Reading, scopes: list[Scope], judgements: list[Judgement], low: int
) -> str:
    """The clause without which there would be enough."""
    most = facts.number(definition["at_most"])
    if most is not None and low > most:
        return "too many"
    needed = int(definition["needed"] or 1)
    for clause in CLAUSES[:-1]:
        if max((scope.high_without(clause) for scope in scopes), default=0) >= needed:
            return clause.removesuffix("_ok")
    if any(_unwindowed(scope).high >= needed for scope in scopes):
        return "window"
    if _unwindowed(Scope(definition, reading, judgements, None)).high_without("episode_ok") >= needed:
        return "episode"
    return "number"


def _unwindowed(scope: Scope) -> Scope:
    without = scope.definition | {"window_days": "none", "window_from": "none"}
    return Scope(without, scope.reading, scope.judgements, scope.episode)


def _open(
    definition: Row, reading: Reading, scopes: list[Scope], judgements: list[Judgement], alone: Truth
) -> str:
    """What is not known; ``alone``: what the count says without a path that no record shows."""
    if definition["needed"] is None:
        return "number"
    if alone is False:
        return "alternative"
    for clause in CLAUSES[:-1]:
        if any(item.counts is None and item.clauses[clause] is None for item in judgements):
            return clause.removesuffix("_ok")
    if (table := unseen(definition, reading)) is not None:
        return table
    if (
        any(_unwindowed(scope).low >= int(definition["needed"]) for scope in scopes)
        and definition["window_days"] != "none"
    ):
        return "window"
    return "episode"
