"""Section 7 of the rules: Fabbri 2021, as its text says and as its script does. Only issue dates matter."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from reference import facts
from reference.failures import eligibility
from reference.history import LIFETIME, History
from reference.truth import Truth, and3, reaches

Row = dict[str, Any]
Issue = tuple[int, str]  # day, drug
Switch = tuple[str, int]  # the drug it starts from, the day of the issue it leads to


def issues(history: History, agent_set: str) -> tuple[list[Issue], set[str]]:
    """Issues in the order of day and drug name, and the drugs with an issue on an unknown day."""
    drugs = facts.members("agent_set", agent_set)
    placeholders = {_day(row["placeholder_date"]) for row in facts.rows("placeholder_date")}
    known: set[Issue] = set()
    unknown: set[str] = set()
    for event in history.exposures:
        drug = event.row["agent"]
        if drug not in drugs:
            continue
        if event.start_earliest is None or event.start_earliest != event.start_latest or history.undated:
            unknown.add(drug)
        elif event.start_earliest not in placeholders:
            known.add((event.start_earliest, drug))
    return sorted(known), unknown


def _day(value: Any) -> int:
    day: date = value if isinstance(value, date) else date.fromisoformat(value)
    return day.toordinal()


def drug_episodes(all_issues: list[Issue], gap: int) -> list[tuple[str, list[int]]]:
    """The issues of one drug, split where the difference of two dates exceeds ``gap`` days."""
    found: list[tuple[str, list[int]]] = []
    for drug in sorted({name for _, name in all_issues}):
        previous: int | None = None
        for day in sorted(day for day, name in all_issues if name == drug):
            if previous is None or day - previous > gap:
                found.append((drug, []))
            found[-1][1].append(day)
            previous = day
    return found


def switches_of_code(all_issues: list[Issue], rule: Row) -> list[Switch]:
    """Qualifying switches of the published script."""
    found = []
    for drug, days in drug_episodes(all_issues, rule["new_episode_after_days"]):
        later = all_issues[all_issues.index((days[-1], drug)) + 1 :]
        if not later:
            continue
        next_day, next_drug = later[0]
        gap = next_day - days[-1]
        near = gap <= rule["max_switch_gap_days"]
        length = gap if len(days) == 1 and near else days[-1] - days[0]
        if next_drug != drug and gap > 0 and near and length >= rule["min_length_days"]:
            found.append((drug, next_day))
    return sorted(found, key=lambda switch: (switch[1], switch[0]))


def switches_of_text(all_issues: list[Issue], rule: Row) -> list[Switch]:
    """Switches as the paper describes them: from one drug episode to the next, in the order of start."""
    episodes = sorted(
        drug_episodes(all_issues, rule["new_episode_after_days"]), key=lambda found: (found[1][0], found[0])
    )
    found = []
    for (drug, days), (next_drug, next_days) in pairwise(episodes):
        gap = next_days[0] - days[-1]
        lasted = days[-1] - days[0] >= rule["min_length_days"]
        if next_drug != drug and 1 <= gap <= rule["max_switch_gap_days"] and lasted:
            found.append((drug, next_days[0]))
    return found


def verdict(definition: Row, history: History) -> Row:
    """The verdict of one of the two readings."""
    name = definition["definition"]
    rule = facts.one("switch_rule", definition=name)
    needed = int(definition["needed"])
    known, unknown = issues(history, definition["agent_set"])
    drugs = {drug for _, drug in known}
    by_code = rule["reading"] == "code"
    switches = (switches_of_code if by_code else switches_of_text)(known, rule)
    count, day = _counted(switches, needed, distinct=definition["distinct_level"] == "agent")
    low, high = count, None if unknown or not history.complete("exposure") else count
    enough_drugs = reaches(len(drugs), _most(drugs | unknown, history), rule["min_agents"])
    if unknown:
        low = 0
    reached: Truth = and3([reaches(low, high, needed), enough_drugs])
    eligible, barrier = eligibility(definition, history)
    met = and3([eligible, reached])
    met_on = None
    if met is True and day is not None:
        met_on = history.day(max(day, _first_day_of_drug(known, rule["min_agents"])))
    clause = None
    if eligible is False:
        clause = barrier
    elif met is False:
        clause = _deciding_clause(known, definition, rule)
    elif met is None:
        clause = "diagnosis" if reached is not None else "date" if unknown else "exposure"
    return {
        "definition": name,
        "eligible": eligible,
        "met": met,
        "failed_low": low,
        "failed_high": high,
        "met_on": met_on,
        "possible_on": met_on,
        "index_date": history.day(first_start(history, definition["agent_set"])),
        "clause": clause,
    }


def _deciding_clause(known: list[Issue], definition: Row, rule: Row) -> str:
    """The limit without which there would be enough switches, if one limit alone would do."""
    reading = switches_of_code if rule["reading"] == "code" else switches_of_text
    needed, distinct = int(definition["needed"]), definition["distinct_level"] == "agent"
    if len({drug for _, drug in known}) >= rule["min_agents"]:
        for clause, limit, open_value in (
            ("length", "min_length_days", 0),
            ("gap", "max_switch_gap_days", LIFETIME),
        ):
            if _counted(reading(known, rule | {limit: open_value}), needed, distinct)[0] >= needed:
                return clause
    return "number"


def first_start(history: History, agent_set: str) -> int | None:
    """The earliest stated start of an agent of the set."""
    drugs = facts.members("agent_set", agent_set)
    return min(
        (
            event.start_earliest
            for event in history.exposures
            if event.row["agent"] in drugs and event.start_earliest is not None
        ),
        default=None,
    )


def _counted(switches: list[Switch], needed: int, distinct: bool) -> tuple[int, int | None]:
    """How many switches count (``distinct``: by the drug they start from) and the day that completes them."""
    seen: list[str] = []
    complete = None
    for drug, day in switches:
        if not (distinct and drug in seen):
            seen.append(drug)
            if len(seen) == needed:
                complete = day
    return len(seen), complete


def _most(drugs: set[str], history: History) -> int | None:
    return len(drugs) if history.complete("exposure") else None


def _first_day_of_drug(known: list[Issue], number: int) -> int:
    """The day on which the ``number``-th different drug was first issued."""
    first: dict[str, int] = {}
    for day, drug in known:
        first.setdefault(drug, day)
    return sorted(first.values())[number - 1]
