"""docs/fit-options.md, section 3: what safety rules make of a treatment for one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from reference import facts
from reference.days import ordinal
from reference.gates import completed_years
from reference.history import History

Row = dict[str, Any]
# How much is known of a part, an alternative, a rule.
CERTAIN, POSSIBLE, DENIED, OPEN = "certain", "possible", "denied", "open"
ORDER = (CERTAIN, POSSIBLE, DENIED, OPEN)


BLOCKED, UNKNOWN, CAUTION = 4, 3, 1
# Rule 8: suicidality that a rating shows counts like a diagnosis.
SUICIDAL: Row = {"condition": "suicidal ideation", "present": True}


@dataclass(frozen=True)
class Unit:
    """What rules speak of by itself (rule 7): a treatment with at most one drug, or one drug of any other."""

    name: str
    held: frozenset[tuple[str, str]]

    @property
    def agents(self) -> frozenset[str]:
        """Its drugs."""
        return frozenset(name for kind, name in self.held if kind == "agent")


@cache
def members(treatment: str) -> frozenset[tuple[str, str]]:
    """The drugs and procedures of a treatment, each with its kind."""
    return frozenset(
        (row["kind"], row["member"]) for row in facts.rows("treatment_part") if row["treatment"] == treatment
    )


@cache
def parts(treatment: str) -> int:
    """How many parts a treatment has."""
    return len({row["part"] for row in facts.rows("treatment_part") if row["treatment"] == treatment})


@cache
def in_set(name: str, kind: str) -> frozenset[str]:
    """The members of a safety set."""
    return frozenset(
        row["member"] for row in facts.rows("safety_set") if (row["safety_set"], row["kind"]) == (name, kind)
    )


@cache
def meant(target: str, treatment: str, whole: bool) -> bool:
    """Rule 7: whether a target names a treatment; ``whole``: a combination only by its own name."""
    mine = members(treatment)
    if target == treatment:
        return True
    if target == "any agent":
        return any(kind == "agent" for kind, _ in mine)
    if whole and parts(treatment) > 1:
        return False
    return any(member in in_set(target, kind) for kind, member in mine)


@cache
def units(treatment: str) -> dict[int, list[Unit]]:
    """Rule 7: the units of a treatment, part by part; part 0 is the treatment itself where its drugs are units."""
    held = members(treatment)
    if sum(kind == "agent" for kind, _ in held) <= 1:
        return {1: [Unit(treatment, held)]}
    found = {0: [Unit(treatment, frozenset())]}
    for row in facts.rows("treatment_part"):
        if row["treatment"] == treatment:
            drug = Unit(row["member"], frozenset({(row["kind"], row["member"])}))
            found.setdefault(row["part"], []).append(drug)
    return found


@cache
def rules_of(unit: Unit) -> tuple[Row, ...]:
    """Rule 7: the safety rules that speak of a unit; not those that only name the drug itself as interacting."""
    return tuple(
        rule
        for rule in facts.rows("safety_rule")
        if (
            rule["target"] == unit.name
            or (rule["target"] == "any agent" and unit.agents)
            or any(member in in_set(rule["target"], kind) for kind, member in unit.held)
        )
        and any(
            part["kind"] != "exposure" or in_set(part["subject"], "agent") - unit.agents
            for parts in alternatives(rule["rule"]).values()
            for part in parts
        )
    )


@cache
def alternatives(rule: str) -> dict[int, list[Row]]:
    """The alternatives of a rule, each a list of parts."""
    found: dict[int, list[Row]] = {}
    for part in facts.rows("safety_rule_part"):
        if part["rule"] == rule:
            found.setdefault(part["alternative"], []).append(part)
    return found


class Safety:
    """The safety rules over one person's record."""

    def __init__(
        self,
        history: History,
        conditions: list[Row],
        labs: list[Row],
        genotypes: list[Row],
        reported: list[Row],
    ):
        self.history = history
        self.conditions = conditions
        self.labs = [row for row in labs if row["last"]]
        self.genotypes = genotypes
        self.reported = reported
        self.known: dict[tuple[Any, ...], Any] = {}

    def standing(self, treatment: str) -> tuple[int, list[str]]:
        """What the safety rules make of a treatment, and the names of those that are unchecked."""
        weight, states = 0, dict[str, list[str]]()
        for part in units(treatment).values():
            shut: dict[str, str] = {}
            blocked: set[str] = set()
            for unit in part:
                for rule in rules_of(unit):
                    state, reasons = self._ruling(rule["rule"], unit)
                    states.setdefault(rule["rule"], []).append(state)
                    if state not in (CERTAIN, POSSIBLE):
                        continue
                    if rule["effect"] == "caution":
                        weight = max(weight, CAUTION)
                    if rule["effect"] == "block":
                        blocked.add(unit.name)
                        taken = [other.name for other in part if other.name in reasons]
                        for name in (unit.name, *taken):
                            shut[name] = _best([state, shut.get(name, OPEN)])
            filled = bool(set(shut) - blocked)
            if shut and not filled:
                weight = max(weight, CAUTION)
            if len(shut) == len(part):
                weight = max(weight, BLOCKED if set(shut.values()) == {CERTAIN} else UNKNOWN)
        unchecked = []
        for rule, found in states.items():
            said = CERTAIN in found or POSSIBLE in found
            if not said and set(found) != {DENIED}:
                parts_of = [part for parts in alternatives(rule).values() for part in parts]
                computable = all(part["kind"] != "not computable" for part in parts_of)
                unchecked.append(rule + ("" if computable else " (not computable)"))
        return weight, sorted(unchecked)

    def _ruling(self, rule: str, unit: Unit) -> tuple[str, frozenset[str]]:
        """Rule 9, and the drugs on which it rests."""
        key = ("rule", rule, unit.name)
        if key not in self.known:
            states, reasons = [], set[str]()
            for alternative in alternatives(rule).values():
                found = [self.part(part, unit) for part in alternative]
                state = CERTAIN if set(found) == {CERTAIN} else POSSIBLE
                if DENIED in found or OPEN in found:
                    state = DENIED if DENIED in found else OPEN
                else:
                    for part in alternative:
                        if part["kind"] == "exposure":
                            reasons |= self._taken(part, unit)
                states.append(state)
            best = next((one for one in (CERTAIN, POSSIBLE) if one in states), None)
            if best is None:
                best = DENIED if set(states) == {DENIED} else OPEN
            self.known[key] = best, frozenset(reasons)
        return self.known[key]

    def _taken(self, part: Row, unit: Unit) -> set[str]:
        """The drugs that make an exposure part certain or possible."""
        return {
            event.row["agent"]
            for event in self.history.exposures
            if event.row["agent"] in in_set(part["subject"], "agent") - unit.agents
            and self._in_time(self._until(event.row), part["within_days"] or 0) != OPEN
        }

    def part(self, part: Row, unit: Unit) -> str:
        """Rule 8."""
        matters = unit.agents if part["kind"] in ("exposure", "allergy") else frozenset()
        key = (part["kind"], part["subject"], part["min_value"], part["max_value"], part["strictly"],
               part["within_days"], matters)  # fmt: skip
        if key not in self.known:
            self.known[key] = self._part(part, unit.agents)
        return self.known[key]

    def _part(self, part: Row, own: frozenset[str]) -> str:
        kind, subject, within = part["kind"], part["subject"], part["within_days"]
        if kind == "always":
            return CERTAIN
        if kind == "not computable":
            return OPEN
        if kind == "exposure":
            rows = [
                event.row
                for event in self.history.exposures
                if event.row["agent"] in in_set(subject, "agent") - own
            ]
            return _best([self._in_time(self._until(row), within or 0) for row in rows])
        if kind == "procedure":
            events = [
                e.row for e in self.history.procedures if e.row["procedure"] in in_set(subject, "procedure")
            ]
            return _best([self._in_time(_last_days(row), within or 0) for row in events])
        if kind == "condition":
            return self._condition(in_set(subject, "condition"), within)
        if kind == "allergy":
            return self._condition(frozenset(f"allergy: {agent}" for agent in own), within)
        if kind == "measure":
            rows = [row for row in self.labs if row["measure"] in in_set(subject, "measure")]
            rows = [row for row in rows if row["usable"]]
            newest = max((row["date_low"] for row in rows if row["date_low"] is not None), default=None)
            return _best([self._value(part, row, newest) for row in rows])
        if kind == "age":
            return self._age(part)
        if kind == "sex":
            sex = (self.history.person or {}).get("sex")
            return OPEN if not sex else CERTAIN if sex == subject else DENIED
        return _best([self._phenotype(member) for member in in_set(subject, "phenotype")])

    def _value(self, part: Row, row: Row, newest: int | None) -> str:
        """A value of the latest ones of a set; an old one clears nothing."""
        if newest is not None and row["date_high"] is not None and row["date_high"] < newest:
            return OPEN
        state = _inside(part, row["low"], row["high"])
        recent = row["date_low"] is not None and self.history.as_of - row["date_low"] <= _days("value_days")
        return OPEN if state == DENIED and not recent else state

    def _until(self, row: Row) -> tuple[int | None, int | None]:
        """The last day of an exposure, at the earliest and at the latest."""
        now = self.history.as_of
        if row["end_latest"] is not None:
            return _last_days(row)
        if row["ongoing"] is False:
            return None, now
        start = ordinal(row["start_earliest"])
        if row["ongoing"] or row["days_taken"] is None or start is None:
            return now, now
        return start + row["days_taken"] - 1, now

    def _in_time(self, until: tuple[int | None, int | None], within: int) -> str:
        now = self.history.as_of
        low, high = (None if day is None else min(day, now) for day in until)
        if low is not None and now - low <= within:
            return CERTAIN
        return POSSIBLE if high is None or now - high <= within else OPEN

    def _condition(self, wanted: frozenset[str], within: int | None) -> str:
        mine = [row for row in self.conditions if row["condition"] in wanted]
        present = [row for row in mine if row["present"] is not False]
        if within is None and present:
            return CERTAIN
        found = [self._in_time(self._condition_until(row), within or 0) for row in present]
        if _best(found) != OPEN:
            return _best(found)
        days = _days("ruled_out_days") if within is None else min(within, _days("ruled_out_days"))
        out = set()
        for row in mine:
            day = None if row["present"] is not False else self._condition_until(row)[0]
            if day is not None and self.history.as_of - min(day, self.history.as_of) <= days:
                out.add(row["condition"])
        return DENIED if wanted and out == wanted else OPEN

    def _condition_until(self, row: Row) -> tuple[int | None, int | None]:
        if row["course"] == "open" or (row["course"] == "span" and row["end_latest"] is None):
            return ordinal(row["start_earliest"]), self.history.as_of
        stem = "start" if row["course"] == "point" else "end"
        return ordinal(row[f"{stem}_earliest"]), ordinal(row[f"{stem}_latest"])

    def _age(self, part: Row) -> str:
        low, high = age(self.history)
        return OPEN if low is None else _inside(part, low, high)

    def _phenotype(self, member: str) -> str:
        gene, _, level = member.partition(" ")
        said = [row["phenotype"] for row in [*self.genotypes, *self.reported] if row["gene"] == gene]
        known = [phenotype.lower() for phenotype in said if phenotype]
        if any(level in phenotype for phenotype in known):
            return CERTAIN
        return DENIED if known else OPEN


