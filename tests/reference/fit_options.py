"""docs/fit-options.md, sections 1, 2 and 4 to 7: what is listed, how it stands, and in which order."""

from __future__ import annotations

from functools import cache
from typing import Any

from reference import facts
from reference.episodes import Episode, episode_of, piece_of
from reference.fit_findings import antidepressant_trials
from reference.fit_safety import CERTAIN, POSSIBLE, Safety, age, meant, members, parts, rules_of, units
from reference.fit_tried import answer, failed, is_trial_of, parameter, responded, roles
from reference.history import History
from reference.judgements import _in_last
from reference.severity import severity
from reference.trials import Trial
from reference.truth import Truth, and3, or3, reaches

Row = dict[str, Any]
Option = tuple[str, str]
BLOCKED, UNKNOWN, TRIED, CAUTION = 4, 3, 2, 1
WORDS = {BLOCKED: "blocked", UNKNOWN: "not known", TRIED: "already tried", CAUTION: "caution"}


class Options:
    """The options of one adult."""

    def __init__(
        self, history: History, trials: list[Trial], episodes: list[Episode], safety: Safety,
        findings: list[Row], domains: list[Row], said: list[Row], labs: list[Row],
    ):  # fmt: skip
        self.history, self.trials, self.episodes, self.safety = history, trials, episodes, safety
        self.domains, self.said = domains, said
        self.labs = [row for row in labs if row["last"]]
        low, _ = age(history)
        self.admitted = low is not None and low >= parameter("adult_age")
        self.truths = {row["finding"]: row["present"] for row in findings}
        self.states = self._states() if self.admitted else {}
        self.tried = self._tried()

    # --- what was tried ------------------------------------------------------------------------------------

    def _tried(self) -> dict[Option, list[Trial]]:
        """Rule 17: the trials of each treatment in each role."""
        found: dict[Option, list[Trial]] = {}
        names = [row["treatment"] for row in facts.rows("treatment")]
        for trial in self.trials:
            for name in names:
                for role in sorted(roles(name)):
                    if is_trial_of(trial, name, role):
                        found.setdefault((name, role), []).append(trial)
        return found

    def _may_run(self, trial: Trial) -> bool:
        return max(trial.possible_days) >= self.history.as_of

    # --- section 2 -----------------------------------------------------------------------------------------

    def listed(self) -> list[Option]:
        """Rules 3 to 5."""
        found = []
        for row in facts.rows("treatment_role"):
            option = (row["treatment"], row["role"])
            if row["role"] in ("switch", "add", "combine", "course"):
                found.append(option)
            elif row["role"] == "optimise":
                if any(self._may_run(trial) for trial in self.tried.get(option, [])):
                    found.append(option)
            elif self._to_stop(row["treatment"], option):
                found.append(option)
        return found

    def _to_stop(self, treatment: str, option: Option) -> bool:
        if any(self._may_run(trial) for trial in self.tried.get(option, [])) or self._ended_lately(treatment):
            return True
        weak = any(
            row["target"] == treatment and row["relation"] == "weak" for row in facts.rows("domain_match")
        )
        return weak and any(
            ("agent", event.row["agent"]) in members(treatment)
            and event.possible is not None
            and event.possible[1] >= self.history.as_of
            for event in self.history.exposures
        )

    def _ended_lately(self, treatment: str) -> bool:
        """Whether it is an antidepressant that ended so lately that what followed may be withdrawal."""
        mine = [
            trial
            for trial in antidepressant_trials(self.trials)
            if parts(treatment) == 1 and ("agent", trial.agent) in members(treatment)
        ]
        ends = [max(trial.possible_days) for trial in mine]
        now = self.history.as_of
        return bool(ends) and 0 < now - max(ends) <= parameter("withdrawal_days")

    # --- section 5 -----------------------------------------------------------------------------------------

    def _states(self) -> dict[str, Truth]:
        """Rule 24: the circumstances that guideline lines ask for."""
        drugs = antidepressant_trials(self.trials)
        kept = self.history.complete("exposure")
        counts = {"failures": (failed, drugs), "used": (lambda _: True, drugs)}
        last = max(
            drugs,
            key=lambda trial: (max(trial.possible_days), min(trial.possible_days), trial.agent),
            default=None,
        )
        suicidal = or3([self.truths["suicidality"], self.truths["suicidal_behaviour"]])
        found: dict[str, Truth] = {}
        for row in facts.rows("circumstance"):
            name, kind = row["state"], row["kind"]
            if kind in counts:
                judge, trials = counts[kind]
                sure, may = set(), set()
                for trial in trials:
                    truth, inside = judge(trial), self._in_last_episode(trial)
                    if truth and inside:
                        sure.add(trial.agent)
                    if truth is not False and inside is not False:
                        may.add(trial.agent)
                found[name] = reaches(len(sure), len(may) if kept else None, row["number"])
            elif name in ("taken", "taking_antidepressant"):
                found[name] = self._taken(drugs)
            elif kind == "answer":
                found[name] = None if last is None else answer(name, last)
            elif kind == "severity":
                found[name] = self._severity(name)
            elif kind == "suicidality":
                found[name] = suicidal
            elif kind == "procedure":
                found[name] = self._procedure()
            elif kind == "condition":
                found[name] = self._condition(name)
        found["ect_indicated"] = self._ect_indicated(found, suicidal)
        return found

    def _in_last_episode(self, trial: Trial) -> Truth:
        episode, certainly = episode_of(trial, self.episodes)
        piece = None if episode is None else piece_of(trial, episode)
        return and3([certainly, _in_last(episode, piece, self.episodes, self.history.as_of, False)])

    def _taken(self, drugs: list[Trial]) -> Truth:
        if any(self._may_run(trial) for trial in drugs):
            return True
        return False if self.history.complete("exposure") else None

    def _severity(self, name: str) -> Truth:
        low, high = severity("maudsley", self.episodes[-1] if self.episodes else None, self.history)
        score = {row["condition_set"]: row["score"] for row in facts.rows("severity_level")}
        mild, moderate, severe = (score[f"severity_{word}"] for word in ("mild", "moderate", "severe"))
        if low is None or high is None:
            return None
        is_severe = True if low >= severe else False if high < severe else None
        if name == "severe":
            return is_severe
        if name == "life_threatening":
            return False if is_severe is False else None
        limit = mild if name == "mild" else moderate
        return True if high <= limit else False if low > limit else None

    def _procedure(self) -> Truth:
        ect = facts.members("procedure_set", "ect")
        if any(event.row["procedure"] in ect for event in self.history.procedures):
            return True
        return False if self.history.complete("procedure") else None

    def _condition(self, name: str) -> Truth:
        wanted = {row["member"] for row in facts.rows("safety_set") if row["safety_set"] == name}
        if any(event.row["condition"] in wanted for event in self.history.conditions):
            return True
        return False if self.history.complete("condition") else None

    def _ect_indicated(self, found: dict[str, Truth], suicidal: Truth) -> Truth:
        ect = facts.members("procedure_set", "ect")
        helped = any(
            responded(trial) for trial in self.trials if trial.kind == "procedure" and trial.agent in ect
        )
        reasons = [found["psychotic"], found["catatonic"], suicidal, found["two_failures"]]
        return True if helped or True in reasons else None

    def recommendations(self) -> list[Row]:
        """Rule 23."""
        found = []
        options = self.listed() if self.admitted else []
        for line in facts.rows("guideline_line"):
            for treatment, role in options:
                if role == line["role"] and meant(line["target"], treatment, True):
                    applies = self.states[line["asks"]] if line["asks"] else True
                    found.append(
                        {
                            "treatment": treatment, "role": line["role"], "guideline": line["guideline"],
                            "line": line["line"], "condition": line["condition"], "applies": applies,
                            "place": int(line["place"]), "status": line["knowledge_status"],
                        }
                    )  # fmt: skip
        return found

    # --- sections 3, 4, 6 and 7 ----------------------------------------------------------------------------

    def options(self) -> list[Row]:
        """The list, ranked."""
        if not self.admitted:
            return []
        lines: dict[Option, list[Row]] = {}
        for line in self.recommendations():
            lines.setdefault((line["treatment"], line["role"]), []).append(line)
        found = [self._option(option, lines.get(option, [])) for option in self.listed()]
        for row in found:
            row["rank_best"] = 1 + sum(other["_order"] < row["_order"] for other in found)
            row["rank_worst"] = sum(other["_order"] <= row["_order"] for other in found)
        return found

    def _named(self, treatment: str) -> frozenset[str]:
        """The words of the safety rules that act, or may act, for a drug of the treatment."""
        return frozenset(
            rule["says"]
            for part in units(treatment).values()
            for unit in part
            for rule in rules_of(unit)
            if self.safety._ruling(rule["rule"], unit)[0] in (CERTAIN, POSSIBLE)
        )

    def _option(self, option: Option, lines: list[Row]) -> Row:
        treatment, role = option
        safety, unchecked = [0], None
        if role != "stop":
            ruled, open_rules = self.safety.standing(treatment)
            safety.append(ruled)
            unchecked = "; ".join(open_rules) or None
            agents = {name for kind, name in members(treatment) if kind == "agent"}
            if any(line["agent"] in agents and _advised_against(line) for line in self.said):
                safety.append(CAUTION)
        weights = [CAUTION if role == "stop" and self._ended_lately(treatment) else 0]
        for trial in self.tried.get(option, []):
            if trial.outcome["stop_reason"] == "intolerance":
                safety.append(CAUTION)
            if role not in ("optimise", "stop") and failed(trial):
                weights.append(TRIED)
            if role == "optimise" and self._may_run(trial):
                weights += self._raised(treatment, trial)
        counting = [line["place"] for line in lines if _counts(line)]
        place = min(counting, default=None)
        weight = max(*safety, *weights)
        investigational = facts.one("treatment", treatment=treatment)["status"] == "investigational"
        standing = WORDS.get(weight)
        if standing is None:
            standing = "no recorded obstacle"
            if investigational:
                standing = "investigational"
            elif place is None and role != "stop":
                standing = "outside guideline lines"
        fit = self._fit(treatment, role)
        first = (
            bool(self.states["suicidal"])
            and role != "stop"
            and any(
                row["domain"] == "suicidal"
                and row["relation"] == "match"
                and _speaks_of(row, treatment, role)
                for row in facts.rows("domain_match")
            )
        )
        order_place = 9 if place is None else max(place, 4) if investigational else place
        fits = {"match": 0, "mismatch": 2, "weak strategy": 3}.get(fit or "", 1)
        return {
            "treatment": treatment, "role": role, "standing": standing,
            "safety": WORDS.get(max(safety), "no recorded obstacle"), "unchecked": unchecked, "place": place,
            "fit": fit, "suicide_path": first, "named": self._named(treatment) if role != "stop" else frozenset(),
            "_order": (weight, not first, order_place, -self._stance(role, lines), fits),
        }  # fmt: skip

    def _raised(self, treatment: str, trial: Trial) -> list[int]:
        """Rule 22."""
        (row,) = [
            r for r in facts.rows("treatment_role") if (r["treatment"], r["role"]) == (treatment, "optimise")
        ]
        high = trial.days()[1]
        early = CAUTION if high is not None and high < parameter("too_early_days") else 0
        if trial.top_dose is None or row["max_dose_mg"] is None:
            return [UNKNOWN, early]
        return [TRIED if trial.top_dose >= row["max_dose_mg"] else 0, early]

    def _stance(self, role: str, lines: list[Row]) -> int:
        """Rule 26."""
        if not any(line["place"] in (1, 2, 3) for line in lines):
            return 0
        score = {"for": 1, "against": -1}
        found = [
            score[row["stance"]]
            for row in facts.rows("switch_logic")
            if row["role"] == role
            and self.states[row["state"]]
            and not (row["unless_state"] and self.states[row["unless_state"]])
        ]
        return max(-1, min(1, sum(found)))

    def _fit(self, treatment: str, role: str) -> str | None:
        """Rule 27."""
        leading = {row["domain"] for row in self.domains if row["present"] and row["rank_best"] == 1}
        mine = [row for row in facts.rows("domain_match") if _speaks_of(row, treatment, role)]
        said = {
            row["relation"]
            for row in mine
            if (self._value_fits(row) if row["measure_set"] else row["domain"] in leading)
        }
        weak = {row["domain"] for row in mine if row["relation"] == "weak"}
        ever = any(row["relation"] == "match" for row in mine)
        if weak and (not ever or treatment == "prolonged benzodiazepine"):
            return "weak strategy"
        if {"match", "mismatch"} <= said:
            return "match and mismatch"
        for relation in ("match", "mismatch", "experimental"):
            if relation in said:
                return relation
        return None

    def _value_fits(self, row: Row) -> bool:
        wanted = {r["member"] for r in facts.rows("safety_set") if r["safety_set"] == row["measure_set"]}
        values = [lab for lab in self.labs if lab["measure"] in wanted]
        return bool(values) and all(
            (row["above"] is None or lab["low"] > row["above"])
            and (row["up_to"] is None or (lab["high"] is not None and lab["high"] <= row["up_to"]))
            for lab in values
        )


@cache
def treatments() -> tuple[str, ...]:
    """The names of all treatments."""
    return tuple(row["treatment"] for row in facts.rows("treatment"))


def _speaks_of(row: Row, treatment: str, role: str) -> bool:
    asked = row["role"] == "stop" if role == "stop" else row["role"] in (None, "", role)
    return asked and meant(row["target"], treatment, True)


def _advised_against(line: Row) -> bool:
    return bool(line["avoid"]) or bool(line["actionable"] and line["consider_alternative"])


def _counts(line: Row) -> bool:
    """Rule 25: a line that applies for certain, does not advise against, and was read."""
    return bool(line["applies"]) and line["place"] != 9 and line["status"] != "recalled"
