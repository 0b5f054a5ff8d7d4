"""What the families have in common: a count, the gates of the person, and the verdict that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference.days import Span
from reference.episodes import Episode
from reference.gates import Gate, gates
from reference.reading import Reading
from reference.truth import Truth, and3

Row = dict[str, Any]


@dataclass
class Count:
    """What a family of definitions found in one record; days are day numbers.

    ``high`` None: no bound is known. ``index``: the earliest and latest day of the first drug. ``closed``, ``open``:
    the clause when ``reached`` is false and when it is not known. ``rated_from``: the first day of a rating that
    speaks about the state after what was counted. ``measured``: how many failures were rated when they ended, certainly
    and possibly.
    """

    low: int
    high: int | None
    reached: Truth
    closed: str
    open: str
    met_on: int | None = None
    possible_on: int | None = None
    index_date: int | None = None
    index: Span | None = None
    rated_from: int | None = None
    episode: Episode | None = None
    measured: tuple[int, int] = (0, 0)


def conclude(definition: Row, reading: Reading, found: Count, spoken_of: tuple[Truth, str | None]) -> Row:
    """The verdict; ``spoken_of``: eligibility by diagnosis and exclusions, and what bars (or is not known)."""
    base, barrier = spoken_of
    history = reading.history
    asked = gates(definition, reading, found)
    eligible = and3([base, *(gate.truth for gate in asked if gate.acts_on == "eligible")])
    met = and3([eligible, found.reached, *(gate.truth for gate in asked if gate.acts_on == "met")])
    clause = None
    if base is False:
        clause = barrier
    elif eligible is False:
        clause = _first([gate for gate in asked if gate.acts_on == "eligible"], False)
    elif met is False:
        clause = found.closed if found.reached is False else _first(asked, False)
    elif met is None and found.reached is None:
        clause = found.open
    elif met is None:
        clause = barrier if base is None else _first(asked, None)
    return {
        "definition": definition["definition"],
        "eligible": eligible,
        "met": met,
        "failed_low": found.low,
        "failed_high": found.high,
        "met_on": history.day(found.met_on) if met else None,
        "possible_on": history.day(found.possible_on) if met is not False else None,
        "index_date": history.day(found.index_date),
        "episode": None if found.episode is None else found.episode.number,
        "clause": clause,
    }


def _first(asked: list[Gate], truth: Truth) -> str:
    """What the first gate with this truth says, in the order of the alphabet."""
    return min(gate.says for gate in asked if gate.truth is truth)