def _days(name: str) -> int:
    return int(facts.one("parameter", parameter=name)["value"])


def age(history: History) -> tuple[int | None, int | None]:
    """Completed years at ``as_of``, at least and at most."""
    person = history.person
    if history.undated or person is None or person["birth_earliest"] is None:
        return None, None
    today = date.fromordinal(history.as_of)
    return completed_years(person["birth_latest"], today), completed_years(person["birth_earliest"], today)


def _last_days(row: Row) -> tuple[int | None, int | None]:
    stem = "start" if row["end_latest"] is None else "end"
    return ordinal(row[f"{stem}_earliest"]), ordinal(row[f"{stem}_latest"])


def _inside(part: Row, low: float, high: float | None) -> str:
    """Whether an interval satisfies the bounds of a part."""
    least, most, strictly = part["min_value"], part["max_value"], part["strictly"]

    def fits(value: float) -> bool:
        over = least is None or value > least or (value == least and not strictly)
        under = most is None or value < most or (value == most and not strictly)
        return over and under

    top = float("inf") if high is None else high
    if fits(low) and fits(top):
        return CERTAIN
    above = most is not None and (low > most or (strictly and low == most))
    below = least is not None and (top < least or (strictly and top == least))
    return DENIED if above or below else POSSIBLE


def _best(states: list[str]) -> str:
    """Several facts of one part: the most certain counts."""
    return min(states, key=ORDER.index, default=OPEN)
