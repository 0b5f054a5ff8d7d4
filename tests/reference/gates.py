"""Section 10 of the rules: what else has to be true of the person, each true, false or not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from reference import facts
from reference.days import ordinal
from reference.history import History
from reference.reading import Reading
from reference.severity import severity
from reference.truth import Truth, reaches

if TYPE_CHECKING:
    from reference.verdicts import Count

Row = dict[str, Any]


@dataclass(frozen=True)
class Gate:
    """One gate, what it acts on (``eligible`` or ``met``), its name in words and its truth."""

    acts_on: str
    says: str
    truth: Truth


def gates(definition: Row, reading: Reading, found: Count) -> list[Gate]:
    """The gates of a definition."""
    return [
        Gate(row["acts_on"], row["says"], _truth(row, definition, reading, found))
        for row in facts.rows("definition_gate")
        if row["definition"] == definition["definition"]
    ]


def _truth(row: Row, definition: Row, reading: Reading, found: Count) -> Truth:
    gate, subject, value = row["gate"], row["subject"], row["value"]
    history = reading.history
    if gate == "no_procedure":
        return not _procedure(history, subject)
    if gate == "has_procedure":
        return True if _procedure(history, subject) else False if history.complete("procedure") else None
    if value is None:
        return None
    if gate in ("min_age", "max_age"):
        return _age(history, found, value, least=gate == "min_age")
    if gate == "severity_at_least":
        low, high = severity("maudsley", reading.last_episode, history)
        return _at_least((low or 0, high or 0), value)
    if gate == "rating_at_least":
        return _rating_at_least(history, found, subject, value)
    if gate == "rating_drop_below":
        return _rating_drop_below(history, found, subject, value)
    if gate == "measured_failure":
        return _measured(history, found, value)
    if gate == "no_effective":
        return _no_effective(reading, subject or definition["agent_set"], value)
    if gate == "recurrent":
        return True if len(reading.episodes) >= value else None
    raise ValueError(f"no such gate: {gate}")


def _procedure(history: History, procedure_set: str) -> bool:
    wanted = facts.members("procedure_set", procedure_set)
    return any(event.row["procedure"] in wanted for event in history.procedures)


def _age(history: History, found: Count, value: float, least: bool) -> Truth:
    """Completed years when the first drug began, as young and as old as the person may have been."""
    person = history.person
    if history.undated or person is None or person["birth_earliest"] is None:
        return None
    first, last = found.index or (history.as_of, history.as_of)
    youngest = completed_years(person["birth_latest"], date.fromordinal(first))
    oldest = completed_years(person["birth_earliest"], date.fromordinal(last))
    if least:
        return _at_least((youngest, oldest), value)
    if oldest <= value:
        return True
    return False if youngest > value else None


def completed_years(birth: date, day: date) -> int:
    """Years of age."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _at_least(bounds: tuple[float, float], value: float) -> Truth:
    """Whether what lies between the bounds is at least ``value``."""
    low, high = bounds
    if low >= value:
        return True
    return False if high < value else None


def _ratings(history: History, measure: str) -> list[tuple[int, float]]:
    """The dated values of a measure."""
    return [
        (day, float(row["value"]))
        for row in history.measurements
        if row["measure"] == measure
        and row["value"] is not None
        and row["sign"] in (None, "=")
        and (day := ordinal(row["date_latest"])) is not None
    ]


def _of_day(ratings: list[tuple[int, float]], day: int) -> tuple[float, float]:
    """The smallest and the largest value of a day."""
    values = [value for rated_on, value in ratings if rated_on == day]
    return min(values), max(values)


def _last_rating(history: History, found: Count, measure: str) -> tuple[int, tuple[float, float]] | None:
    """The last day with a rating of the state after what was counted, and its values."""
    if found.rated_from is None:
        return None
    ratings = [rating for rating in _ratings(history, measure) if rating[0] >= found.rated_from]
    if not ratings:
        return None
    last = max(day for day, _ in ratings)
    return last, _of_day(ratings, last)


def _rating_at_least(history: History, found: Count, measure: str, value: float) -> Truth:
    last = _last_rating(history, found, measure)
    return None if last is None else _at_least(last[1], value)


def _rating_drop_below(history: History, found: Count, measure: str, value: float) -> Truth:
    """Whether it fell by less than ``value`` percent from the baseline."""
    last = _last_rating(history, found, measure)
    if last is None:
        return None
    if found.index_date is None:
        return None
    others = [rating for rating in _ratings(history, measure) if rating[0] != last[0]]
    before = [day for day, _ in others if day <= found.index_date]
    day = max(before, default=None)
    if day is None:
        day = min((rated_on for rated_on, _ in others), default=None)
    if day is None:
        return None
    baseline = _of_day(others, day)
    if baseline[0] <= 0:
        return None
    drops = (
        (baseline[0] - last[1][1]) / baseline[0] * 100,
        (baseline[1] - last[1][0]) / baseline[1] * 100,
    )
    if drops[1] < value:
        return True
    return False if drops[0] >= value else None


def _measured(history: History, found: Count, value: float) -> Truth:
    """Whether enough of the failures of one episode were measured, not recalled."""
    low, high = found.measured
    return reaches(low, high if history.complete("exposure") else None, value)


def _no_effective(reading: Reading, agent_set: str, value: float) -> Truth:
    """Whether no drug of the set ever helped."""
    drugs = facts.members("agent_set", agent_set)
    known = reading.history.complete("exposure")
    for trial in reading.trials:
        if trial.kind != "drug" or trial.agent not in drugs:
            continue
        improvement, stop = trial.outcome["improvement_pct"], trial.outcome["stop_reason"]
        if stop == "remission" or (improvement is not None and improvement >= value):
            return False
        if improvement is None and not (stop == "inefficacy" and value >= 50):
            known = False
    return True if known else None
