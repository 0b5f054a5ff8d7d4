"""Section 9 of the rules: how severe the presenting episode is, by a rating or as coded with the diagnosis."""

from __future__ import annotations

from reference import facts
from reference.days import ordinal
from reference.episodes import Episode
from reference.history import History

Interval = tuple[float | None, float | None]


def severity(instrument: str, episode: Episode | None, history: History) -> Interval:
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
        or facts.scale(instrument, "severity")
    )


def _last_said(scores: list[tuple[int | None, float]]) -> Interval | None:
    """The score of the last day (no day: first of all); several on that day: from the smallest to the largest."""
    if not scores:
        return None
    last = max(-1 if day is None else day for day, _ in scores)
    said = [score for day, score in scores if (-1 if day is None else day) == last]
    return min(said), max(said)
