"""Section 3 of the rules: depressive episodes, and which of them a trial belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from reference import facts
from reference.days import Span, chain, joint, length, ordinal, touches
from reference.history import Event, History
from reference.trials import Trial
from reference.truth import Truth

STATED, CODES, TREATMENT = "diagnosis, stated", "diagnosis codes and treatment", "treatment only"


@dataclass
class Episode:
    """One episode: its possible extent, and the finest pieces it may fall into (one, if it was stated)."""

    number: int
    basis: str
    possible: Span
    pieces: list[Span]
    start_known: bool
    unbounded: bool = False  # nothing says where it ended, because diagnoses are not kept

    @property
    def bridging_days(self) -> int:
        """The pause (days) that still belongs to an episode of this basis."""
        stated = self.basis == STATED
        return facts.parameter("episode_remission_days" if stated else "episode_washout_days")

    def current(self, as_of: int) -> bool:
        """Whether it may still last at ``as_of``."""
        return self.unbounded or self.possible[1] + self.bridging_days >= as_of

    def current_piece(self, as_of: int) -> Span | None:
        """The last finest piece, if that one is still current for certain."""
        if not self.pieces or self.pieces[-1][1] + self.bridging_days < as_of:
            return None
        return self.pieces[-1]


def episodes(history: History) -> list[Episode]:
    """The episodes of a person in the order of their start."""
    depression = facts.members("condition_set", "depression")
    rows = [event for event in history.conditions if event.row["condition"] in depression]
    if any(event.row["course"] in ("span", "open") for event in rows):
        return _stated(rows)
    antidepressants = facts.members("agent_set", "antidepressant")
    neurostimulation = facts.members("procedure_set", "neurostimulation")
    treatments = [event for event in history.exposures if event.row["agent"] in antidepressants]
    if rows:
        treatments += [e for e in history.procedures if e.row["procedure"] in neurostimulation]
    if not rows and not history.complete("condition"):
        return _unbounded(treatments)
    return _chained(rows, treatments)


def _unbounded(treatments: list[Event]) -> list[Episode]:
    """Without diagnoses, nothing says where an episode ended: possibly all treatment was of one."""
    events = [event for event in treatments if event.possible]
    if not events:
        return []
    first = min(event.possible[0] for event in events if event.possible)
    last = max(event.possible[1] for event in events if event.possible)
    known = all(event.start_earliest is not None for event in events)
    certain = [event.certain for event in events if event.certain]
    pieces = _pieces(certain, facts.parameter("episode_washout_days"))
    return [Episode(1, TREATMENT, (first, last), pieces, known, unbounded=True)]


def _stated(rows: list[Event]) -> list[Episode]:
    spans = [event.possible for event in rows if event.possible]
    found = []
    for number, group in enumerate(chain(spans, facts.parameter("episode_remission_days")), 1):
        inside = [rows[index] for index in group]
        possible = (min(spans[i][0] for i in group), max(spans[i][1] for i in group))
        certain = [_certain_row(event) for event in inside]
        known = all(event.start_earliest is not None for event in inside)
        pieces = _pieces(certain, facts.parameter("episode_remission_days"))
        found.append(Episode(number, STATED, possible, pieces, known))
    return found


def _certain_row(event: Event) -> Span:
    """The finest stretch of a depression row: from its latest start, even where that lies after ``as_of``.

    Without a start, a row is reckoned from the first dated row on.
    """
    first, last = event.possible or (0, 0)
    if event.start_latest is None:
        stated = ordinal(event.row["end_earliest"])
        return first, max(first, last if stated is None else min(stated, last))
    return event.certain or (event.start_latest, event.start_latest)


def _pieces(spans: list[Span], max_gap: int) -> list[Span]:
    """The certain stretches, chained: the finest pieces of an episode."""
    return [
        (min(spans[i][0] for i in group), max(spans[i][1] for i in group)) for group in chain(spans, max_gap)
    ]


def _chained(rows: list[Event], treatments: list[Event]) -> list[Episode]:
    washout = facts.parameter("episode_washout_days")
    events = [event for event in [*rows, *treatments] if event.possible]
    spans = [event.possible for event in events if event.possible]
    found = []
    for number, group in enumerate(chain(spans, washout), 1):
        inside = [events[index] for index in group]
        codes = [event for event in inside if any(event is row for row in rows)]
        certain = [_certain_row(event) for event in codes]
        certain += [event.certain for event in inside if event.certain and event not in codes]
        possible = (min(spans[i][0] for i in group), max(spans[i][1] for i in group))
        known = all(event.start_earliest is not None for event in inside)
        found.append(
            Episode(number, CODES if codes else TREATMENT, possible, _pieces(certain, washout), known)
        )
    return found


def episode_of(trial: Trial, all_episodes: list[Episode]) -> tuple[Episode | None, Truth]:
    """The episode the trial overlaps longest, and whether it overlaps it for certain."""
    possible = [episode for episode in all_episodes if touches(trial.possible_part, episode.possible)]
    if not possible:
        return None, False

    def longest(episode: Episode) -> tuple[int, int, int]:
        """Certain days first (pauses bridged), then possible ones, then the later episode."""
        first, last = trial.certain_start, trial.bridged_end
        certain = None if first is None or last is None else (first, last)
        return (
            length(joint(certain, episode.possible)),
            length(joint(trial.possible_part, episode.possible)),
            episode.number,
        )

    episode = max(possible, key=longest)
    # An end that is not known may still move the trial to another episode.
    elsewhere = max((longest(other)[1] for other in possible if other is not episode), default=0)
    certain = trial.certainly_touches(episode.possible) and (
        len(possible) == 1
        or longest(episode)[0] > elsewhere
        or (trial.certain_start, trial.bridged_end) == trial.possible_part
    )
    return episode, True if certain else None


def piece_of(trial: Trial, episode: Episode) -> Span | None:
    """The latest of the finest pieces that the trial overlaps for certain."""
    inside = [piece for piece in episode.pieces if trial.certainly_touches(piece)]
    return inside[-1] if inside else None
