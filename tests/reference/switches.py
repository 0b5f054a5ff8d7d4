"""Sections 7 and 10 of the rules: definitions that count switches between issued drugs. Only issue dates matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from reference import facts
from reference.days import ordinal
from reference.eligibility import eligibility
from reference.history import History
from reference.reading import Reading
from reference.truth import Truth, reaches
from reference.verdicts import Count, conclude
from reference.windows import first_begun

Row = dict[str, Any]
Issue = tuple[int, str]  # day, drug


@dataclass(frozen=True)
class Switch:
    """What follows a drug episode: the next issue, and whether both limits are kept."""

    drug: str
    last_day: int
    next_drug: str
    next_day: int
    length_ok: bool
    gap_ok: bool

    def qualifies(self, without: str = "") -> bool:
        """Whether it is a qualifying switch; ``without``: the limit that is not asked (``length`` or ``gap``)."""
        limits = (self.length_ok or without == "length") and (self.gap_ok or without == "gap")
        return limits and self.next_drug != self.drug


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
        # A start that is reckoned from the days taken is no issue date.
        start = ordinal(event.row["start_earliest"])
        if start is None or start != ordinal(event.row["start_latest"]):
            unknown.add(drug)
        elif start not in placeholders:
            known.add((start, drug))
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
    """What follows each drug episode, as the published script has it."""
    found = []
    for drug, days in drug_episodes(all_issues, rule["new_episode_after_days"]):
        later = all_issues[all_issues.index((days[-1], drug)) + 1 :]
        if later:
            next_day, next_drug = later[0]
            gap = next_day - days[-1]
            near = gap <= rule["max_switch_gap_days"]
            length = gap if len(days) == 1 and near else days[-1] - days[0]
            found.append(
                Switch(
                    drug,
                    days[-1],
                    next_drug,
                    next_day,
                    length >= rule["min_length_days"],
                    near and gap >= rule["min_switch_gap_days"],
                )
            )
    return sorted(found, key=lambda switch: (switch.next_day, switch.drug))


def switches_of_text(all_issues: list[Issue], rule: Row) -> list[Switch]:
    """What follows each drug episode as the paper describes it: the next drug episode, in the order of start."""
    episodes = sorted(
        drug_episodes(all_issues, rule["new_episode_after_days"]), key=lambda found: (found[1][0], found[0])
    )
    found = []
    for (drug, days), (next_drug, next_days) in pairwise(episodes):
        gap = next_days[0] - days[-1]
        lasted = days[-1] - days[0] >= rule["min_length_days"]
        found.append(
            Switch(
                drug,
                days[-1],
                next_drug,
                next_days[0],
                lasted,
                rule["min_switch_gap_days"] <= gap <= rule["max_switch_gap_days"],
            )
        )
    return found


def switches_early(all_issues: list[Issue], rule: Row) -> list[Switch]:
    """The switches soon after a drug was begun; it counts the first of a drug with few issues, if from the set asked."""
    found = []
    for day, drug, next_drug, start in _changes(all_issues, rule):
        own = [issue for issue, name in all_issues if name == drug]
        few = [
            (rule["max_issues_before"], sum(issue < day for issue in own)),
            (rule["max_issues_after"], sum(issue > day for issue in own)),
            (rule["max_issues_total"], len(own)),
        ]
        fits = all(most == "none" or number <= float(most) for most, number in few)
        found.append(Switch(drug, start, next_drug, day, length_ok=True, gap_ok=fits))
    first = min(
        (s for s in found if s.gap_ok), key=lambda switch: (switch.next_day, switch.drug), default=None
    )
    drugs = facts.members("agent_set", rule["from_set"])
    asked = first is not None and (rule["from_set"] == "none" or first.drug in drugs)
    return [replace(switch, gap_ok=asked and switch is first) for switch in found]


def _changes(all_issues: list[Issue], rule: Row) -> list[tuple[int, str, str, int]]:
    """Of each drug the first day on which another run of issues begins so many days after the start of its own."""
    runs = [next(group) for _, group in groupby(all_issues, key=lambda issue: issue[1])]
    found: dict[str, tuple[int, str, str, int]] = {}
    for (start, drug), (day, next_drug) in pairwise(runs):
        if rule["min_switch_gap_days"] <= day - start <= rule["max_switch_gap_days"]:
            found.setdefault(drug, (day, drug, next_drug, start))
    return list(found.values())


READINGS = {"code": switches_of_code, "text": switches_of_text, "early": switches_early}


def verdict(definition: Row, reading: Reading) -> Row:
    """The verdict of one reading."""
    history = reading.history
    rule = facts.one("switch_rule", definition=definition["definition"])
    needed = int(definition["needed"])
    known, unknown = issues(history, definition["agent_set"])
    drugs = {drug for _, drug in known}
    switches = READINGS[rule["reading"]](known, rule)
    distinct = definition["distinct_level"] == "agent"
    count, day = _counted(switches, needed, distinct)
    complete = history.complete("exposure")
    enough_drugs = reaches(len(drugs), len(drugs | unknown) if complete else None, rule["min_agents"])
    # With too few drugs the count stays below what is needed.
    low = 0 if unknown else count if enough_drugs else min(count, needed - 1)
    high = None if not complete else count if not unknown else None
    if complete and enough_drugs is False:
        high = needed - 1 if unknown else min(count, needed - 1)
    found = Count(
        low,
        high,
        reaches(low, high, needed),
        closed=_deciding_clause([] if unknown else switches, definition, enough_drugs),
        open="date" if unknown else "exposure",
        index_date=first_start(history, definition["agent_set"]),
        index=first_begun(reading.trials, definition["agent_set"]),
    )
    if not unknown and enough_drugs and day is not None:
        found.met_on = found.possible_on = max(day, _first_day_of_drug(known, rule["min_agents"]))
    found.rated_from = found.possible_on
    return conclude(definition, reading, found, eligibility(definition, history))


def rows(definition: Row, history: History) -> list[Row]:
    """Every switch with its limits, as plain rows; none where an issue date is not known."""
    rule = facts.one("switch_rule", definition=definition["definition"])
    known, unknown = issues(history, definition["agent_set"])
    if unknown:
        return []
    return [
        {
            "agent": switch.drug,
            "last_issue": history.day(switch.last_day),
            "next_agent": switch.next_drug,
            "next_issue": history.day(switch.next_day),
            "length_ok": switch.length_ok,
            "gap_ok": switch.gap_ok and switch.next_drug != switch.drug,
            "counts": switch.qualifies(),
        }
        for switch in READINGS[rule["reading"]](known, rule)
    ]


def _deciding_clause(switches: list[Switch], definition: Row, enough_drugs: Truth) -> str:
    """The limit without which there would be enough switches, if one limit alone would do."""
    needed, distinct = int(definition["needed"]), definition["distinct_level"] == "agent"
    if not enough_drugs:
        return "drugs" if _counted(switches, needed, distinct)[0] >= needed else "number"
    for limit in ("length", "gap"):
        if _counted(switches, needed, distinct, without=limit)[0] >= needed:
            return limit
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


def _counted(
    switches: list[Switch], needed: int, distinct: bool, without: str = ""
) -> tuple[int, int | None]:
    """How many switches count (``distinct``: by the drug they start from) and the day that completes them."""
    seen: list[str] = []
    complete = None
    for switch in switches:
        if switch.qualifies(without) and not (distinct and switch.drug in seen):
            seen.append(switch.drug)
            if len(seen) == needed:
                complete = switch.next_day
    return len(seen), complete


def _first_day_of_drug(known: list[Issue], number: int) -> int:
    """The day on which the ``number``-th different drug was first issued."""
    first: dict[str, int] = {}
    for day, drug in known:
        first.setdefault(drug, day)
    return sorted(first.values())[number - 1]
